"""The command ``flow-emulator``."""

from __future__ import annotations

import gc
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from emulator import __version__, verbs
from emulator.settings import LOG_LEVELS, PREFIX, BadSetting, Settings, from_environment

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="flow-service-emulator %(version)s")
def main() -> None:
    """A local stand-in for Adobe Experience Platform's Flow Service and its neighbours."""


main.add_command(verbs.clock)


def _variable(name: str) -> str:
    return f"[variable: {PREFIX}{name}]"


@main.command()
@click.option("--host", help=f"Address to listen on, 127.0.0.1 unless told. {_variable('HOST')}")
@click.option("--port", type=int, help=f"Port to listen on, 8237 unless told; 0 takes a free one. {_variable('PORT')}")
@click.option(
    "--database",
    help="SQLAlchemy URL: sqlite:///file.db (flow-emulator.db unless told), sqlite:// in memory, "
    f"postgresql+psycopg://… {_variable('DATABASE')}",
)
@click.option(
    "--seed",
    multiple=True,
    type=click.Path(path_type=Path),
    help=f"Seed file or folder; may be repeated. {_variable('SEED')}",
)
@click.option(
    "--sources",
    type=click.Path(path_type=Path),
    help=f"Folder with records that sources read. {_variable('SOURCES')}",
)
@click.option("--auth", help=f"presence, strict or off; presence unless told. {_variable('AUTH')}")
@click.option("--public-url", help=f"Address that links in answers begin with. {_variable('PUBLIC_URL')}")
@click.option("--clock", help=f"real, frozen, or an ISO instant to be frozen at. {_variable('CLOCK')}")
@click.option("--random-seed", type=int, help=f"Make the same ids in every run. {_variable('RANDOM_SEED')}")
@click.option("--workers", type=int, help=f"Number of processes, 1 unless told. {_variable('WORKERS')}")
@click.option(
    "--events",
    multiple=True,
    help="Address that is told of every run and batch, as signed webhooks; may be repeated. "
    f"{_variable('EVENTS')}, signed with {_variable('EVENTS_SECRET')}",
)
@click.option("--log-level", help=f"One of {', '.join(LOG_LEVELS)}; warning unless told. {_variable('LOG_LEVEL')}")
def serve(**flags: Any) -> None:
    """Start the emulator and serve until it is told to stop."""
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    settings = _settings(given)
    logging.basicConfig(level=settings.log_level.upper(), format=_FORMAT, stream=sys.stderr)
    # A start makes many objects and no garbage: looking for some would take a fifth of it.
    gc.disable()
    # Imported here: a bad flag is answered without loading a web server.
    from emulator import server
    from emulator.services.seeding import BadSeed
    from emulator.store.database import UnusableDatabase

    try:
        server.serve(settings, _ready)
    except (server.CannotListen, UnusableDatabase, BadSeed) as error:
        raise click.ClickException(str(error)) from None


def _ready(url: str) -> None:
    gc.freeze()
    gc.enable()
    print(f"listening on {url}", flush=True)


def _settings(flags: dict[str, Any]) -> Settings:
    try:
        return from_environment(os.environ, flags)
    except BadSetting as error:
        raise click.ClickException(str(error)) from None


@main.command()
def demo() -> None:
    """Walk the whole tutorial against a server in memory and print each call."""
    from emulator.demo import Failed, walk

    try:
        walk(click.echo)
    except Failed as error:
        raise click.ClickException(str(error)) from None


@main.command("map")
@click.option(
    "--mapping", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A mapping set."
)
@click.option("--input", "source", default="-", help="Records: JSON, lines of JSON or CSV; standard input unless told.")
@click.option(
    "--schema",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A resolved target schema; without one values are taken as they are.",
)
@click.option("--explain", is_flag=True, help="Say for every field what each step gave.")
def map_records(mapping: Path, source: str, schema: Path | None, explain: bool) -> None:
    """Send records through a mapping set, without a server. The status is 1 when any was rejected."""
    from emulator import mapping_tool

    mapper = mapping_tool.mapper_from(mapping, schema)
    rejected = mapping_tool.run(
        mapper, mapping_tool.records_from(source), explain, click.echo, lambda text: click.echo(text, err=True)
    )
    sys.exit(1 if rejected else 0)
