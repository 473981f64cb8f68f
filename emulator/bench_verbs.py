"""The verbs ``faults`` and ``requests``: what goes wrong on a running server, and what it was asked."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import click

from emulator import remote
from emulator.verbs import URL


@click.group()
def faults() -> None:
    """Rules by which service calls of a running server go wrong."""


@faults.command("list")
@URL
def list_all(url: str | None) -> None:
    """The rules in order: id, how often each has struck and still will, and what it says."""
    for one in remote.call(remote.chosen(url), "GET", "faults")["items"]:
        click.echo(_line(one))


@faults.command()
@click.argument("rule")
@click.option("--times", type=int, help="How often it strikes; for ever unless told.")
@URL
def add(rule: str, times: int | None, url: str | None) -> None:
    """Add a rule: a preset's name such as rate-limited, or JSON with match and effect."""
    body: dict[str, Any] = _read(rule) if rule.lstrip().startswith("{") else {"preset": rule}
    if times is not None:
        body["times"] = times
    click.echo(_line(remote.call(remote.chosen(url), "POST", "faults", body)))


@faults.command()
@click.argument("fault_id", required=False)
@URL
def clear(fault_id: str | None, url: str | None) -> None:
    """Take away one rule, or all."""
    remote.call(remote.chosen(url), "DELETE", f"faults/{fault_id}" if fault_id else "faults")


def _read(rule: str) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads(rule)
    except ValueError as error:
        raise click.ClickException(f"the rule is no JSON: {error}") from None
    return body


def _line(one: dict[str, Any]) -> str:
    remaining = "for ever" if one["remaining"] is None else f"{one['remaining']} left"
    what = one["preset"] or json.dumps(one["effect"])
    return f"{one['id']}  {one['hits']} hits, {remaining}  {what}  {json.dumps(one['match'])}"


@click.command()
@click.option("--method", help="Calls with this method.")
@click.option("--path", help="Calls of paths like this; * is any text.")
@click.option("--status", help="Calls answered so: 404, 4xx, or dropped.")
@click.option("--org", help="Calls of this organisation.")
@click.option("--sandbox", help="Calls of this sandbox.")
@click.option("--since", help="Calls from this instant on, by the server's clock.")
@click.option("--limit", type=int, help="So many of the newest; 100 unless told.")
@click.option("--count", is_flag=True, help="Only say how many there are.")
@click.option("--json", "as_json", is_flag=True, help="Everything that is known of them, as JSON.")
@click.option(
    "--clear", "forget", is_flag=True, help="Forget them; with --org those of its --sandbox alone, prod unless told."
)
@URL
def requests(url: str | None, count: bool, as_json: bool, forget: bool, **filters: Any) -> None:
    """Service calls that a running server has had, the newest first, without secrets."""
    at = remote.chosen(url)
    given = {name: value for name, value in filters.items() if value is not None}
    if forget:
        _forget(at, given, count or as_json)
        return
    query = urlencode(given)
    if count:
        click.echo(remote.call(at, "GET", f"requests/count?{query}")["count"])
        return
    found = remote.call(at, "GET", f"requests?{query}")
    if as_json:
        click.echo(json.dumps(found["items"], indent=2))
        return
    for one in found["items"]:
        click.echo(_told(one))


def _forget(at: str, given: dict[str, Any], shows: bool) -> None:
    if shows or not given.keys() <= {"org", "sandbox"}:
        raise click.UsageError("--clear takes --org and --sandbox beside it, and nothing else.")
    remote.call(at, "DELETE", "requests", tenant=remote.about(given.get("org"), given.get("sandbox")))


def _told(one: dict[str, Any]) -> str:
    why = " ".join(text for text in (one["refusedBy"], one["fault"] and f"fault {one['fault']}") if text)
    status = one["status"] or "dropped"
    return f"{one['time']} {status} {one['method']} {one['path']} {one['durationMs']:.1f} ms {why}".rstrip()
