"""``flow-emulator exec`` and ``ready``: a program beside a server of its own, and waiting for one."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emulator.companion import variables
from tests.test_command import clean_environment, command, serving

ASK = "import json,os,urllib.request as u;print(json.load(u.urlopen(os.environ['FLOW_EMULATOR_URL']+'/__admin/{}')))"
# Says that it has begun, then what it is told.
# Each starts processes of its own.
pytestmark = pytest.mark.slow
LISTEN = """
import signal, sys, time
def told(number, frame):
    print(signal.Signals(number).name, flush=True)
    sys.exit(7)
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, told)
print("begun", flush=True)
time.sleep(30)
"""


def execute(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("exec", *arguments),
        cwd=folder,
        env=clean_environment(**more),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_finds_its_server_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = execute(tmp_path, "--", sys.executable, "-c", ASK.format("ready"))
    assert (done.stdout, done.stderr, done.returncode) == ("{'status': 'ready'}\n", "", 0)
    assert list(tmp_path.iterdir()) == []


def test_what_follows_the_command_is_its_own_also_without_dashes(tmp_path: Path) -> None:
    done = execute(tmp_path, sys.executable, "-c", "import sys; print(sys.argv[1:])", "--port", "x", "--", "-h")
    assert done.stdout == "['--port', 'x', '--', '-h']\n"


def test_flags_and_variables_of_serve_hold(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/kept.db"
    asking = ["--", sys.executable, "-c", ASK.format("config")]
    done = execute(tmp_path, "--auth", "off", *asking, FLOW_EMULATOR_DATABASE=database)
    assert "'auth': 'off'" in done.stdout
    assert (tmp_path / "kept.db").exists()


def test_one_process_serves_whatever_the_variable_for_servers_says(tmp_path: Path) -> None:
    done = execute(tmp_path, "--", sys.executable, "-c", ASK.format("config"), FLOW_EMULATOR_WORKERS="4")
    assert "'workers': 1," in done.stdout, done.stderr


@pytest.mark.parametrize("status", [0, 3, 255])
def test_it_ends_with_the_status_of_the_command(tmp_path: Path, status: int) -> None:
    assert execute(tmp_path, "--", sys.executable, "-c", f"import sys; sys.exit({status})").returncode == status


def test_a_command_that_a_signal_ends_gives_the_status_that_shells_give(tmp_path: Path) -> None:
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert execute(tmp_path, "--", sys.executable, "-c", killed).returncode == 128 + signal.SIGKILL


def test_a_command_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    done = execute(tmp_path, "--", "no-such-command-here")
    assert (done.returncode, done.stderr) == (127, "flow-emulator: no-such-command-here: there is no such command\n")
    (tmp_path / "text").write_text("no program", encoding="utf-8")
    done = execute(tmp_path, "--", str(tmp_path / "text"))
    assert (done.returncode, "Permission denied" in done.stderr) == (126, True)


def test_without_a_command_it_says_what_is_missing(tmp_path: Path) -> None:
    done = execute(tmp_path)
    assert done.returncode == 2
    assert "Missing argument 'COMMAND...'" in done.stderr


def test_a_bad_setting_stops_it_before_the_command(tmp_path: Path) -> None:
    done = execute(tmp_path, "--auth", "lax", "--", sys.executable, "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: --auth lax")


SEEN = """
import os, urllib.request
headers = {"Authorization": "Bearer " + os.environ["ACCESS_TOKEN"], "x-api-key": os.environ["API_KEY"],
           "x-gw-ims-org-id": os.environ["IMS_ORG"]}
asked = urllib.request.Request(os.environ["PLATFORM_GATEWAY"] + "/data/foundation/flowservice/flows", headers=headers)
print(urllib.request.urlopen(asked).status)
"""


def test_with_strict_identity_the_command_has_a_token_that_is_good(tmp_path: Path) -> None:
    for more in ({}, {"API_KEY": "mine"}):
        done = execute(tmp_path, "--auth", "strict", "--", sys.executable, "-c", SEEN, **more)
        assert (done.stdout, done.stderr) == ("200\n", "")


def test_a_verb_beside_a_guarded_server_has_its_token(tmp_path: Path) -> None:
    done = execute(tmp_path, "--admin-token", "abc", "--", *command("clock", "show"))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_a_verb_beside_a_server_without_admin_names_the_flag(tmp_path: Path) -> None:
    done = execute(tmp_path, "--no-admin", "--", *command("clock", "show"))
    assert (done.returncode, done.stderr.endswith("Was it started with --no-admin?\n")) == (1, True), done.stderr


def test_a_server_that_others_may_reach_says_so(tmp_path: Path) -> None:
    done = execute(tmp_path, "--host", "0.0.0.0", "--", sys.executable, "-c", "")
    assert done.stderr.startswith("Warning: other machines may reach 0.0.0.0: ")


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_are_passed_on_to_the_command(tmp_path: Path, sent: signal.Signals) -> None:
    process = subprocess.Popen(
        command("exec", "--", sys.executable, "-c", LISTEN),
        cwd=tmp_path,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(sent)
    rest, _ = process.communicate(timeout=30)
    assert (rest, process.returncode) == (f"{sent.name}\n", 7)


def test_an_interrupt_from_a_terminal_reaches_the_command_once(tmp_path: Path) -> None:
    child, screen = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execve(sys.executable, command("exec", "--", sys.executable, "-c", LISTEN), clean_environment())
    seen = b""
    while b"begun" not in seen:
        seen += os.read(screen, 1000)
    os.write(screen, b"\x03")
    _, status = os.waitpid(child, 0)
    seen += os.read(screen, 1000)
    os.close(screen)
    assert (seen.count(b"SIGINT"), os.waitstatus_to_exitcode(status)) == (1, 7)


def test_clients_are_told_by_the_variables_that_they_read() -> None:
    given = {"NO_PROXY": "example.com", "IMS_ORG": "MINE@AdobeOrg", "IMS": "ims-na1.adobelogin.com", "PATH": "/bin"}
    told = variables("http://127.0.0.1:1234", given)
    assert told["FLOW_EMULATOR_URL"] == told["PLATFORM_GATEWAY"] == "http://127.0.0.1:1234"
    # Whoever asks for a token asks here, whatever the address was.
    assert told["IMS"] == "127.0.0.1:1234"
    assert (told["NO_PROXY"], told["no_proxy"]) == ("example.com,127.0.0.1", "127.0.0.1")
    assert (told["IMS_ORG"], told["PATH"], told["API_KEY"]) == ("MINE@AdobeOrg", "/bin", "any")
    assert "SSL_CERT_FILE" not in told
    assert "FLOW_EMULATOR_ADMIN_TOKEN" not in told
    assert variables("http://x", {"ACCESS_TOKEN": "own"}, token=str.upper)["ACCESS_TOKEN"] == "own"
    trusting = variables("https://127.0.0.1:1234", given, "ca.pem")
    assert {name for name, value in trusting.items() if value == "ca.pem"} == {
        "CURL_CA_BUNDLE",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
    }


def look(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("ready", *arguments), env=clean_environment(), capture_output=True, text=True, check=False
    )


def test_ready_says_whether_a_server_is(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0", "--database", "sqlite://") as (_, url):
        done = look("--url", url)
        assert (done.returncode, done.stdout) == (0, f"ready at {url}\n")
    done = look("--url", url)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: not ready within 0 s: no emulator answers at {url}")


def test_ready_waits_for_a_server_that_starts(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0", "--database", "sqlite://") as (_, url):
        port = url.rsplit(":", 1)[1]
    waiting = subprocess.Popen(
        command("ready", "--wait", "60", "--url", url), env=clean_environment(), stdout=subprocess.PIPE, text=True
    )
    time.sleep(0.2)
    with serving(tmp_path, "--port", port, "--database", "sqlite://"):
        printed, _ = waiting.communicate(timeout=60)
    assert (printed, waiting.returncode) == (f"ready at {url}\n", 0)
