"""Statements over what landed: Query Service, the admin call and the verb, and what no statement may do."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from emulator import cli
from emulator.engine import queries
from emulator.engine.query_process import told
from emulator.server import Background
from tests.landing import put_batch
from tests.operating import new_sandbox
from tests.support import CATALOG, FULL, Api, Document, assert_problem, client_of
from tests.test_readme import ROOT, blocks

PAGE = ROOT / "docs" / "query.md"
QUERIES = "/data/foundation/query/queries"
PERSON = "https://ns.adobe.com/xdm/context/profile-person-details"


@pytest.fixture
def dataset(api: Api) -> str:
    return api.dataset(api.schema())


def called(api: Api, name: str, title: str = "Another schema") -> str:
    """A dataset of a name of its own."""
    body = {"name": name, "schemaRef": {"id": api.schema(title), "contentType": FULL}}
    made: str = api.http.post(f"{CATALOG}/dataSets", json=body).json()[0].removeprefix("@/dataSets/")
    return made


def asked(api: Api, sql: str, **more: str) -> Document:
    answer = api.http.post("/__admin/query", json={"sql": sql, "org": api.org, **more})
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


def rows(api: Api, sql: str) -> list[list[Any]]:
    found: list[list[Any]] = asked(api, sql)["rows"]
    return found


def refused(api: Api, sql: str) -> str:
    answer = api.http.post("/__admin/query", json={"sql": sql, "org": api.org})
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request"), answer.text
    message: str = answer.json()["message"]
    return message


def submit(api: Api, sql: str, **more: Any) -> Document:
    answer = api.http.post(QUERIES, json={"dbName": "prod:all", "sql": sql, "name": "A query", **more})
    assert answer.status_code == 202, answer.text
    made: Document = answer.json()
    return made


def ended(api: Api, query: Document) -> Document:
    answer = api.http.get(f"{QUERIES}/{query['id']}")
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


# What is asked


def test_fields_of_records_are_columns_and_what_lies_in_them_is_reached_by_name(
    server: Background, api: Api, dataset: str
) -> None:
    names = ["Zoë", "Ann", "Ann", None]
    put_batch(server, api, dataset, [{"person": {"name": {"firstName": name}}, "n": n} for n, name in enumerate(names)])
    sql = "SELECT person.name.firstName AS name, count(*) AS many, sum(n) FROM a_dataset GROUP BY 1 ORDER BY 1"
    assert rows(api, sql) == [["Ann", 2, 3], ["Zoë", 1, 0], [None, 1, 3]]


def test_a_dataset_is_called_by_its_name_or_by_its_id(server: Background, api: Api, dataset: str) -> None:
    put_batch(server, api, dataset, [{"n": 1}])
    assert rows(api, "SELECT n FROM A_DATASET") == rows(api, f'SELECT n FROM "{dataset}"') == [[1]]
    joined = f'SELECT a.n FROM a_dataset a JOIN "{dataset}" b USING (n)'
    assert rows(api, joined) == [[1]]


def test_an_empty_dataset_has_the_columns_of_its_schema(api: Api) -> None:
    body = {"title": "People", "type": "object", "allOf": [{"$ref": name} for name in (PERSON, PROFILE)]}
    schema = api.http.post("/data/foundation/schemaregistry/tenant/schemas", json=body).json()["$id"]
    api.dataset(schema)
    found = asked(api, "SELECT person.name.firstName, * FROM a_dataset")
    assert (found["rows"], found["count"], found["complete"]) == ([], 0, True)
    assert {"person", "_id"} <= {column["name"] for column in found["columns"]}


PROFILE = "https://ns.adobe.com/xdm/context/profile"


def test_every_kind_of_json_value_comes_back_as_it_landed(server: Background, api: Api, dataset: str) -> None:
    record: Document = {
        "text": "ü 🐝 'quoted\" \\ \n line",
        "whole": -5,
        "large": 18446744073709551615,
        "small": -9223372036854775808,
        "fraction": 1.5,
        "flag": True,
        "time": "2026-01-31T12:00:00+02:00",
        "list": [1, 2],
        "mixed": [1, "a", None, {"b": [True]}],
        "objects": [{"x": 1}, {"y": "z"}],
        "empty": {},
        "nothing": [],
        "twins": {"a": 1, "A": 2, "": 3},
        "odd/na~me \"'": {"in.side": 1},
    }
    put_batch(server, api, dataset, [record, {}])
    names = [name for name in record if "odd" not in name]
    found = asked(api, f'SELECT {", ".join(names)}, "odd/na~me ""\'" AS odd FROM a_dataset')["rows"]
    shown = dict(zip([*names, "odd"], found[0], strict=True))
    expected = {name: record[name] for name in names} | {"odd": {"in.side": 1}}
    expected["objects"] = [{"x": 1, "y": None}, {"x": None, "y": "z"}]
    assert shown == expected
    assert found[1] == [None] * len(shown)


def test_names_that_differ_in_capitals_alone_are_columns_of_their_own(
    server: Background, api: Api, dataset: str
) -> None:
    put_batch(server, api, dataset, [{"tone": 1, "Tone": 2, "": 3}])
    assert rows(api, 'SELECT tone, "Tone_1", "_1" FROM a_dataset') == [[1, 2, 3]]


def test_values_of_several_types_stay_json_over_any_number_of_records(
    server: Background, api: Api, dataset: str
) -> None:
    put_batch(server, api, dataset, [{"n": n} for n in range(2500)] + [{"n": "x"}, {"n": 1.5}])
    assert rows(api, "SELECT count(n), count(DISTINCT n) FROM a_dataset") == [[2502, 2502]]
    assert rows(api, "SELECT n FROM a_dataset WHERE n::VARCHAR = '\"x\"'") == [["x"]]


def test_of_two_datasets_with_one_name_the_newest_is_meant(server: Background, api: Api, dataset: str) -> None:
    newer = called(api, "A dataset")
    put_batch(server, api, dataset, [{"n": 1}])
    put_batch(server, api, newer, [{"n": 2}])
    assert rows(api, "SELECT n FROM a_dataset") == [[2]]
    assert rows(api, f'SELECT n FROM "{dataset}"') == [[1]]


def test_only_so_many_rows_are_shown_and_all_are_counted(api: Api, dataset: str) -> None:
    found = asked(api, "SELECT * FROM range(25000)")
    assert (len(found["rows"]), found["count"], found["complete"]) == (10_000, 25_000, False)
    large = asked(api, "SELECT repeat('x', 5000000) FROM range(5)")
    assert (len(large["rows"]), large["count"], large["complete"]) == (3, 5, False)


def test_values_that_json_does_not_have_are_written_as_texts(api: Api, dataset: str) -> None:
    sql = "SELECT DATE '2026-01-31', TIMESTAMP '2026-01-31 12:00:00', 'nan'::DOUBLE, 1.5::DECIMAL(4,2), MAP {'k': 1}"
    assert rows(api, sql) == [["2026-01-31", "2026-01-31T12:00:00", "nan", 1.5, {"k": 1}]]


# Whose datasets


def test_instants_are_told_in_utc(api: Api, dataset: str) -> None:
    found = asked(
        api,
        """SELECT '2026-01-01T00:00:00+02:00'::TIMESTAMPTZ AS a, 1 AS n, '2026-01-01T00:00:00.5Z'::TIMESTAMPTZ AS a,
        {'at': [to_timestamp(0)]} AS s, now() > to_timestamp(0) AS later, NULL::TIMESTAMPTZ AS nothing,
        '2026-01-01'::TIMESTAMP AS plain -- the end""",
    )
    assert found["rows"] == [
        [
            "2025-12-31T22:00:00Z",
            1,
            "2026-01-01T00:00:00.500000Z",
            {"at": ["1970-01-01T00:00:00Z"]},
            True,
            None,
            "2026-01-01T00:00:00",
        ]
    ]
    assert [column["name"] for column in found["columns"]][:3] == ["a", "n", "a"]
    assert found["columns"][0]["type"] == "TIMESTAMP WITH TIME ZONE"
    ordered = rows(api, "SELECT to_timestamp(n) FROM range(3000) AS t(n) ORDER BY n DESC")
    assert (ordered[0], ordered[-1]) == (["1970-01-01T00:49:59Z"], ["1970-01-01T00:00:00Z"])


def test_what_the_engine_says_is_told_without_paths_of_the_machine(api: Api, dataset: str) -> None:
    assert str(Path.home()) not in refused(api, "SELECT * FROM duckdb_extensions()")
    thrown = RuntimeError(f"It failed:\nTraceback (most recent call last):\n  File {Path.home()}/x.py")
    assert told(thrown) == "It failed:"


def test_other_organisations_and_sandboxes_are_not_seen(server: Background, api: Api, dataset: str) -> None:
    put_batch(server, api, dataset, [{"n": 1}])
    new_sandbox(api)
    with client_of(server.url, f"OTHER{api.org}") as other:
        called(other, "Theirs")
        for sql in ("SELECT * FROM a_dataset", f'SELECT * FROM "{dataset}"'):
            failed = ended(other, submit(other, sql))
            assert failed["state"] == "FAILED"
            assert failed["errors"][0]["message"].endswith("Known tables: theirs.")
    elsewhere = api.http.post("/__admin/query", json={"sql": "FROM x", "org": api.org, "sandbox": "none"})
    assert elsewhere.status_code == 404
    api.http.headers["x-sandbox-name"] = "dev"
    assert ended(api, submit(api, "SELECT * FROM a_dataset"))["state"] == "FAILED"


def test_the_catalogue_of_the_engine_names_no_more_than_the_statement_does(
    server: Background, api: Api, dataset: str
) -> None:
    called(api, "Another")
    put_batch(server, api, dataset, [{"n": 1}])
    sql = "SELECT table_name FROM information_schema.tables, a_dataset ORDER BY 1"
    assert rows(api, sql) == sorted([[dataset], ["a_dataset"]])


def test_the_tenant_is_told_by_the_body_or_by_headers(api: Api, dataset: str) -> None:
    by_headers = api.http.post("/__admin/query", json={"sql": "SELECT count(*) FROM a_dataset"})
    assert by_headers.json()["rows"] == [[0]]
    unknown = api.http.post("/__admin/query", json={"sql": "SELECT 1", "org": "NOBODY@AdobeOrg"})
    assert (unknown.status_code, unknown.json()["error"]) == (404, "not_found")


# What no statement may do

HOSTILE = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_json('http://127.0.0.1:1/x')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM sqlite_scan('flow-emulator.db', 'resource')",
    "SELECT * FROM request",
    "SELECT getenv('HOME')",
    "COPY (SELECT 1) TO '/tmp/out.csv'",
    "ATTACH '/tmp/other.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '1TB'",
    "PRAGMA threads = 8",
    "CALL pragma_version()",
    "EXPORT DATABASE '/tmp/out'",
    "SHOW TABLES",
    "EXPLAIN SELECT 1",
    "INSERT INTO a_dataset VALUES (1)",
    "CREATE TABLE made AS SELECT 1",
    "DROP TABLE a_dataset",
    "SELECT 1; DROP TABLE a_dataset",
    "SELECT 1; SELECT 2",
    "-- nothing",
    "SELEC 1",
    "SELECT $one",
    "SELECT " + "(" * 20_000 + "1" + ")" * 20_000,
]


@pytest.mark.parametrize("sql", HOSTILE, ids=lambda sql: sql[:40])
def test_a_statement_reaches_nothing_but_the_datasets(api: Api, dataset: str, sql: str) -> None:
    assert refused(api, sql)


def test_a_query_that_never_ends_is_stopped(api: Api, dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "SECONDS", 3)
    endless = "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"
    assert "longer than 3 seconds" in refused(api, endless)


@pytest.mark.parametrize(
    "sql", ["SELECT length(repeat('x', 2000000000))", "SELECT list_sum(range(1000000000))"], ids=["text", "list"]
)
def test_a_query_that_takes_too_much_memory_is_stopped(api: Api, dataset: str, sql: str) -> None:
    assert refused(api, sql) == "The query takes more memory than it may."


def test_the_refusal_of_a_write_says_what_is_possible(api: Api) -> None:
    failed = ended(api, submit(api, "INSERT INTO a_dataset SELECT 1"))
    assert failed["state"] == "FAILED"
    assert "SELECT or WITH" in failed["errors"][0]["message"]


@pytest.mark.parametrize(
    "body", [{}, [], {"sql": ""}, {"sql": 1}, {"sql": "SELECT 1", "colour": "red"}, {"sql": "x" * 100_001}]
)
def test_the_admin_call_refuses_what_is_no_query(api: Api, body: Any) -> None:
    answer = api.http.post("/__admin/query", json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


def test_without_the_engine_the_answer_says_what_to_install(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "find_spec", lambda _name: None)
    install = "pip install flow-service-emulator[query]"
    answer = api.http.post(QUERIES, json={"dbName": "prod:all", "sql": "SELECT 1"})
    assert_problem(answer, 501, install)
    assert answer.json()["type"].endswith("QUERY-0501-501")
    answer = api.http.post("/__admin/query", json={"sql": "SELECT 1", "org": api.org})
    assert (answer.status_code, answer.json()["error"]) == (501, "not_installed")
    assert install in answer.json()["message"]


# Query Service


def test_a_query_is_submitted_and_then_has_the_number_of_its_rows(server: Background, api: Api, dataset: str) -> None:
    put_batch(server, api, dataset, [{"n": n, "name": "ü"} for n in range(1000)])
    made = submit(api, "SELECT * FROM a_dataset WHERE name = 'ü'", description="All of them")
    assert (made["state"], made["rowCount"], made["errors"], made["elapsedTime"]) == ("SUBMITTED", 0, [], 0)
    assert made["request"]["description"] == "All of them"
    assert made["_links"]["cancel"] == {
        "href": f"{server.url}{QUERIES}/{made['id']}",
        "method": "PATCH",
        "body": '{ "op": "cancel"}',
    }
    done = ended(api, made)
    assert (done["state"], done["rowCount"]) == ("SUCCESS", 1000)
    assert [one["id"] for one in done["_links"]["referenced_datasets"]] == [dataset]
    assert "cancel" not in done["_links"]


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT person.name AS other FROM people -- person", ["people"]),
        ("WITH person AS (FROM Other) SELECT (SELECT count(*) FROM main.people), 'person' FROM person", None),
        ("SELECT * FROM query_table('people')", ["people"]),
        ("SELECT 'person', 'people'", []),
    ],
)
def test_a_query_refers_to_the_tables_that_it_reads_and_to_nothing_called_alike(
    server: Background, api: Api, sql: str, tables: list[str] | None
) -> None:
    found = {name: called(api, name, f"Schema of {name}") for name in ("people", "person", "other")}
    put_batch(server, api, found["people"], [{"person": {"name": "Zoë"}}])
    done = ended(api, submit(api, sql))
    assert done["state"] == "SUCCESS", done["errors"]
    told = {one["id"] for one in done["_links"].get("referenced_datasets", [])}
    # What a statement calls by the name of a dataset itself cannot be told from it.
    assert told == {found[name] for name in (["people", "person", "other"] if tables is None else tables)}


def test_a_failed_query_has_the_words_of_the_engine_and_the_tables_there_are(api: Api, dataset: str) -> None:
    (error,) = ended(api, submit(api, "SELECT * FROM nothing"))["errors"]
    assert error["code"] == "CatalogException"
    assert "nothing" in error["message"]
    assert "Known tables: a_dataset." in error["message"]


def test_parameters_are_put_into_the_statement(api: Api) -> None:
    made = submit(api, "SELECT * FROM range($most) WHERE 'a' = '$letter'", queryParameters={"most": 7, "letter": "a"})
    assert ended(api, made)["rowCount"] == 7


@pytest.mark.parametrize(
    ("change", "mention"),
    [
        ({"sql": None}, "sql"),
        ({"sql": 5}, "sql"),
        ({"dbName": " "}, "dbName"),
        ({"name": ["x"]}, "name"),
        ({"queryParameters": {"a": [1]}}, "queryParameters"),
        ({"templateId": "x"}, "templates are not served"),
        ({"insertIntoParameters": {"datasetName": "x"}}, "only read"),
        ({"ctasParameters": {"datasetName": "x"}}, "only read"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_query_that_cannot_be_accepted_is_refused_by_its_field(api: Api, change: Document, mention: str) -> None:
    answer = api.http.post(QUERIES, json={"dbName": "prod:all", "sql": "SELECT 1"} | change)
    assert_problem(answer, 400, mention)
    assert answer.json()["type"].endswith("QUERY-0400-400")


def test_a_cancel_is_accepted_and_a_deleted_query_is_left_out_of_lists(api: Api) -> None:
    first, second = submit(api, "SELECT 1"), submit(api, "SELECT 2")
    cancelled = api.http.patch(f"{QUERIES}/{first['id']}", json={"op": "cancel"})
    assert (cancelled.status_code, cancelled.json()["message"]) == (202, "Query cancel request received")
    assert ended(api, first)["state"] == "SUCCESS"
    assert api.http.patch(f"{QUERIES}/{first['id']}", json={"op": "soft_delete"}).status_code == 202
    assert listed(api) == [second["id"]]
    assert listed(api, excludeSoftDeleted="false") == [second["id"], first["id"]]
    assert api.http.delete(f"{QUERIES}/{second['id']}").json()["statusCode"] == 202
    assert listed(api) == []
    assert ended(api, second)["state"] == "SUCCESS"
    assert_problem(api.http.patch(f"{QUERIES}/{first['id']}", json={"op": "undo"}), 400, "soft_delete")


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PATCH", {"op": "cancel"}), ("DELETE", None)])
def test_an_unknown_query_is_not_found(api: Api, method: str, body: Any) -> None:
    answer = api.http.request(method, f"{QUERIES}/4d64cd49-cf8f-463a-a182-54bccb9954fc", json=body)
    assert_problem(answer, 404, "4d64cd49")
    assert answer.json()["type"].endswith("QUERY-0404-404")


def listed(api: Api, **params: Any) -> list[str]:
    answer = api.http.get(QUERIES, params=params)
    assert answer.status_code == 200, answer.text
    return [query["id"] for query in answer.json()["queries"]]


def test_lists_are_filtered_ordered_and_paged(api: Api) -> None:
    good = [submit(api, f"SELECT {n}")["id"] for n in range(3)]
    bad = submit(api, "SELECT x")
    assert listed(api) == [bad["id"], *reversed(good)]
    assert listed(api, orderby="created") == [*good, bad["id"]]
    assert listed(api, property="state==FAILED") == [bad["id"]]
    assert listed(api, property=f"state!=FAILED,id~{good[0][:20]}") == [good[0]]
    assert listed(api, property="SQL~select X") == [bad["id"]]
    assert len(listed(api, property="created>2020-01-01T00:00:00Z")) == 4
    assert listed(api, start="2020-01-01", orderby="-created") == []
    assert len(listed(api, start="2020-01-01", orderby="-created", isPrevLink="true")) == 4
    seen: list[str] = []
    link: str | None = f"{QUERIES}?limit=3&orderby=created&start=2020-01-01&isPrevLink="
    while link is not None:
        page = api.http.get(link).json()
        seen += [query["id"] for query in page["queries"]]
        link = page["_links"].get("next", {}).get("href")
    assert seen == [*good, bad["id"]]
    assert "prev" in page["_links"]


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"start": "yesterday"},
        {"orderby": "state"},
        {"property": "state"},
        {"property": "rowCount==1"},
        {"property": "userId>a"},
        {"property": "created>soon"},
        {"excludeSoftDeleted": "perhaps"},
        {"colour": "red"},
    ],
)
def test_a_list_that_cannot_be_made_is_refused(api: Api, params: Document) -> None:
    assert_problem(api.http.get(QUERIES, params=params), 400)


# The verb


def verb(server: Background, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.main, ["query", *arguments, "--url", server.url])
    return done.exit_code, done.output


def test_the_verb_prints_a_table_or_csv_or_lines_of_json(server: Background, api: Api, dataset: str) -> None:
    put_batch(server, api, dataset, [{"name": 'Zoë, "Z"', "n": 10}, {"name": None, "n": 2}])
    sql = ("SELECT name, n, [n] AS list FROM a_dataset ORDER BY n", "--org", api.org)
    assert verb(server, *sql) == (
        0,
        'name      n   list\n--------  --  ----\n          2   [2]\nZoë, "Z"  10  [10]\n',
    )
    assert verb(server, *sql, "--format", "csv") == (0, 'name,n,list\n,2,[2]\n"Zoë, ""Z""",10,[10]\n')
    lines = verb(server, *sql, "--format", "json")[1].splitlines()
    assert [json.loads(line) for line in lines][1] == {"name": 'Zoë, "Z"', "n": 10, "list": [10]}


def test_the_verb_says_what_is_wrong_and_what_it_leaves_out(server: Background, api: Api, dataset: str) -> None:
    code, printed = verb(server, "SELECT * FROM nothing", "--org", api.org)
    assert code == 1
    assert "Known tables: a_dataset." in printed
    assert "10000 of 20000 rows are shown" in verb(server, "SELECT * FROM range(20000)", "--org", api.org)[1]


def test_the_examples_of_the_page_work(server: Background) -> None:
    with client_of(server.url, "ACME@AdobeOrg") as acme:
        people = called(acme, "People", "People that the page asks for")
        put_batch(server, acme, people, [{"person": {"name": {"firstName": name}}} for name in ("Zoë", "Ann", "Ann")])
        (commands,), (script,) = blocks(PAGE, "bash"), blocks(PAGE, "python")
        local = commands.replace("flow-emulator", f"{shlex.quote(sys.executable)} -m emulator")
        assert printed(["bash", "-euc", local], server) == "records\n-------\n3\nname,many\nAnn,2\nZoë,1\n"
        assert printed([sys.executable, "-c", script], server) == "SUBMITTED SUCCESS 3\n"
        assert acme.http.delete(f"{CATALOG}/dataSets/{people}").is_success


def printed(command: list[str], server: Background) -> str:
    local = [part.replace("http://127.0.0.1:8237", server.url) for part in command]
    environment = os.environ | {"FLOW_EMULATOR_URL": server.url, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(local, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout
