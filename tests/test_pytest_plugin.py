"""The pytest plugin as a project uses it: every inner run is a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from emulator import pytest_plugin
from emulator.testing import Emulator
from tests.test_readme import ROOT, blocks
from tests.test_testing import TOKEN

pytest_plugins = "pytester"
# Each starts processes of its own.
pytestmark = pytest.mark.slow
Run = Callable[..., pytest.RunResult]
# What tests of a project would import, before and after their own first lines.
HEAD = """
import json, sys, unittest, urllib.request
from datetime import UTC, datetime
import pytest

def config(emulator, token=None):
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    asked = urllib.request.Request(f"{emulator.url}/__admin/config", headers=headers)
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)

FLOWS = "/data/foundation/flowservice/flows"
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs tests with this tree's plugin, whatever is installed beside it."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("FLOW_EMULATOR_URL", "FLOW_EMULATOR_ADMIN_TOKEN", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)

    def go(tests: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_inner=HEAD + tests)
        plugins = ("-p", "emulator.pytest_plugin", "-p", "no:cacheprovider", "-W", "error")
        return pytester.runpytest_subprocess(*plugins, *arguments)

    return go


@pytest.fixture(scope="module")
def guarded() -> Iterator[Emulator]:
    """A server that runs already and asks administrators for a token."""
    with Emulator(admin_token=TOKEN) as running:
        yield running


def test_a_test_gets_a_server_and_an_organisation_of_its_own(run: Run) -> None:
    tests = """
seen = []

@pytest.mark.parametrize("number", [1, 2])
def test_a_tenant(flow_emulator, aep, number):
    assert aep.url == flow_emulator.url
    assert aep.headers["x-gw-ims-org-id"] == aep.org and aep.headers["x-sandbox-name"] == aep.sandbox
    assert aep.org not in seen
    seen.append(aep.org)
    assert aep.http.get(FLOWS).json()["items"] == []
    flow = aep.flow([{"email": "ada@example.com"}])
    flow.wait()
    assert len(flow.records()) == 1

@pytest.mark.parametrize("number", [1, 2])
def test_two_tenants(flow_emulator, aep, number):
    with flow_emulator.aep() as other:
        assert other.org != aep.org
"""
    run(tests).assert_outcomes(passed=4)


def test_the_bench_is_put_back_when_a_test_ends(run: Run) -> None:
    tests = """
def test_it_is_moved(aep, aep_clock, aep_faults, aep_requests):
    aep_clock.freeze("2026-01-31T12:00:00Z")
    aep_clock.advance("P7D")
    assert aep_clock.now() == datetime(2026, 2, 7, 12, tzinfo=UTC)
    aep_faults.add(match={"path": "*/flows"}, effect={"status": 429}, times=5)
    assert aep.http.get(FLOWS).status_code == 429
    assert aep_requests.count(method="GET", path="*/flows", status=429) == 1
    assert [call["path"] for call in aep_requests.list()] == [FLOWS]

def test_it_is_back(flow_emulator, aep, aep_clock, aep_requests):
    assert aep_clock.state().mode == "real"
    assert abs(aep_clock.now() - datetime.now(UTC)).total_seconds() < 60
    assert aep_requests.count() == 0
    assert aep.http.get(FLOWS).status_code == 200
    assert aep.http.get("/__admin/faults").json()["count"] == 0

def test_it_is_moved_by_a_test_that_fails(aep_clock, aep_faults):
    aep_clock.freeze("2020-01-01T00:00:00Z")
    aep_faults.add(effect={"status": 503})
    raise LookupError("of the test")

def test_it_is_back_all_the_same(aep, aep_clock):
    assert aep_clock.state().mode == "real"
    assert aep.http.get("/__admin/faults").json()["count"] == 0
"""
    result = run(tests)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*LookupError: of the test"])


def test_nothing_of_the_server_is_loaded_before_a_test_asks(run: Run) -> None:
    tests = """
LATER = ("emulator.testing", "emulator.server", "emulator.settings", "emulator.app", "starlette", "uvicorn",
         "sqlalchemy", "httpx", "http.client")
before = [name for name in LATER[:-1] if name in sys.modules]

def test_without():
    assert before == [name for name in LATER[:-1] if name in sys.modules] == []

def test_with(aep):
    assert "emulator.server" in sys.modules and "httpx" not in sys.modules
"""
    run(tests).assert_outcomes(passed=2)


def test_a_server_that_runs_elsewhere_needs_nothing_of_the_server_here(run: Run, guarded: Emulator) -> None:
    tests = """
def test_it(aep):
    assert not {"emulator.server", "emulator.app", "sqlalchemy", "uvicorn"} & set(sys.modules)
"""
    arguments = ("--flow-emulator-url", guarded.url, "--flow-emulator-admin-token", TOKEN)
    run(tests, *arguments).assert_outcomes(passed=1)


def test_the_server_is_set_up_by_the_projects_file(run: Run, pytester: pytest.Pytester) -> None:
    pytester.mkdir("records")
    pytester.makefile(".json", seeds='{"format": 1, "tenants": []}')
    pytester.makeini(f"""
        [pytest]
        flow_emulator_database = sqlite:///{{worker}}.db
        flow_emulator_auth = strict
        flow_emulator_clock = 2026-01-31T12:00:00Z
        flow_emulator_seed =
            seeds.json
            tutorials
        flow_emulator_sources = records
        flow_emulator_random_seed = 0
        flow_emulator_admin_token = {TOKEN}
    """)
    tests = f"""
from pathlib import Path

def test_it(flow_emulator, aep, aep_clock, request):
    told = config(flow_emulator, "{TOKEN}")
    home = request.config.rootpath
    assert told["database"].endswith("main.db") and Path("main.db").exists()
    assert told["auth"] == "strict" and told["clock"] == "2026-01-31T12:00:00Z" and told["random_seed"] == 0
    assert told["seed"] == [str(home / "seeds.json"), "tutorials"] and told["sources"] == str(home / "records")
    assert aep_clock.state().mode == "frozen"
    assert aep.org == "TEST1@AdobeOrg"
    assert aep.http.get(FLOWS).status_code == 200
    assert aep.http.get(FLOWS, headers={{"Authorization": "Bearer other"}}).status_code == 401
    assert aep.http.get("/__admin/config").status_code == 401
"""
    run(tests).assert_outcomes(passed=1)


def test_the_command_line_goes_over_the_projects_file(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nflow_emulator_auth = strict\nflow_emulator_seed = tutorials\n")
    tests = """
@pytest.fixture(scope="session")
def flow_emulator_settings():
    return {"journal": 7, "auth": "presence"}

def test_it(flow_emulator):
    told = config(flow_emulator)
    assert (told["auth"], told["seed"], told["journal"]) == ("off", ["busy"], 7)
"""
    run(tests, "--flow-emulator-auth=off", "--flow-emulator-seed=busy").assert_outcomes(passed=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--flow-emulator-auth=none", "--auth none: expected presence, strict, off"),
        ("--flow-emulator-clock=noon", "--clock noon: expected real, frozen or an instant"),
        ("--flow-emulator-random-seed=x", "--flow-emulator-random-seed x: expected a whole number"),
        ("--flow-emulator-url=localhost", "localhost is no address such as http://127.0.0.1:8237"),
        ("--flow-emulator-url=http://127.0.0.1:1", "no emulator answers at http://127.0.0.1:1"),
        ("--flow-emulator-seed=bad.json", "bad.json:1: tenants[[]0].flow: there is no such key; did you mean flows?"),
        ("--flow-emulator-database=sqlite:///no/such/folder/file.db", "no/such/folder/file.db"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_line(run: Run, pytester: pytest.Pytester, argument: str, said: str) -> None:
    pytester.makefile(".json", bad='{"format": 1, "tenants": [{"org": "A", "flow": []}]}')
    result = run("def test_it(aep): pass\ndef test_other(aep): pass", argument)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines([f"Flow Service emulator: *{said}*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*During handling*")
    assert len([line for line in result.outlines if line.startswith("Flow Service emulator: ")]) == 2


def test_a_port_that_is_taken_is_told_in_a_line(run: Run, guarded: Emulator) -> None:
    port = guarded.url.rsplit(":", 1)[1]
    settings = f"""
@pytest.fixture(scope="session")
def flow_emulator_settings():
    return {{"port": {port}}}
"""
    result = run(f"{settings}\ndef test_it(aep): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"Flow Service emulator: cannot listen on 127.0.0.1:{port}: Address already in use"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_address_and_token_come_from_the_variables_of_the_verbs(
    run: Run, guarded: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_EMULATOR_URL", guarded.url)
    tests = f"""
def test_it(aep, aep_faults, aep_clock):
    assert aep.url == "{guarded.url}"
    assert aep.http.get(FLOWS).status_code == 200
"""
    refused = run(tests)
    refused.assert_outcomes(errors=1)
    refused.stdout.fnmatch_lines(["*it asks for an admin token*"])
    monkeypatch.setenv("FLOW_EMULATOR_ADMIN_TOKEN", TOKEN)
    run(tests).assert_outcomes(passed=1)


def test_settings_of_a_server_that_runs_already_are_refused(run: Run, guarded: Emulator) -> None:
    result = run("def test_it(aep): pass", f"--flow-emulator-url={guarded.url}", "--flow-emulator-auth=off")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*--flow-emulator-auth: the server at * runs already*"])


@pytest.mark.slow
def test_every_worker_of_xdist_has_a_server_of_its_own(run: Run, pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.parametrize("number", range(10))
def test_it(aep, aep_clock, aep_faults, aep_requests, worker_id, number):
    instant = datetime(2026, 1, 1 + number, tzinfo=UTC)
    aep_clock.freeze(instant)
    aep_faults.add(effect={"status": 503}, times=1)
    assert [aep.http.get(FLOWS).status_code for _ in range(2)] == [503, 200]
    assert aep_clock.now() == instant
    assert aep_requests.count() == 2
    assert worker_id in config_database(aep)

def config_database(aep):
    return aep.http.get("/__admin/config").json()["database"]
"""
    result = run(tests, "-p", "xdist", "-n", "2", "--flow-emulator-database", "sqlite:///{worker}.db")
    result.assert_outcomes(passed=10)
    assert {path.name for path in pytester.path.glob("*.db")} == {"gw0.db", "gw1.db"}


@pytest.mark.slow
def test_workers_that_share_a_server_have_tenants_of_their_own(run: Run, guarded: Emulator) -> None:
    tests = """
@pytest.mark.parametrize("number", range(10))
def test_it(aep, aep_faults, aep_requests, number):
    aep_faults.add(effect={"status": 503}, times=1)
    assert [aep.http.get(FLOWS).status_code for _ in range(2)] == [503, 200]
    assert len(aep_requests.list()) == 2
"""
    arguments = ("--flow-emulator-url", guarded.url, "--flow-emulator-admin-token", TOKEN)
    run(tests, "-p", "xdist", "-n", "2", *arguments).assert_outcomes(passed=10)


def test_classes_of_unittest_use_the_fixtures(run: Run) -> None:
    tests = """
@pytest.mark.usefixtures("aep_clock")
class FlowsTest(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _tenant(self, aep, aep_clock):
        self.aep, self.clock = aep, aep_clock

    def test_first(self):
        self.clock.freeze("2026-01-31T12:00:00Z")
        self.aep.flow([{"n": 1}]).wait()

    def test_second(self):
        self.assertEqual(self.clock.state().mode, "real")
        self.assertEqual(self.aep.http.get(FLOWS).json()["items"], [])
"""
    run(tests).assert_outcomes(passed=2)


CASES = """
import unittest
from emulator.testing import TestCase

class FlowsTest(TestCase):
    settings = {"clock": "2026-01-31T12:00:00Z"}

    def test_first(self):
        self.aep.faults.add(effect={"status": 503})
        self.clock.advance("P1D")
        self.assertEqual(self.aep.flow([{"n": 1}]).wait()["metrics"]["recordSummary"]["outputRecordCount"], 1)

    def test_second(self):
        self.assertEqual(self.clock.now().day, 31)
        self.assertEqual(self.aep.http.get("/data/foundation/flowservice/flows").json()["items"], [])

if __name__ == "__main__":
    unittest.main()
"""


def test_a_test_case_of_ours_runs_without_pytest(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pytester.makepyfile(test_cases=CASES)
    alone = pytester.runpython(path)
    alone.stderr.fnmatch_lines(["Ran 2 tests*", "OK"])
    alone.stderr.no_fnmatch_line("*Traceback*")
    run("", str(path)).assert_outcomes(passed=2)


def test_a_test_case_of_ours_uses_the_server_that_runs(
    pytester: pytest.Pytester, run: Run, guarded: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_EMULATOR_URL", guarded.url)
    monkeypatch.setenv("FLOW_EMULATOR_ADMIN_TOKEN", TOKEN)
    tests = f"""
from emulator.testing import TestCase

class FlowsTest(TestCase):
    def test_it(self):
        self.assertEqual(self.aep.url, "{guarded.url}")
"""
    run(tests).assert_outcomes(passed=1)


def test_the_package_tells_pytest_of_the_plugin() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"flow_emulator": "emulator.pytest_plugin"}
    assert {line.split(">")[0] for line in project["optional-dependencies"]["pytest"]} == {"httpx", "pytest"}


def test_the_package_brings_its_types() -> None:
    assert (ROOT / "emulator" / "py.typed").exists()


def test_every_option_is_shown_with_its_meaning(run: Run) -> None:
    shown = run("", "--help").stdout.str()
    for name in ("url", "admin-token", "database", "auth", "clock", "seed", "sources", "random-seed"):
        assert f"--flow-emulator-{name}" in shown
        assert f"flow_emulator_{name.replace('-', '_')}" in shown


def page(title: str) -> str:
    """The code of the page that begins so, or has it in it."""
    (found,) = [block for block in blocks(ROOT / "docs" / "pytest.md", "python") if title in block]
    return found


def test_the_examples_of_the_page_run_as_they_stand(run: Run) -> None:
    tests = page("# test_orders.py") + page("# test_flows.py")
    run(tests).assert_outcomes(passed=4)


@pytest.mark.parametrize("title", ["with Emulator(clock", "in_process(auth"])
def test_the_scripts_of_the_page_run_as_they_stand(title: str, run: Run, pytester: pytest.Pytester) -> None:
    assert pytester.runpython(pytester.makepyfile(script=page(title))).ret == 0


def test_the_example_of_the_readme_runs_as_it_stands(run: Run) -> None:
    (example,) = blocks(ROOT / "README.md", "python")
    run(example).assert_outcomes(passed=1)


def test_every_option_is_on_the_page() -> None:
    text = (ROOT / "docs" / "pytest.md").read_text(encoding="utf-8")
    for name in pytest_plugin._SERVERS | pytest_plugin._SETTINGS:
        assert f"`{name}`" in text
