"""Who may use the admin endpoints, and the verbs that do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from emulator import exposure
from emulator.cli import main
from emulator.server import Background
from emulator.settings import BadSetting, Settings, from_environment
from tests.support import FLOW
from tests.test_command import clean_environment, refused, serving

TOKEN = "a-token-of-mine"


@pytest.fixture
def guarded() -> Iterator[str]:
    with Background(Settings(port=0, database="sqlite://", admin_token=TOKEN)) as running:
        yield running.url


@pytest.mark.parametrize("given", [None, "", TOKEN, "Bearer", "Bearer other", f"Bearer {TOKEN}x", f"Basic {TOKEN}"])
def test_without_the_token_admin_calls_are_refused(guarded: str, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    for method, path in (
        ("GET", ""),
        ("GET", "/requests"),
        ("POST", "/reset"),
        ("GET", "/config"),
        ("GET", "/openapi"),
    ):
        answer = httpx.request(method, f"{guarded}/__admin{path}", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_with_the_token_they_are_answered_and_nobody_is_shown_it(guarded: str) -> None:
    answer = httpx.get(f"{guarded}/__admin/config", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.json()["admin_token"] == "***"
    assert TOKEN not in answer.text


def test_health_and_ready_ask_for_no_token_and_services_for_none_of_ours(guarded: str) -> None:
    assert httpx.get(f"{guarded}/__admin/health").status_code == 200
    assert httpx.get(f"{guarded}/__admin/ready").status_code == 200
    headers = {"Authorization": "Bearer x", "x-api-key": "k", "x-gw-ims-org-id": "A@AdobeOrg"}
    assert httpx.get(f"{guarded}{FLOW}/flows", headers=headers).status_code == 200


def test_without_admin_there_is_health_and_ready_and_nothing_else() -> None:
    with Background(Settings(port=0, database="sqlite://", no_admin=True)) as running:
        assert httpx.get(f"{running.url}/__admin/health").status_code == 200
        assert httpx.get(f"{running.url}/__admin/ready").status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/reset"), ("GET", "/requests")])
def test_without_admin_the_rest_is_unknown(method: str, path: str) -> None:
    import urllib.error
    import urllib.request

    with Background(Settings(port=0, database="sqlite://", no_admin=True)) as running:
        asked = urllib.request.Request(f"{running.url}/__admin{path}", method=method)
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(asked)
        assert refusal.value.code == 404
        refusal.value.close()


def test_verbs_take_the_token_from_its_variable(guarded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def said(*arguments: str) -> str:
        done = CliRunner().invoke(main, [*arguments, "--url", guarded])
        assert done.exit_code == 0, done.output
        return done.output

    assert "--admin-token" in CliRunner().invoke(main, ["faults", "list", "--url", guarded]).output
    monkeypatch.setenv("FLOW_EMULATOR_ADMIN_TOKEN", TOKEN)
    assert "2 left" in said("faults", "add", "rate-limited", "--times", "2")
    assert "for ever" in said("faults", "add", '{"effect": {"status": 500}, "match": {"path": "*/runs"}}')
    assert len(said("faults", "list").splitlines()) == 2
    assert httpx.get(f"{guarded}{FLOW}/flows").status_code == 429
    assert said("requests", "--count", "--status", "429") == "1\n"
    assert "429 GET /data/foundation/flowservice/flows" in said("requests", "--method", "get")
    assert '"refusedBy": "GATEWAY-429050-429"' in said("requests", "--json")
    said("faults", "clear")
    assert said("faults", "list") == ""
    said("requests", "--clear")
    assert said("requests", "--count") == "0\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--journal", "-1"], "Error: --journal -1: expected 0 to 1000000"),
        (["--admin-token", "a b"], "Error: --admin-token: expected 1 to 255 printable"),
    ],
)
def test_a_bad_value_stops_the_start(tmp_path: Path, arguments: list[str], message: str) -> None:
    assert refused(tmp_path, *arguments).startswith(message)


def test_the_variables_are_read() -> None:
    given = {"FLOW_EMULATOR_JOURNAL": "5", "FLOW_EMULATOR_NO_ADMIN": "true", "FLOW_EMULATOR_ADMIN_TOKEN": TOKEN}
    settings = from_environment(given)
    assert (settings.journal, settings.no_admin, settings.admin_token) == (5, True, TOKEN)
    assert from_environment(settings.as_environment()) == settings
    with pytest.raises(BadSetting, match="expected true or false"):
        from_environment({"FLOW_EMULATOR_NO_ADMIN": "perhaps"})


ADMIN_IS_OPEN = "can read, change and empty everything by /__admin (set --admin-token, or --no-admin)"
SERVICES_ARE_OPEN = "any token is good for the services (set --auth strict)"


@pytest.mark.parametrize(
    ("told", "opened"),
    [
        ({}, {ADMIN_IS_OPEN, SERVICES_ARE_OPEN}),
        ({"auth": "strict"}, {ADMIN_IS_OPEN}),
        ({"no_admin": True}, {SERVICES_ARE_OPEN}),
        ({"no_admin": True, "auth": "strict"}, set()),
        ({"admin_token": TOKEN}, set()),
    ],
)
def test_what_is_open_to_other_machines_is_told(told: dict[str, Any], opened: set[str]) -> None:
    said = exposure.warning(Settings(host="0.0.0.0", **told)) or ""
    assert {text for text in (ADMIN_IS_OPEN, SERVICES_ARE_OPEN) if text in said} == opened
    assert said.startswith("other machines may reach 0.0.0.0") == bool(opened)
    assert exposure.warning(Settings(host="127.0.0.1", **told)) is None


@pytest.mark.parametrize(
    ("arguments", "warned"),
    [
        (["--host", "0.0.0.0"], True),
        (["--host", "0.0.0.0", "--admin-token", TOKEN], False),
        (["--host", "0.0.0.0", "--auth", "strict"], True),
        (["--host", "127.0.0.1"], False),
    ],
)
def test_a_server_that_others_may_reach_says_so(tmp_path: Path, arguments: list[str], warned: bool) -> None:
    assert clean_environment()
    with serving(tmp_path, "--port", "0", "--database", "sqlite://", *arguments) as (process, _):
        process.terminate()
        _, errors = process.communicate(timeout=20)
    assert ("Warning: other machines may reach 0.0.0.0" in errors) == warned
