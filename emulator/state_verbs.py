"""The verbs of ``flow-emulator`` about the state of a running server: reset, seed, snapshot, export, import."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import click

from emulator import remote

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)


def _about(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which server, and whether one tenant alone."""
    url = click.option("--url", help="The server. Unless told: FLOW_EMULATOR_URL, or http://127.0.0.1:8237.")
    org = click.option("--org", help="That organisation's sandbox alone.")
    sandbox = click.option("--sandbox", help="Which of its sandboxes; prod unless told.")
    return url(org(sandbox(command)))


@click.command()
@click.option("--to", type=click.Choice(["seed", "empty"]), default="seed", help="The seed unless told.")
@_about
def reset(to: str, url: str | None, org: str | None, sandbox: str | None) -> None:
    """Go back to the seed, or to nothing."""
    remote.call(remote.chosen(url), "POST", f"reset?to={to}", timeout=None, tenant=remote.about(org, sandbox))
    click.echo(f"back to {'the seed' if to == 'seed' else 'nothing'}")


@click.command()
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="Empty the tenants that it names first.")
@click.option("--url", help="The server. Unless told: FLOW_EMULATOR_URL, or http://127.0.0.1:8237.")
def seed(file: Path, replace: bool, url: str | None) -> None:
    """Make what a seed says: YAML or JSON, - for standard input."""
    said = remote.send_file(remote.chosen(url), f"seed?replace={str(replace).lower()}", file)
    click.echo(f"seeded {said['seeded']} tenants, {said['now']}")


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--secrets", is_flag=True, help="Show secrets instead of hiding them.")
@_about
def export_to(file: Path, secrets: bool, url: str | None, org: str | None, sandbox: str | None) -> None:
    """Write all state into a file, - for standard output."""
    tenant = remote.about(org, sandbox)
    with _whole(file) as into:
        remote.fetch(remote.chosen(url), f"export?secrets={str(secrets).lower()}", into, tenant)


@contextmanager
def _whole(file: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of what was there when all of it is written, or standard output for -."""
    if str(file) == "-":
        with click.open_file("-", "wb") as output:
            yield output
        return
    # A pipe or a device stays what it is.
    at_once = file.exists() and not file.is_file()
    beside = file if at_once else file.resolve().with_name(f"{file.name}.part")
    try:
        with beside.open("wb") as into:
            yield into
        if not at_once:
            beside.replace(file.resolve())
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None
    finally:
        if not at_once:
            beside.unlink(missing_ok=True)


@click.command("import")
@click.argument("file", type=_FILE)
@_about
def import_from(file: Path, url: str | None, org: str | None, sandbox: str | None) -> None:
    """Put the state of an export in the place of what there is, - for standard input."""
    said = remote.send_file(remote.chosen(url), "import", file, remote.about(org, sandbox))
    click.echo(f"imported {said['imported']} tenants, {said['now']}")


@click.group()
def snapshot() -> None:
    """Keep the state of a running server under a name, and bring it back."""


@snapshot.command()
@click.argument("name")
@_about
def save(name: str, url: str | None, org: str | None, sandbox: str | None) -> None:
    """Keep it as it is."""
    said = remote.call(remote.chosen(url), "POST", "snapshots", {"name": name}, None, remote.about(org, sandbox))
    click.echo(f"{said['name']}: {said['rows']} rows, {said['now']}")


@snapshot.command()
@click.argument("name")
@_about
def load(name: str, url: str | None, org: str | None, sandbox: str | None) -> None:
    """Bring it back."""
    path = f"snapshots/{_in_path(name)}/restore"
    said = remote.call(remote.chosen(url), "POST", path, timeout=None, tenant=remote.about(org, sandbox))
    click.echo(f"{said['restored']}, {said['now']}")


@snapshot.command("list")
@_about
def list_all(url: str | None, org: str | None, sandbox: str | None) -> None:
    """Which there are."""
    for one in remote.call(remote.chosen(url), "GET", "snapshots", tenant=remote.about(org, sandbox))["items"]:
        whose = f"{one['tenant']['org']}, {one['tenant']['sandbox']}" if one["tenant"] else "everything"
        click.echo(f"{one['name']}: {whose}, {one['rows']} rows, {one['now']}")


@snapshot.command()
@click.argument("name")
@_about
def delete(name: str, url: str | None, org: str | None, sandbox: str | None) -> None:
    """Forget it."""
    remote.call(remote.chosen(url), "DELETE", f"snapshots/{_in_path(name)}", tenant=remote.about(org, sandbox))
    click.echo(f"{name} is gone")


def _in_path(name: str) -> str:
    return quote(name, safe="")


VERBS = (reset, seed, export_to, import_from, snapshot)
