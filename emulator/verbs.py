"""The verbs of ``flow-emulator`` that talk to a running server."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import click

from emulator import remote

# Longer than a query may take, with others before it.
_QUERY_TIMEOUT_S = 60
URL = click.option("--url", help="The server. Unless told: FLOW_EMULATOR_URL, or http://127.0.0.1:8237.")


@click.command()
@click.option(
    "--wait", type=click.FloatRange(min=0), default=0, help="How many seconds to wait until it is; 0 unless told."
)
@URL
def ready(wait: float, url: str | None) -> None:
    """Say whether a server is ready. The status is 1 when it is not."""
    at = remote.chosen(url)
    remote.await_ready(at, wait)
    click.echo(f"ready at {at}")


@click.group()
def clock() -> None:
    """See the clock of a running server, stop it, set it, or let time pass."""


@clock.command()
@URL
def show(url: str | None) -> None:
    """What time it is."""
    _print(remote.call(remote.chosen(url), "GET", "clock"))


@clock.command()
@URL
def freeze(url: str | None) -> None:
    """Let it stand where it is."""
    _print(remote.call(remote.chosen(url), "PUT", "clock", {"mode": "frozen"}))


@clock.command()
@click.argument("duration")
@URL
def advance(duration: str, url: str | None) -> None:
    """Let time pass: P7D, PT1H30M, or an instant to go on to. Everything due happens on the way."""
    body = {"by": duration} if duration.upper().startswith("P") else {"to": duration}
    passed = remote.advance(remote.chosen(url), {name: text.upper() for name, text in body.items()})
    click.echo(f"{passed['now']}, {passed['runs']} runs")


@clock.command("set")
@click.argument("instant")
@click.option("--force", is_flag=True, help="Also back behind what has happened.")
@URL
def set_to(instant: str, force: bool, url: str | None) -> None:
    """Set it. One that stood stands there, any other goes on from there."""
    at = remote.chosen(url)
    mode = "frozen" if remote.call(at, "GET", "clock")["mode"] == "frozen" else "offset"
    _print(remote.call(at, "PUT", "clock", {"mode": mode, "now": instant, "force": force}))


@clock.command()
@click.option("--force", is_flag=True, help="Also back behind what has happened.")
@URL
def real(force: bool, url: str | None) -> None:
    """Back to real time."""
    _print(remote.call(remote.chosen(url), "PUT", "clock", {"mode": "real", "force": force}))


def _print(shown: dict[str, str]) -> None:
    click.echo(f"{shown['now']} ({shown['mode']})")


@click.command()
@click.argument("sql")
@click.option("--org", help="Whose datasets; not needed while there is one organisation.")
@click.option("--sandbox", help="prod unless told.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@URL
def query(sql: str, org: str | None, sandbox: str | None, form: str, url: str | None) -> None:
    """Ask what landed, with SQL: a dataset is a table, called by its name or its id."""
    chosen = {name: value for name, value in (("sql", sql), ("org", org), ("sandbox", sandbox)) if value is not None}
    found = remote.call(remote.chosen(url), "POST", "query", chosen, _QUERY_TIMEOUT_S)
    names = [column["name"] for column in found["columns"]]
    if form == "json":
        for row in found["rows"]:
            click.echo(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False))
    else:
        rows = [[_cell(value) for value in row] for row in found["rows"]]
        click.echo(_as_csv(names, rows) if form == "csv" else _as_table(names, rows), nl=form != "csv")
    if not found["complete"]:
        click.echo(f"{len(found['rows'])} of {found['count']} rows are shown", err=True)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_csv(names: list[str], rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *rows])
    return text.getvalue()


def _as_table(names: list[str], rows: list[list[str]]) -> str:
    """Columns as wide as what stands in them, in one line each."""
    lines = [[" ".join(cell.split()) for cell in row] for row in (names, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
