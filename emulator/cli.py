"""The command ``flow-emulator``."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator import __version__, bench_verbs, state_verbs, verbs
from emulator.setting_names import LOG_LEVELS, PREFIX

if TYPE_CHECKING:
    from emulator.settings import Settings

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def _print_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from emulator.revision import revision

    commit = revision()
    click.echo(f"flow-service-emulator {__version__}" + (f" ({commit})" if commit else ""))
    context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show it and end."
)
def main() -> None:
    """A local stand-in for Adobe Experience Platform's Flow Service and its neighbours."""


for verb in (verbs.clock, verbs.query, verbs.ready, bench_verbs.faults, bench_verbs.requests, *state_verbs.VERBS):
    main.add_command(verb)


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
    help=f"Seed file or folder, or one that ships: empty, tutorials, busy; may be repeated. {_variable('SEED')}",
)
@click.option(
    "--watch", is_flag=True, default=None, help=f"Go back to the seed when a file of it changes. {_variable('WATCH')}"
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
@click.option("--inlet-rate", type=int, help=f"Requests a second that an inlet takes. {_variable('INLET_RATE')}")
@click.option(
    "--sync-validation-rate",
    type=int,
    help=f"Validated messages a minute that an inlet takes. {_variable('SYNC_VALIDATION_RATE')}",
)
@click.option(
    "--inlet-delay", help=f"How long a new flow takes no messages yet, such as PT5M. {_variable('INLET_DELAY')}"
)
@click.option(
    "--journal",
    type=int,
    help=f"How many service calls are remembered, 1000 unless told; 0: none. {_variable('JOURNAL')}",
)
@click.option("--admin-token", help=f"What /__admin asks for, but for health and ready. {_variable('ADMIN_TOKEN')}")
@click.option(
    "--no-admin",
    is_flag=True,
    default=None,
    help=f"No /__admin at all, but for health and ready. {_variable('NO_ADMIN')}",
)
@click.option("--tls", help=f"off or auto, which makes a certificate; off unless told. {_variable('TLS')}")
@click.option(
    "--tls-cert", type=click.Path(path_type=Path), help=f"A certificate of your own, PEM. {_variable('TLS_CERT')}"
)
@click.option("--tls-key", type=click.Path(path_type=Path), help=f"The key of it, PEM. {_variable('TLS_KEY')}")
@click.option(
    "--tls-folder",
    type=click.Path(path_type=Path),
    help=f"Where made certificates are kept, .flow-emulator-tls unless told. {_variable('TLS_FOLDER')}",
)
@click.option(
    "--outgoing",
    multiple=True,
    help=f"Host of another machine that events may be sent to, * for all; may be repeated. {_variable('OUTGOING')}",
)
@click.option("--log-level", help=f"One of {', '.join(LOG_LEVELS)}; warning unless told. {_variable('LOG_LEVEL')}")
def serve(**flags: Any) -> None:
    """Start the emulator and serve until it is told to stop."""
    # A start makes many objects and no garbage: looking for some would take a fifth of it.
    gc.disable()
    settings = _settings(_given(flags))
    _warn(settings)
    logging.basicConfig(level=settings.log_level.upper(), format=_FORMAT, stream=sys.stderr)
    # Imported here: a bad flag is answered without loading a web server.
    from emulator import server
    from emulator.services.seeding import BadSeed
    from emulator.store.database import UnusableDatabase

    try:
        server.serve(settings, _ready)
    except (server.CannotListen, UnusableDatabase, BadSeed) as error:
        raise click.ClickException(str(error)) from None


def _warn(settings: Settings) -> None:
    from emulator import exposure

    exposed = exposure.warning(settings)
    if exposed is not None:
        click.echo(f"Warning: {exposed}", err=True)


def _started() -> None:
    gc.freeze()
    gc.enable()


def _ready(url: str) -> None:
    _started()
    print(f"listening on {url}", flush=True)


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value not in (None, ())}


def _settings(flags: dict[str, Any], unless_told: Mapping[str, Any] | None = None) -> Settings:
    """``unless_told`` stands in for the usual defaults: variables and flags win."""
    ours = {name: value for name, value in (unless_told or {}).items() if not os.environ.get(PREFIX + name.upper())}
    # Imported here, with the database's library: help, and verbs that only call a server, do without.
    from emulator.settings import BadSetting, from_environment

    try:
        return from_environment(os.environ, ours | flags)
    except BadSetting as error:
        raise click.ClickException(str(error)) from None


@main.command(
    "exec",
    params=[flag for flag in serve.params if flag.name != "workers"],
    # What follows the command's name belongs to the command, also without --.
    context_settings={"allow_interspersed_args": False},
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(command: tuple[str, ...], **flags: Any) -> None:
    """Run COMMAND beside a server of its own, and end with its status.

    The server takes a free port and a database in memory unless told; COMMAND finds its address in
    FLOW_EMULATOR_URL.
    """
    gc.disable()
    settings = _settings(_given(flags) | {"workers": 1}, {"port": 0, "database": "sqlite://"})
    _warn(settings)
    logging.basicConfig(level=settings.log_level.upper(), format=_FORMAT, stream=sys.stderr)
    from emulator import companion, server
    from emulator.services.seeding import BadSeed
    from emulator.store.database import UnusableDatabase

    try:
        beside = server.Background(settings)
    except (server.CannotListen, UnusableDatabase, BadSeed) as error:
        raise click.ClickException(str(error)) from None
    with beside:
        _started()
        token = beside.app.token if settings.auth == "strict" else None
        told = companion.variables(beside.url, os.environ, _authority(settings), token, settings.admin_token)
        status = companion.run(command, told)
    sys.exit(status)


def _authority(settings: Settings) -> str | None:
    """The file that a client of a made certificate trusts."""
    from emulator.certificates import AUTHORITY

    return str((settings.tls_folder / AUTHORITY).resolve()) if settings.tls == "auto" else None


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
