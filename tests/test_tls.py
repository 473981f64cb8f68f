"""TLS under the names of the real hosts: a local authority that is kept, and certificates of one's own."""

from __future__ import annotations

import shutil
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography import x509

from emulator import certificates
from emulator.server import Background, CannotListen
from emulator.settings import BadSetting, Settings, from_environment
from tests.test_command import clean_environment, command, refused

HEADERS = {"Authorization": "Bearer t", "x-api-key": "k", "x-gw-ims-org-id": "TLS@AdobeOrg"}
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def settings(folder: Path, **more: str) -> Settings:
    return Settings(port=0, database="sqlite://", tls="auto", tls_folder=folder / "tls", **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def secure(folder: Path) -> Iterator[Background]:
    with Background(settings(folder)) as running:
        yield running


def trusting(folder: Path) -> httpx.Client:
    return httpx.Client(verify=ssl.create_default_context(cafile=str(folder / "tls" / "ca.pem")))


def call(http: httpx.Client, server: Background, host: str, method: str, path: str, **more: object) -> httpx.Response:
    """As a machine would that takes ``host`` for this one: the name is in the handshake and in the request."""
    headers = HEADERS | {"Host": host}
    return http.request(method, server.url + path, headers=headers, extensions={"sni_hostname": host}, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["platform.adobe.io", "dcs.adobedc.net", "ims-na1.adobelogin.com", "localhost"])
def test_the_certificate_names_the_real_hosts(folder: Path, secure: Background, host: str) -> None:
    assert secure.url.startswith("https://127.0.0.1:")
    with trusting(folder) as http:
        assert call(http, secure, host, "GET", "/__admin/health").status_code == 200
        assert http.get(f"{secure.url}/__admin/health").status_code == 200


def test_a_client_that_does_not_trust_the_authority_refuses(secure: Background) -> None:
    with httpx.Client(verify=ssl.create_default_context(cafile=None)) as http:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            http.get(f"{secure.url}/__admin/health")


def test_a_host_that_is_not_named_is_refused(folder: Path, secure: Background) -> None:
    with trusting(folder) as http, pytest.raises(httpx.ConnectError, match="Hostname mismatch"):
        call(http, secure, "www.example.com", "GET", "/__admin/health")


def test_token_platform_and_stream_answer_under_their_own_hosts(folder: Path, secure: Background) -> None:
    with trusting(folder) as http:
        form = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}
        token = call(http, secure, "ims-na1.adobelogin.com", "POST", "/ims/token/v3", data=form)
        assert token.json()["token_type"] == "bearer"
        auth = {"specName": "Streaming Connection", "params": {"dataType": "raw"}}
        body = {"name": "x", "connectionSpec": {"id": "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb"}, "auth": auth}
        connections = "/data/foundation/flowservice/connections"
        made = call(http, secure, "platform.adobe.io", "POST", connections, json=body).json()["id"]
        shown = call(http, secure, "platform.adobe.io", "GET", f"{connections}/{made}").json()
        params = shown["items"][0]["auth"]["params"]
        assert params["inletUrl"] == f"https://platform.adobe.io/collection/{params['inletId']}"
        sent = call(http, secure, "dcs.adobedc.net", "POST", f"/collection/{params['inletId']}", json={"a": 1})
        # No flow takes its messages; it is the inlet that says so.
        assert sent.status_code == 400
        assert params["inletId"] in sent.text


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "tls").iterdir())}


def test_keys_are_nobody_elses_to_read(folder: Path, secure: Background) -> None:
    for path in (folder / "tls").iterdir():
        if b"PRIVATE KEY" in path.read_bytes():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert set(files(folder)) == {".gitignore", "ca-key.pem", "ca.pem", "server.pem"}
    assert b"PRIVATE KEY" not in files(folder)["ca.pem"]


def test_a_restart_keeps_authority_and_certificate(tmp_path: Path) -> None:
    for _ in range(2):
        with Background(settings(tmp_path)) as running, trusting(tmp_path) as http:
            assert http.get(f"{running.url}/__admin/health").status_code == 200
        kept = files(tmp_path)
        certificates.prepare(tmp_path / "tls", ["localhost"], datetime.now(UTC))
        assert files(tmp_path) == kept


def names(server: Path) -> set[str]:
    leaf = x509.load_pem_x509_certificate(server.read_bytes())
    return {str(name.value) for name in leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value}


@pytest.mark.parametrize("later", [timedelta(days=361), timedelta(days=1000)])
def test_a_certificate_that_ends_soon_is_renewed_by_the_same_authority(tmp_path: Path, later: timedelta) -> None:
    server = certificates.prepare(tmp_path / "tls", ["localhost"], NOW)
    before = files(tmp_path)
    certificates.prepare(tmp_path / "tls", ["localhost"], NOW + timedelta(days=359))
    assert files(tmp_path) == before
    certificates.prepare(tmp_path / "tls", ["localhost"], NOW + later)
    after = files(tmp_path)
    assert after["server.pem"] != before["server.pem"]
    assert after["ca.pem"] == before["ca.pem"]
    assert x509.load_pem_x509_certificate(server.read_bytes()).not_valid_after_utc > NOW + later


def test_a_certificate_that_lacks_a_host_is_made_anew(tmp_path: Path) -> None:
    server = certificates.prepare(tmp_path / "tls", ["localhost"], NOW)
    certificates.prepare(tmp_path / "tls", ["localhost", "emulator.example.com"], NOW)
    assert names(server) == {"localhost", "emulator.example.com"}


def test_the_host_of_the_public_url_is_named(tmp_path: Path) -> None:
    with Background(settings(tmp_path, public_url="https://emulator:8237")) as running, trusting(tmp_path) as http:
        assert call(http, running, "emulator", "GET", "/__admin/health").status_code == 200


def test_what_is_broken_is_made_anew_and_what_cannot_be_is_said(tmp_path: Path) -> None:
    server = certificates.prepare(tmp_path / "tls", ["localhost"], NOW)
    server.write_text("half a", encoding="utf-8")
    certificates.prepare(tmp_path / "tls", ["localhost"], NOW)
    assert names(server) == {"localhost"}
    (tmp_path / "tls" / "ca-key.pem").write_text("nonsense", encoding="utf-8")
    with pytest.raises(certificates.NoCertificate, match="--tls-folder"):
        certificates.prepare(tmp_path / "tls", ["localhost"], NOW)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CannotListen, match="--tls-folder"):
        Background(Settings(port=0, database="sqlite://", tls="auto", tls_folder=tmp_path / "file"))


def own_files(folder: Path) -> tuple[Path, Path]:
    made = trustme.CA().issue_cert("localhost", "127.0.0.1")
    made.cert_chain_pems[0].write_to_path(folder / "own.pem")
    made.private_key_pem.write_to_path(folder / "own-key.pem")
    return folder / "own.pem", folder / "own-key.pem"


def test_own_files_are_used_as_they_are(tmp_path: Path) -> None:
    certificate, key = own_files(tmp_path)
    with Background(Settings(port=0, database="sqlite://", tls_cert=certificate, tls_key=key)) as running:
        port = int(running.url.rsplit(":", 1)[1])
        served = ssl.get_server_certificate(("127.0.0.1", port))
    assert ssl.PEM_cert_to_DER_cert(served) == ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii"))
    assert running.url.startswith("https://")


def test_bad_settings_of_tls_stop_the_start_with_one_line(tmp_path: Path) -> None:
    certificate, key = own_files(tmp_path)
    with pytest.raises(BadSetting, match="--tls-cert and --tls-key go together"):
        Settings(tls_cert=certificate)
    with pytest.raises(BadSetting, match="there is no such file"):
        Settings(tls_cert=certificate, tls_key=tmp_path / "none")
    with pytest.raises(BadSetting, match="exclude each other"):
        Settings(tls="auto", tls_cert=certificate, tls_key=key)
    with pytest.raises(BadSetting, match="--tls on: expected off, auto"):
        Settings(tls="on")
    line = refused(tmp_path, "--port", "0", "--database", "sqlite://", "--tls-cert", "own.pem", "--tls-key", "own.pem")
    assert line.startswith("Error: --tls-cert own.pem, --tls-key own.pem:")


def test_settings_of_tls_reach_a_worker(tmp_path: Path) -> None:
    given = settings(tmp_path)
    assert from_environment(given.as_environment()) == given


def test_a_program_beside_its_own_server_trusts_it(tmp_path: Path) -> None:
    asking = "import os,urllib.request as u;print(u.urlopen(os.environ['FLOW_EMULATOR_URL']+'/__admin/health').read())"
    done = subprocess.run(
        command("exec", "--tls", "auto", "--", sys.executable, "-c", asking),
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ('b\'{"status":"ok"}\'\n', 0), done.stderr
    shutil.rmtree(tmp_path / ".flow-emulator-tls")
    assert list(tmp_path.iterdir()) == []


def test_a_server_listens_on_this_machine_alone_unless_told() -> None:
    assert Settings().host == "127.0.0.1"
    with Background(Settings(port=0, database="sqlite://")) as running:
        assert running.url.startswith("http://127.0.0.1:")
