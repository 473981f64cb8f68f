"""The command ``flow-emulator``: its ready line, its ending, and how it refuses bad settings."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from emulator import __version__
from emulator.revision import described
from emulator.settings import BadSetting, Settings, from_environment

HEADERS = {"Authorization": "Bearer t", "x-api-key": "k", "x-gw-ims-org-id": "COMMAND@AdobeOrg"}
CONNECTIONS = "/data/foundation/flowservice/connections"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "emulator", *arguments]


def clean_environment(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FLOW_EMULATOR_")} | more


@contextmanager
def serving(folder: Path, *arguments: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, and the address it says it listens on."""
    process = subprocess.Popen(
        command("serve", *arguments),
        cwd=folder,
        env=clean_environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    match = re.fullmatch(r"listening on (http://\S+:\d+)\n", line)
    try:
        assert match, (line, process.stderr and process.stderr.read())
        yield process, match[1]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_with_status_0_when_told_to(tmp_path: Path, sent: signal.Signals) -> None:
    with serving(tmp_path, "--port", "0") as (process, url):
        with httpx.Client(base_url=url, headers=HEADERS) as http:
            assert http.get("/__admin/ready").status_code == 200
            process.send_signal(sent)
            assert process.wait(10) == 0
    assert (tmp_path / "flow-emulator.db").exists()


def test_several_workers_serve_one_database_and_end_with_status_0(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0", "--workers", "2") as (process, url):
        ids = set()
        for _ in range(20):
            with httpx.Client(base_url=url, headers=HEADERS) as http:
                body = {
                    "name": "x",
                    "connectionSpec": {"id": "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3"},
                    "auth": {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "x"}},
                }
                ids.add(http.post(CONNECTIONS, json=body).json()["id"])
                assert http.get(f"{CONNECTIONS}?count=true").json() == {"count": len(ids)}
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_variables_are_read_and_flags_win(tmp_path: Path) -> None:
    variables = {"FLOW_EMULATOR_AUTH": "off", "FLOW_EMULATOR_DATABASE": "sqlite://", "FLOW_EMULATOR_PORT": "1"}
    with serving(tmp_path, "--port", "0", "--auth", "strict", **variables) as (_, url):
        config = httpx.get(f"{url}/__admin/config").json()
    assert (config["auth"], config["database"], config["port"]) == ("strict", "sqlite://", 0)


def test_links_begin_with_the_public_url(tmp_path: Path) -> None:
    arguments = ["--port", "0", "--database", "sqlite://", "--public-url", "https://emulator.example.com/aep"]
    with serving(tmp_path, *arguments) as (_, url), httpx.Client(base_url=url, headers=HEADERS) as http:
        auth = {"specName": "Streaming Connection", "params": {"dataType": "raw"}}
        body = {"name": "x", "connectionSpec": {"id": "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb"}, "auth": auth}
        made = http.post(CONNECTIONS, json=body).json()["id"]
        params = http.get(f"{CONNECTIONS}/{made}").json()["items"][0]["auth"]["params"]
    assert params["inletUrl"] == f"https://emulator.example.com/aep/collection/{params['inletId']}"


def refused(folder: Path, *arguments: str, **variables: str) -> str:
    """The one line with which a start is refused."""
    done = subprocess.run(
        command("serve", *arguments), cwd=folder, env=clean_environment(**variables), capture_output=True, text=True
    )
    assert done.returncode == 1, done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--auth", "lax"], "Error: --auth lax: expected presence, strict, off"),
        (["--port", "70000"], "Error: --port 70000: expected 0 to 65535, 0 takes a free one"),
        (["--seed", "none.json"], "Error: --seed none.json: there is no such file or folder"),
        (["--sources", "none"], "Error: --sources none: there is no such folder"),
        (["--workers", "0"], "Error: --workers 0: expected 1 to 64"),
        (["--log-level", "loud"], "Error: --log-level loud: expected debug, info, warning, error"),
        (["--public-url", "here"], "Error: --public-url here: expected something like https://emulator.example.com"),
        (["--database", "mysql://x"], "Error: --database: database 'mysql' is not supported: use sqlite or "),
        (["--database", "nonsense"], "Error: --database: cannot read database URL 'nonsense'"),
        (["--database", "sqlite:////no/such/folder/e.db"], "Error: cannot open database sqlite:////no/such/folder"),
    ],
)
def test_a_bad_value_stops_the_start_with_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    assert refused(tmp_path, *arguments).startswith(message)


def test_an_unknown_variable_stops_the_start(tmp_path: Path) -> None:
    line = refused(tmp_path, FLOW_EMULATOR_PROT="80")
    assert line.startswith("Error: FLOW_EMULATOR_PROT: there is no such setting; known are FLOW_EMULATOR_ADMIN_TOKEN")


def test_a_port_in_use_stops_the_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = refused(tmp_path, "--port", port, "--database", "sqlite://")
    assert line == f"Error: cannot listen on 127.0.0.1:{port}: Address already in use"


def test_a_bad_seed_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text("{}", encoding="utf-8")
    line = refused(tmp_path, "--seed", "seed.json", "--port", "0", "--database", "sqlite://")
    assert line.startswith("Error: seed.json:1: format: expected an object with")


def test_the_demo_walks_to_landed_records(tmp_path: Path) -> None:
    done = subprocess.run(command("demo"), cwd=tmp_path, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("150 records went from the source through the mapping into the dataset.\n")
    for step in ("POST /ims/token/v3", "POST /data/foundation/flowservice/flows", "DELETE /data/foundation"):
        assert step in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("shell", "begins"),
    [("bash", "_flow_emulator_completion()"), ("zsh", "#compdef flow-emulator"), ("fish", "function")],
)
def test_shells_are_told_how_to_complete_it(shell: str, begins: str) -> None:
    environment = clean_environment(_FLOW_EMULATOR_COMPLETE=f"{shell}_source")
    done = subprocess.run(command(), env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip().startswith(begins), done


def test_completion_knows_verbs_and_flags() -> None:
    def completed(words: str, number: int) -> set[str]:
        told = {"_FLOW_EMULATOR_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
        done = subprocess.run(command(), env=clean_environment(**told), capture_output=True, text=True, check=False)
        return {line.split(",")[1] for line in done.stdout.splitlines()}

    assert {"serve", "exec", "ready", "clock", "demo", "map"} <= completed("flow-emulator ", 1)
    assert completed("flow-emulator serve --tls-f", 2) == {"--tls-folder"}


def test_the_version_is_the_release_and_the_commit() -> None:
    done = subprocess.run(
        [*command(), "--version"], env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert re.fullmatch(rf"flow-service-emulator {re.escape(__version__)}( \(\S+\))?\n", done.stdout)


def test_a_commit_is_told_where_git_knows_one_and_not_elsewhere(tmp_path: Path) -> None:
    assert described(tmp_path) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"], ["tag", "v1.2.3"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    assert described(tmp_path) == "v1.2.3"


def test_it_is_ready_soon(tmp_path: Path) -> None:
    """The budget is half a second on a quiet machine and is measured by the benchmark; this only catches a stall."""
    began = time.monotonic()
    with serving(tmp_path, "--port", "0", "--database", "sqlite://"):
        assert time.monotonic() - began < 10


def test_the_same_seed_makes_the_same_ids(tmp_path: Path) -> None:
    made = []
    for _ in range(2):
        arguments = ["--port", "0", "--database", "sqlite://", "--random-seed", "7", "--clock", "2026-01-31T12:00:00Z"]
        with serving(tmp_path, *arguments) as (_, url):
            form = {"client_id": "c", "client_secret": "s"}
            sandbox = httpx.get(f"{url}/data/foundation/sandbox-management/sandboxes", headers=HEADERS)
            made.append((sandbox.text, httpx.post(f"{url}/ims/token/v3", data=form).headers["x-request-id"]))
    assert made[0][1] == made[1][1]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"workers": 2, "database": "sqlite://"}, "--workers needs a database that processes can share"),
        ({"workers": 2, "random_seed": 5}, "--workers and --random-seed exclude each other"),
        ({"clock": "noon"}, "--clock noon: expected real, frozen or an instant"),
        ({"public_url": "https://x/"}, "leave the slash at the end out"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(flags: dict[str, object], message: str) -> None:
    with pytest.raises(BadSetting, match=re.escape(message)):
        from_environment({}, flags)


def test_settings_survive_the_way_to_another_process(tmp_path: Path) -> None:
    settings = Settings(port=5, seed=(tmp_path,), sources=tmp_path, auth="off", workers=3, clock="2026-01-31T12:00:00Z")
    assert from_environment(settings.as_environment()) == settings


def test_the_url_that_other_verbs_read_is_no_setting_of_a_server() -> None:
    assert from_environment({"FLOW_EMULATOR_URL": "http://127.0.0.1:1", "PATH": "x"}) == Settings()


def test_the_clock_verbs_show_stop_set_and_advance_it(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0", "--database", "sqlite://") as (_, url):

        def clock(*words: str, status: int = 0) -> str:
            done = subprocess.run(
                [*command("clock"), *words, "--url", url], env=clean_environment(), capture_output=True, text=True
            )
            assert done.returncode == status, done.stderr
            return done.stdout + done.stderr

        assert "(real)" in clock("show")
        assert "(frozen)" in clock("freeze")
        assert clock("set", "2030-01-01T00:00:00Z") == "2030-01-01T00:00:00.000Z (frozen)\n"
        assert clock("advance", "P1D") == "2030-01-02T00:00:00.000Z, 0 runs\n"
        assert "is no instant" in clock("advance", "tomorrow", status=1)
        assert "(real)" in clock("real", "--force")


def test_a_verb_without_a_server_says_where_it_looked(tmp_path: Path) -> None:
    done = subprocess.run(
        [*command("clock"), "show", "--url", "http://127.0.0.1:1"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "no emulator answers at http://127.0.0.1:1" in done.stderr


def test_in_a_terminal_a_bar_shows_how_far_time_has_come(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0", "--database", "sqlite://", "--clock", "frozen") as (_, url):
        screen, terminal = pty.openpty()
        process = subprocess.Popen(
            [*command("clock"), "advance", "P1D", "--url", url],
            env=clean_environment(TERM="xterm"),
            stderr=terminal,
            stdout=subprocess.DEVNULL,
        )
        assert process.wait(timeout=30) == 0
        os.close(terminal)
        seen = os.read(screen, 10_000).decode()
        os.close(screen)
    assert "time passes" in seen
    assert "100%" in seen
