"""The verbs of ``flow-emulator`` that talk to a running server."""

from __future__ import annotations

import click

from emulator import remote

_URL = click.option("--url", help="The server. Unless told: FLOW_EMULATOR_URL, or http://127.0.0.1:8237.")


@click.group()
def clock() -> None:
    """See the clock of a running server, stop it, set it, or let time pass."""


@clock.command()
@_URL
def show(url: str | None) -> None:
    """What time it is."""
    _print(remote.call(remote.chosen(url), "GET", "clock"))


@clock.command()
@_URL
def freeze(url: str | None) -> None:
    """Let it stand where it is."""
    _print(remote.call(remote.chosen(url), "PUT", "clock", {"mode": "frozen"}))


@clock.command()
@click.argument("duration")
@_URL
def advance(duration: str, url: str | None) -> None:
    """Let time pass: P7D, PT1H30M, or an instant to go on to. Everything due happens on the way."""
    body = {"by": duration} if duration.upper().startswith("P") else {"to": duration}
    passed = remote.advance(remote.chosen(url), {name: text.upper() for name, text in body.items()})
    click.echo(f"{passed['now']}, {passed['runs']} runs")


@clock.command("set")
@click.argument("instant")
@click.option("--force", is_flag=True, help="Also back behind what has happened.")
@_URL
def set_to(instant: str, force: bool, url: str | None) -> None:
    """Set it. One that stood stands there, any other goes on from there."""
    at = remote.chosen(url)
    mode = "frozen" if remote.call(at, "GET", "clock")["mode"] == "frozen" else "offset"
    _print(remote.call(at, "PUT", "clock", {"mode": mode, "now": instant, "force": force}))


@clock.command()
@click.option("--force", is_flag=True, help="Also back behind what has happened.")
@_URL
def real(force: bool, url: str | None) -> None:
    """Back to real time."""
    _print(remote.call(remote.chosen(url), "PUT", "clock", {"mode": "real", "force": force}))


def _print(shown: dict[str, str]) -> None:
    click.echo(f"{shown['now']} ({shown['mode']})")
