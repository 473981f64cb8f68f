"""Runs over files that were encrypted for a key of the sandbox: they land what plain ones do, or say why not."""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysequoia import Cert, Profile, Tsk, encrypt, sign

from emulator.engine.sources import decryption
from emulator.engine.sources.source import CHUNK
from emulator.server import Background
from emulator.settings import Settings
from tests.exploring import PACKERS, file_store, put
from tests.sources import DAILY, landed
from tests.support import AMAZON_S3, FILE_FLOW, Api, Document, client_of, spec
from tests.test_long_runs import ended

KEYS = "/data/foundation/connectors/encryption/keys"
PASS_PHRASE = "a phrase that nobody sees"
NEW_YEAR = "2026-01-01T00:00:00Z"
CSV = b"id\na\nb\n"
DELIMITED = {"format": "delimited"}
_numbers = itertools.count(1)


@dataclass
class Desk:
    """An organisation with a key, on a server that reads a folder of sources."""

    api: Api
    folder: Path
    key: str
    public: Cert

    def encrypted(self, content: bytes, armor: bool = False) -> bytes:
        return encrypt(content, recipients=[self.public], armor=armor)

    def flow(self, path: str, data: Document = DELIMITED, key: str | None = None, **params: Any) -> tuple[str, str]:
        """A flow over files that are decrypted, without a ``key`` by the desk's, and the dataset that it lands in."""
        return self.flow_over(file_store(self.api), path, data, self.key if key is None else key, **params)

    def flow_over(self, store: str, path: str, data: Document, key: str, **params: Any) -> tuple[str, str]:
        source = self.api.source_connection(store, AMAZON_S3, data=data, params={"path": path, **params})
        target = self.api.target(f"Schema {next(_numbers)}")
        body = self.api.flow_body(source, target, {"id": "_test.id"}, flowSpec=spec(FILE_FLOW), scheduleParams=DAILY)
        if key:
            body["transformations"].append({"name": "Encryption", "params": {"publicKeyId": key}})
        return self.api.make("flows", body), target.dataset

    def lands(self, path: str, data: Document = DELIMITED, key: str | None = None, **params: Any) -> list[Any]:
        flow, dataset = self.flow(path, data, key, **params)
        run = self.api.first_run(flow)
        assert run["metrics"]["statusSummary"]["status"] == "success", run
        return landed(self.api, dataset)

    def fails(self, path: str, data: Document = DELIMITED, **params: Any) -> str:
        """The run of a new flow fails with the copy engine's code, lands nothing, and says this."""
        flow, dataset = self.flow(path, data, **params)
        code, message = failure(self.api.first_run(flow))
        assert code == "2200"
        assert landed(self.api, dataset) == []
        return message


def failure(run: Document) -> tuple[str, str]:
    """Why a run failed, and no secret with it."""
    shown = json.dumps(run)
    assert PASS_PHRASE not in shown
    assert "PRIVATE KEY" not in shown
    metrics = run["metrics"]
    assert metrics["statusSummary"]["status"] == "failed", run
    assert metrics["statusSummary"]["errors"][0]["code"] == "CONNECTOR-1001-500"
    (info,) = metrics["recordSummary"]["failedInfo"]
    return info["code"], info["message"]


def new_key(api: Api) -> Document:
    answer = api.http.post(KEYS, json={"encryptionAlgorithm": "PGP", "params": {"passPhrase": PASS_PHRASE}})
    assert answer.status_code == 200, answer.text
    made: Document = answer.json()
    return made


def desk_of(api: Api, folder: Path) -> Desk:
    made = new_key(api)
    return Desk(api, folder, made["publicKeyId"], Cert.from_bytes(b64decode(made["publicKey"])))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(tmp_path_factory.mktemp("sources"), "amazon-s3/kept.csv", CSV).parent


@pytest.fixture(scope="module")
def over_sources(sources: Path) -> Iterator[Background]:
    with Background(Settings(port=0, database="sqlite://", sources=sources.parent)) as running:
        yield running


@pytest.fixture
def desk(over_sources: Background, sources: Path) -> Iterator[Desk]:
    """Each with a folder of its own in the storage."""
    number = next(_numbers)
    folder = sources / f"desk-{number}"
    folder.mkdir()
    with client_of(over_sources.url, f"DESK{number}@AdobeOrg") as api:
        yield desk_of(api, folder)


def at(desk: Desk, name: str) -> str:
    """The path of a file or folder in the storage."""
    return f"{desk.folder.name}/{name}"


@pytest.mark.parametrize("name", ["a.csv.pgp", "a.csv.gpg", "a.csv.asc", "a.PGP", "a.csv", "a"])
@pytest.mark.parametrize("armor", [False, True], ids=["binary", "armour"])
def test_an_encrypted_file_is_read_as_what_is_in_it_whatever_it_is_called(desk: Desk, name: str, armor: bool) -> None:
    put(desk.folder, name, desk.encrypted(CSV, armor))
    assert desk.lands(at(desk, name)) == ["a", "b"]


def parquet_of(ids: list[str]) -> bytes:
    packed = BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"id": pyarrow.array(ids, pyarrow.string())}), packed)
    return packed.getvalue()


FORMS = {
    "delimited": lambda ids: ("id\n" + "".join(f"{one}\n" for one in ids)).encode(),
    "json": lambda ids: json.dumps([{"id": one} for one in ids]).encode(),
    "lines": lambda ids: "".join(json.dumps({"id": one}) + "\n" for one in ids).encode(),
    "parquet": parquet_of,
}
IDS = st.lists(st.text("abcdefghé€0123456789", min_size=1, max_size=12), min_size=1, max_size=20)


@settings(max_examples=20)
@given(
    files=st.lists(IDS, min_size=1, max_size=3),
    form=st.sampled_from(list(FORMS)),
    packed=st.sampled_from([None, *PACKERS]),
    armor=st.booleans(),
    suffix=st.sampled_from([".pgp", ".gpg", ".asc"]),
)
def test_plain_and_encrypted_files_land_the_same_records(
    over_sources: Background,
    sources: Path,
    files: list[list[str]],
    form: str,
    packed: str | None,
    armor: bool,
    suffix: str,
) -> None:
    number = next(_numbers)
    data: Document = {"format": "json" if form == "lines" else form}
    if packed:
        data["properties"] = {"compressionType": packed}
    with client_of(over_sources.url, f"SAME{number}@AdobeOrg") as api:
        desk = desk_of(api, sources / f"same-{number}")
        for place, ids in enumerate(files):
            content = FORMS[form](ids)
            content = PACKERS[packed](content) if packed else content
            put(desk.folder, f"plain/{place}", content)
            put(desk.folder, f"secret/{place}.data{suffix}", desk.encrypted(content, armor))
        plain = desk.lands(at(desk, "plain"), data, "", type="folder")
        assert plain == [one for ids in files for one in ids]
        assert desk.lands(at(desk, "secret"), data, type="folder") == plain


def test_how_a_file_is_read_is_told_from_what_is_in_it_where_the_source_connection_does_not_say(desk: Desk) -> None:
    put(desk.folder, "a.ndjson.gz.pgp", desk.encrypted(PACKERS["gzip"](b'{"id": "a"}\n{"id": "b"}\n')))
    assert desk.lands(at(desk, "a.ndjson.gz.pgp"), {}) == ["a", "b"]


def test_a_file_of_many_parts_lands_as_a_whole_and_leaves_nothing_decrypted_behind(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ids = [str(number) for number in range(2 * CHUNK + 1)]
    put(desk.folder, "many.csv.pgp", desk.encrypted(FORMS["delimited"](ids)))
    flow, dataset = desk.flow(at(desk, "many.csv.pgp"))
    run = ended(desk.api, flow)
    figures = run["metrics"]["recordSummary"]
    assert (figures["inputRecordCount"], figures["outputRecordCount"]) == (len(ids), len(ids))
    assert desk.api.records(dataset, limit=1)["count"] == len(ids)
    assert not [path for path in tmp_path.rglob("*") if path.name == "many.csv"]


def test_a_broken_row_in_an_encrypted_file_is_set_aside(desk: Desk) -> None:
    put(desk.folder, "a.csv.pgp", desk.encrypted(b"id\na\nb,b\nc\n"))
    flow, dataset = desk.flow(at(desk, "a.csv.pgp"))
    desk.api.first_run(flow)
    rejected = desk.api.http.get(f"/__admin/datasets/{dataset}/rejected").json()["items"]
    assert [row["code"] for row in rejected] == ["INGEST-1401-400"]


def test_data_that_was_signed_too_is_read(desk: Desk) -> None:
    signer = Tsk.generate("somebody", profile=Profile.RFC4880).signer()
    put(desk.folder, "a.csv.pgp", encrypt(CSV, recipients=[desk.public], signer=signer))
    assert desk.lands(at(desk, "a.csv.pgp")) == ["a", "b"]


def test_of_several_recipients_one_is_enough(desk: Desk) -> None:
    other = Tsk.generate("somebody", profile=Profile.RFC4880).extract_certificate()
    put(desk.folder, "a.csv.pgp", encrypt(CSV, recipients=[other, desk.public], armor=False))
    assert desk.lands(at(desk, "a.csv.pgp")) == ["a", "b"]


def test_files_without_anything_in_them_are_no_matter(desk: Desk) -> None:
    put(desk.folder, "1", b"")
    put(desk.folder, "2.pgp", desk.encrypted(b""))
    put(desk.folder, "3.pgp", desk.encrypted(CSV))
    assert desk.lands(at(desk, "*")) == ["a", "b"]


def test_encrypted_files_may_be_put_behind_a_connection(desk: Desk) -> None:
    store = file_store(desk.api)
    answer = desk.api.http.put(f"/__admin/connections/{store}/data/put.csv.pgp", content=desk.encrypted(CSV))
    assert answer.status_code in (200, 201), answer.text
    flow, dataset = desk.flow_over(store, "put.csv.pgp", DELIMITED, desk.key)
    desk.api.first_run(flow)
    assert landed(desk.api, dataset) == ["a", "b"]


# --- what cannot be decrypted


def spoilt(message: bytes) -> bytes:
    """With one bit changed near the end, as a transfer may do it."""
    return message[:-8] + bytes([message[-8] ^ 1]) + message[-7:]


@pytest.mark.parametrize("armor", [False, True], ids=["binary", "armour"])
def test_a_file_for_another_key_fails_the_run_and_is_named_with_the_key(desk: Desk, armor: bool) -> None:
    other = Tsk.generate("somebody", profile=Profile.RFC4880).extract_certificate()
    put(desk.folder, "a.csv.pgp", encrypt(CSV, recipients=[other], armor=armor))
    said = desk.fails(at(desk, "a.csv.pgp"))
    assert said.startswith(
        f"{at(desk, 'a.csv.pgp')} cannot be read: it is not encrypted for the key that the flow names"
    )
    assert desk.key in said


def test_a_file_under_a_password_is_not_encrypted_for_the_key(desk: Desk) -> None:
    put(desk.folder, "a.csv.pgp", encrypt(CSV, passwords=[PASS_PHRASE], armor=False))
    assert "a.csv.pgp cannot be read: it is not encrypted for the key" in desk.fails(at(desk, "a.csv.pgp"))


@pytest.mark.parametrize("how", ["cut", "spoilt", "begun"])
def test_a_damaged_file_fails_the_run_and_is_named(desk: Desk, how: str) -> None:
    message = desk.encrypted(b"id\n" + b"a\n" * 100_000)
    content = {"cut": message[: len(message) // 2], "spoilt": spoilt(message), "begun": message[:5]}[how]
    put(desk.folder, "a.csv.pgp", content)
    assert f"{at(desk, 'a.csv.pgp')} cannot be read: it is damaged" in desk.fails(at(desk, "a.csv.pgp"))


def signed() -> bytes:
    return sign(Tsk.generate("somebody", profile=Profile.RFC4880).signer(), CSV, armor=False)


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        b"\xef\xbb\xbf" + CSV,
        "É\n1\n".encode(),
        b"-----BEGIN PGP MESSAGE-----\n\n!!!!\n",
        parquet_of(["a"]),
        signed(),
    ],
    ids=["csv", "byte order mark", "not ascii", "no armour", "parquet", "signed only"],
)
def test_a_file_that_is_not_encrypted_fails_the_run_and_is_named(desk: Desk, content: bytes) -> None:
    put(desk.folder, "a.csv.pgp", content)
    assert f"{at(desk, 'a.csv.pgp')} cannot be read: it is not encrypted" in desk.fails(at(desk, "a.csv.pgp"))


def test_what_is_inside_and_cannot_be_read_is_named_as_the_file_is(desk: Desk) -> None:
    put(desk.folder, "a.parquet.pgp", desk.encrypted(CSV))
    said = desk.fails(at(desk, "a.parquet.pgp"), {"format": "parquet"})
    assert said.startswith(f"{at(desk, 'a.parquet.pgp')} cannot be read: a.parquet is no parquet file")
    put(desk.folder, "b.csv.pgp", desk.encrypted(PACKERS["gzip"](CSV)))
    assert "b.csv.pgp cannot be read: it is compressed" in desk.fails(at(desk, "b.csv.pgp"))


def test_one_file_that_cannot_be_decrypted_keeps_the_others_from_landing(desk: Desk) -> None:
    for name in ("1", "2", "3"):
        put(desk.folder, f"{name}.csv.pgp", CSV if name == "2" else desk.encrypted(CSV))
    assert at(desk, "2.csv.pgp") in desk.fails(at(desk, "*.pgp"))


def test_of_one_file_so_much_is_decrypted_and_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decryption, "CONTENT", 1 << 20)
    put(desk.folder, "large.csv.pgp", desk.encrypted(b"id\n" + b"a\n" * (1 << 20)))
    assert "large.csv.pgp cannot be read: there is more in it than the 1 MiB" in desk.fails(at(desk, "large.csv.pgp"))
    put(desk.folder, "small.csv.pgp", desk.encrypted(CSV))
    assert desk.lands(at(desk, "small.csv.pgp")) == ["a", "b"]


def test_a_file_may_take_so_much_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decryption, "SECONDS", 0)
    put(desk.folder, "a.csv.pgp", desk.encrypted(CSV))
    assert "a.csv.pgp cannot be read: to decrypt it takes longer than 0 seconds" in desk.fails(at(desk, "a.csv.pgp"))


def test_a_file_may_take_so_much_memory(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decryption, "MEMORY", 1 << 20)
    put(desk.folder, "a.csv.pgp", desk.encrypted(CSV))
    assert "a.csv.pgp cannot be read: to decrypt it takes more than the 1 MiB" in desk.fails(at(desk, "a.csv.pgp"))


def test_without_the_extra_the_run_fails_with_what_to_install(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put(desk.folder, "a.csv.pgp", desk.encrypted(CSV))
    monkeypatch.setitem(sys.modules, "pysequoia", None)
    assert "flow-service-emulator[encryption]" in desk.fails(at(desk, "a.csv.pgp"))


# --- keys that are not good any more


@pytest.fixture
def at_new_year(tmp_path: Path) -> Iterator[Desk]:
    """On a server that stands at the first second of 2026, with one encrypted file."""
    with Background(Settings(port=0, database="sqlite://", clock=NEW_YEAR, sources=tmp_path)) as server:
        with client_of(server.url, "ACME@AdobeOrg") as api:
            desk = desk_of(api, tmp_path / "amazon-s3")
            put(desk.folder, "a.csv.pgp", desk.encrypted(CSV))
            yield desk


def advance(api: Api, days: int) -> None:
    answer = api.http.post("/__admin/clock/advance", json={"by": f"P{days}D"})
    assert answer.status_code == 200, answer.text


def test_a_key_that_was_deleted_fails_the_next_run(at_new_year: Desk) -> None:
    api = at_new_year.api
    flow, dataset = at_new_year.flow("*.pgp")
    api.first_run(flow)
    put(at_new_year.folder, "b.csv.pgp", at_new_year.encrypted(CSV))
    assert api.http.delete(f"{KEYS}/{at_new_year.key}").status_code == 204
    advance(api, 1)
    code, message = failure(api.runs(flow)[0])
    assert code == "CONNECTOR-1311-400"
    assert message.startswith("The publicKeyId is not that of a key.")
    assert "transformations[1].params.publicKeyId" in message
    assert at_new_year.key in message
    assert landed(api, dataset) == ["a", "b"]


def test_a_key_that_expires_fails_runs_from_that_instant_on(at_new_year: Desk) -> None:
    api = at_new_year.api
    flow, dataset = at_new_year.flow("*.pgp")
    for days in (89, 91):
        advance(api, days)
    assert {run["metrics"]["statusSummary"]["status"] for run in api.runs(flow)} == {"success"}
    assert landed(api, dataset) == ["a", "b"]
    put(at_new_year.folder, "b.csv.pgp", at_new_year.encrypted(CSV))
    advance(api, 1)
    code, message = failure(api.runs(flow)[0])
    assert code == "CONNECTOR-1310-400"
    assert message.startswith("The publicKeyId names a key that has expired.")
    assert landed(api, dataset) == ["a", "b"]


def test_a_key_that_came_without_its_secrets_fails_runs_and_one_with_them_does_not(at_new_year: Desk) -> None:
    api = at_new_year.api
    flow, dataset = at_new_year.flow("*.pgp")
    api.first_run(flow)
    put(at_new_year.folder, "b.csv.pgp", at_new_year.encrypted(CSV))
    bare, full = (api.http.get("/__admin/export", params={"secrets": told}).json() for told in ("false", "true"))
    for state in (bare, full):
        answer = api.http.post("/__admin/import", json=state)
        assert answer.status_code == 200, answer.text
        advance(api, 1)
        newest = api.runs(flow)[0]
        if state is bare:
            assert f"private half of the encryption key {at_new_year.key}" in failure(newest)[1]
    assert newest["metrics"]["statusSummary"]["status"] == "success"
    assert landed(api, dataset) == ["a", "b", "a", "b"]
