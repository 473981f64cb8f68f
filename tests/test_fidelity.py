"""docs/fidelity.md says what is so: of every operation, of every error, and in its figures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from emulator.domain.errors import Refusal, error_catalogue
from emulator.edge import envelopes
from tests.support import Api

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "fidelity.md"
OPERATIONS, RAISED, NOT_RAISED = "Operations", "Errors that are raised", "Errors that are not raised"
# What runs report is no refusal; what is ours is not published.
REPORTED, OURS = "Runs", "Ours"
HOW_SURE = {"published", "in samples", "ours"}
FLOW_SERVICE = "Flow Service, below `/data/foundation/flowservice`"
# Which service words a refusal, by the beginning of its code.
WORDED_BY = {
    "FLOW": envelopes.flow_service,
    "CONNECTOR": envelopes.flow_service,
    "REQUEST": envelopes.flow_service,
    "GATEWAY": envelopes.gateway,
    "XDM": envelopes.schema_registry,
    "CATALOG": envelopes.problem,
    "EXPORT": envelopes.problem,
    "IMPORT": envelopes.problem,
    "SMS": envelopes.problem,
    "PREP": envelopes.problem,
    "QUERY": envelopes.problem,
    "IMS": envelopes.ims,
    "INLET": envelopes.inlet,
    "EDGE": envelopes.problem,
    "ADMIN": envelopes.admin,
}


class Row(NamedTuple):
    """A line of a table: the headings it stands under, and its cells by the names of the columns."""

    part: str
    group: str
    cells: dict[str, str]

    @property
    def code(self) -> str:
        return self.cells["error"].strip("`")

    @property
    def seen(self) -> str:
        """What shows a client that it is this error."""
        return self.cells.get("a client sees", "").strip("`") or self.code


def _rows() -> Iterator[Row]:
    part = group = ""
    names: list[str] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            part, group = line.removeprefix("## "), ""
        elif line.startswith("### "):
            group = line.removeprefix("### ")
        elif not line.startswith("|"):
            names = []
        elif not names:
            names = _cells(line)
        elif set(line) - set("|- "):
            yield Row(part, group, dict(zip(names, _cells(line), strict=True)))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


ROWS = list(_rows())


def rows_of(part: str) -> list[Row]:
    found = [row for row in ROWS if row.part == part]
    assert found, f"the page has no part {part}"
    return found


def repeated(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def operation(row: Row) -> tuple[str, str]:
    """Method and whole path of a row: the path of its group, and its own."""
    method, path = row.cells["operation"].strip("`").split(" ")
    base = row.group.split("`")[1]
    return method, base + path.rstrip("/")


def test_the_page_lists_what_is_served_and_nothing_else(api: Api) -> None:
    index = api.http.get("/__admin").json()
    routes = [*index["admin"], *(route for service in index["services"] for route in service["routes"])]
    served = {(route["method"], route["path"]) for route in routes}
    listed = [operation(row) for row in rows_of(OPERATIONS)]
    assert set(listed) == served
    assert len(listed) == len(set(listed))


def test_of_every_operation_it_says_how_sure_we_are_and_what_was_chosen() -> None:
    for row in rows_of(OPERATIONS):
        assert row.cells["how sure"] in HOW_SURE, row
        assert row.cells["what was chosen"], row


def test_every_error_of_the_fixtures_is_listed_as_raised_and_no_other() -> None:
    listed = {row.code for row in rows_of(RAISED) if row.group != REPORTED}
    assert listed == set(error_catalogue())


def test_what_runs_report_is_in_the_sources() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "emulator").rglob("*.py"))
    reported = [row.code for row in rows_of(RAISED) if row.group == REPORTED]
    assert reported
    assert [code for code in reported if f'"{code}"' not in sources] == []


def test_no_error_is_listed_twice() -> None:
    assert repeated([row.code for row in (*rows_of(RAISED), *rows_of(NOT_RAISED))]) == []


def test_of_every_error_the_page_says_when_or_why_not() -> None:
    assert [row.code for row in rows_of(RAISED) if not row.cells["raised when"]] == []
    for row in rows_of(NOT_RAISED):
        assert row.cells["what it says"], row
        assert row.cells["why not here"], row


@pytest.mark.parametrize("row", [row for row in rows_of(RAISED) if row.group != REPORTED], ids=lambda row: row.code)
def test_a_client_sees_what_the_page_says(row: Row) -> None:
    refusal = Refusal(row.code)
    answer = envelopes.render(refusal, WORDED_BY[row.code.split("-")[0]], "request", 0)
    assert answer.status == refusal.status
    assert row.seen in json.dumps(json.loads(answer.body))


@pytest.mark.parametrize("row", rows_of(RAISED), ids=lambda row: row.code)
def test_every_error_that_is_raised_has_a_test(row: Row) -> None:
    """A test that mentions it, and not only to list it."""
    tests = [path for path in (ROOT / "tests").glob("test_*.py") if path != Path(__file__)]
    assert any(row.seen in path.read_text(encoding="utf-8") for path in tests)


def test_the_figures_are_those_of_the_tables() -> None:
    here: Counter[str] = Counter(row.group for row in rows_of(RAISED) if row.group != OURS)
    missing: Counter[str] = Counter(row.group for row in rows_of(NOT_RAISED))
    counted = {f"errors: {group}": (here[group], here[group] + missing[group]) for group in here | missing}
    counted["errors in all"] = (here.total(), here.total() + missing.total())
    published = [
        row for row in rows_of(OPERATIONS) if row.group == FLOW_SERVICE and row.cells["how sure"] == "published"
    ]
    counted["operations of Flow Service"] = (len(published), 45)
    listed = {row.cells["what"]: (int(row.cells["here"]), int(row.cells["published"])) for row in rows_of("Figures")}
    assert listed == counted
