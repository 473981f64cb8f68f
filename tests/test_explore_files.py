"""Exploring file sources and the data landing zone."""

from __future__ import annotations

import gzip
import json
import sys
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.engine.sources.files import Files
from emulator.engine.sources.source import FileProperties, NoData, UnreadableData
from tests.exploring import (
    PACKERS,
    explore,
    explore_zone,
    file_store,
    found,
    names,
    put,
    server_over,
    zipped,
)
from tests.support import FLOW, Api, Document, assert_refused

INTEGER = {"type": "integer", "minimum": -9007199254740992, "maximum": 9007199254740991}


def entry(kind: str, path: str) -> Document:
    name = path.rstrip("/").rsplit("/", 1)[-1]
    looked_into = kind == "file"
    return {"type": kind, "name": name, "path": path, "canPreview": looked_into, "canFetchSchema": looked_into}


def as_parquet(columns: dict[str, Any], **options: Any) -> bytes:
    packed = BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), packed, **options)
    return packed.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a server finds behind Amazon S3."""
    (tmp_path / "amazon-s3").mkdir()
    return tmp_path / "amazon-s3"


@pytest.fixture
def store(folder: Path) -> Iterator[tuple[Api, str]]:
    """A client of a server over that folder, and a connection to it."""
    with server_over(folder.parent) as api:
        yield api, file_store(api)


def look(store: tuple[Api, str], path: str, **params: Any) -> Document:
    explored: Document = found(explore(*store, objectType="file", object=path, **params))
    return explored


def test_the_top_lists_folders_and_files(api: Api) -> None:
    listing = found(explore(api, file_store(api), objectType="root"))
    assert listing == [
        entry("folder", "accounts/"),
        entry("file", "contacts.csv"),
        entry("folder", "members/"),
        entry("folder", "orders/"),
    ]


@pytest.mark.parametrize("path", ["orders/2024/", "orders/2024", "/orders/2024/", "//orders//2024"])
def test_a_folder_is_listed_with_and_without_its_slashes(api: Api, path: str) -> None:
    listing = found(explore(api, file_store(api), objectType="folder", object=path))
    assert listing == [entry("folder", "orders/2024/01/"), entry("folder", "orders/2024/02/")]


def test_every_shared_file_can_be_found_from_the_top_and_previewed(api: Api) -> None:
    connection, seen = file_store(api), []
    folders = [""]
    while folders:
        folder = folders.pop()
        kind = {"objectType": "folder", "object": folder} if folder else {"objectType": "root"}
        for one in found(explore(api, connection, **kind)):
            if one["type"] == "folder":
                folders.append(one["path"])
                continue
            answer = explore(
                api, connection, objectType="file", object=one["path"], determineProperties="true", preview="true"
            )
            assert len(found(answer)["data"]) == 10
            seen.append(answer.json()["properties"])
    assert {shown["fileType"] for shown in seen} == {"delimited", "json", "parquet"}
    assert {shown.get("columnDelimiter") for shown in seen} == {None, ",", ";", "\t", "~"}
    assert {shown.get("compressionType") for shown in seen} == {None, "gzip", "tarGzip"}


def test_a_delimited_file_is_flat_and_all_its_columns_are_strings(store: tuple[Api, str], folder: Path) -> None:
    put(folder, "people.csv", 'Id,Name,Born\n1,Ada,1815-12-10\n2,"Hopper, Grace",\n\n3,Joan\n')
    explored = look(store, "people.csv", fileType="delimited", preview="true")
    assert explored == {
        "format": "flat",
        "schema": {
            "columns": [{"name": name, "type": "string", "xdm": {"type": "string"}} for name in names(explored)]
        },
        "data": [
            {"Id": "1", "Name": "Ada", "Born": "1815-12-10"},
            {"Id": "2", "Name": "Hopper, Grace", "Born": ""},
            {"Id": "3", "Name": "Joan"},
        ],
    }
    assert names(explored) == ["Id", "Name", "Born"]
    assert "data" not in look(store, "people.csv", fileType="delimited")


def test_columns_without_a_name_of_their_own_are_named_by_their_place(store: tuple[Api, str], folder: Path) -> None:
    put(folder, "odd.csv", "\ufeffa,,a\n1,2,3\n")
    explored = look(store, "odd.csv", fileType="delimited", preview="true")
    assert explored["data"] == [{"a": "1", "column_2": "2", "column_3": "3"}]


def test_an_empty_delimited_file_has_no_columns(store: tuple[Api, str], folder: Path) -> None:
    put(folder, "empty.csv", "")
    explored = look(store, "empty.csv", fileType="delimited", preview="true")
    assert (names(explored), explored["data"]) == ([], [])


@pytest.mark.parametrize(("given", "used"), [(";", ";"), ("\t", "\t"), ("\\t", "\t"), ("\\\\t", "\t"), ("é", "é")])
def test_any_character_may_delimit_columns(store: tuple[Api, str], folder: Path, given: str, used: str) -> None:
    put(folder, "data.csv", f"a{used}b\n1{used}2\n")
    explored = look(store, "data.csv", fileType="delimited", columnDelimiter=given, preview="true")
    assert list(explored) == ["properties", "format", "schema", "data"]
    assert explored["properties"] == {"fileType": "delimited", "columnDelimiter": used}
    assert explored["data"] == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("compression", PACKERS)
@pytest.mark.parametrize("determined", [True, False])
def test_a_compressed_file_is_read_as_what_is_in_it(
    store: tuple[Api, str], folder: Path, compression: str, determined: bool
) -> None:
    put(folder, "packed", PACKERS[compression](b"a~b\n1~2\n3~4\n"))
    by_hand = {"fileType": "delimited", "compressionType": compression.upper(), "columnDelimiter": "~"}
    explored = look(store, "packed", preview="true", **{"determineProperties": "True"} if determined else by_hand)
    properties = {"fileType": "delimited", "compressionType": compression, "columnDelimiter": "~"}
    assert explored["properties"] == properties
    assert explored["data"] == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_deflate_without_its_header_is_read_when_it_is_named(store: tuple[Api, str], folder: Path) -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    put(folder, "raw", packer.compress(b"a\n1\n") + packer.flush())
    assert look(store, "raw", fileType="delimited", compressionType="deflate", preview="true")["data"] == [{"a": "1"}]


def test_latin_text_is_read_when_its_encoding_is_named(store: tuple[Api, str], folder: Path) -> None:
    put(folder, "latin.csv", "name\nJosé\n".encode("iso-8859-1"))
    explored = look(store, "latin.csv", fileType="delimited", encoding="iso-8859-1", preview="true")
    assert explored["data"] == [{"name": "José"}]
    determined = look(store, "latin.csv", determineProperties="true", preview="true")
    assert determined["data"] == [{"name": "José"}]
    assert determined["properties"]["encoding"] == "ISO-8859-1"


@pytest.mark.parametrize(
    "content",
    [
        '{"id": 1, "name": {"first": "Ada"}}',
        '{\n  "id": 1,\n  "name": {"first": "Ada"}\n}\n',
        '[{"id": 1, "name": {"first": "Ada"}}]',
        '\n[\n{"id": 1, "name": {"first": "Ada"}}\n]',
        '\ufeff{"id": 1, "name": {"first": "Ada"}}\n',
        '\n{"id": 1, "name": {"first": "Ada"}}\n\n',
    ],
)
def test_json_is_hierarchical_be_it_a_document_an_array_or_lines(
    store: tuple[Api, str], folder: Path, content: str
) -> None:
    put(folder, "data.json", content)
    name = {"type": "object", "properties": {"first": {"type": "string"}}}
    assert look(store, "data.json", fileType="JSON", preview="true") == {
        "format": "hierarchical",
        "schema": {"type": "object", "properties": {"id": INTEGER, "name": name}},
        "data": [{"id": 1, "name": {"first": "Ada"}}],
    }


def test_fields_of_any_line_are_in_the_schema(store: tuple[Api, str], folder: Path) -> None:
    put(folder, "data.jsonl", "".join(json.dumps({f"f{number}": number}) + "\n" for number in range(30)))
    explored = look(store, "data.jsonl", fileType="json", preview="true")
    assert len(explored["schema"]["properties"]) == 30
    assert explored["data"] == [{f"f{number}": number} for number in range(10)]


def test_a_parquet_file_is_flat_with_typed_columns(store: tuple[Api, str], folder: Path) -> None:
    moment = datetime(2024, 1, 31, 12, 30, tzinfo=UTC)
    columns = {
        "whole": pyarrow.array([1], pyarrow.int32()),
        "part": [0.5],
        "price": [Decimal("9.90")],
        "yes": [True],
        "text": ["x"],
        "at": pyarrow.array([moment], pyarrow.timestamp("ns", "UTC")),
        "on": [date(2024, 1, 31)],
        "raw": [b"bytes"],
        "nested": [{"list": [1], "at": moment}],
        "map": pyarrow.array([[(7, 1)]], pyarrow.map_(pyarrow.int64(), pyarrow.int64())),
        "none": pyarrow.nulls(1),
    }
    put(folder, "data.parquet", as_parquet(columns))
    explored = look(store, "data.parquet", fileType="parquet", preview="true")
    kinds = {column["name"]: column for column in explored["schema"]["columns"]}
    assert [column["type"] for column in kinds.values()] == [
        *(
            "integer",
            "double",
            "double",
            "boolean",
            "string",
            "string",
            "string",
            "string",
            "object",
            "object",
            "string",
        )
    ]
    assert kinds["whole"]["xdm"] == INTEGER
    assert kinds["on"] == {
        "name": "on",
        "type": "string",
        "meta:xdmType": "date-time",
        "xdm": {"type": "string", "format": "date-time"},
    }
    assert kinds["nested"]["xdm"] == {
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": INTEGER},
            "at": {"type": "string", "format": "date-time"},
        },
    }
    assert explored["data"] == [
        {
            "whole": 1,
            "part": 0.5,
            "price": 9.9,
            "yes": True,
            "text": "x",
            "at": "2024-01-31T12:30:00+00:00",
            "on": "2024-01-31T00:00:00",
            "raw": "bytes",
            "nested": {"list": [1], "at": "2024-01-31T12:30:00+00:00"},
            "map": {"7": 1},
            "none": None,
        }
    ]


def test_a_parquet_column_nested_beyond_measure_is_refused(store: tuple[Api, str], folder: Path) -> None:
    value: Any = 1
    for _ in range(110):
        value = [value]
    put(folder, "deep.parquet", as_parquet({"a": [value]}))
    answer = explore(*store, objectType="file", object="deep.parquet", fileType="parquet", preview="true")
    assert "too deeply nested" in assert_refused(answer, "CONNECTOR-1312-400", "fileType")["errorMessage"]


def test_a_parquet_file_inside_an_archive_is_read_too(store: tuple[Api, str], folder: Path) -> None:
    put(folder, "data.zip", zipped(as_parquet({"a": [1, 2]})))
    explored = look(store, "data.zip", determineProperties="true", preview="true")
    assert explored["properties"] == {"fileType": "parquet", "compressionType": "zipDeflate"}
    assert explored["data"] == [{"a": 1}, {"a": 2}]


def test_without_its_library_parquet_is_refused_by_name(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = explore(api, file_store(api), objectType="file", object="orders/orders.parquet", fileType="parquet")
    assert "flow-service-emulator[parquet]" in assert_refused(answer, "CONNECTOR-1327-400", "fileType")["errorMessage"]


@pytest.mark.parametrize(
    ("content", "properties"),
    [
        ("a,b\n1,2\n", {"fileType": "delimited", "columnDelimiter": ","}),
        ("a;b\n1,5;2,5\n", {"fileType": "delimited", "columnDelimiter": ";"}),
        ("a|b\n1|2\n", {"fileType": "delimited", "columnDelimiter": "|"}),
        ("name\nAda\n", {"fileType": "delimited", "columnDelimiter": ","}),
        ("[a],[b]\n1,2\n", {"fileType": "delimited", "columnDelimiter": ","}),
        ('"a;b";c,d;e\n"1;2";3;4\n', {"fileType": "delimited", "columnDelimiter": ";"}),
        ('{"a":1}\n{"a":2}\n', {"fileType": "json"}),
        ("[]", {"fileType": "json"}),
    ],
)
def test_properties_are_determined_from_the_content(
    store: tuple[Api, str], folder: Path, content: str, properties: Document
) -> None:
    put(folder, "data", content)
    explored = look(store, "data", determineProperties="true")
    assert next(iter(explored)) == "properties"
    assert explored["properties"] == properties


def test_the_type_alone_is_not_shown_again(api: Api) -> None:
    answer = explore(api, file_store(api), objectType="file", object="contacts.csv", fileType="delimited")
    assert list(found(answer)) == ["format", "schema"]


@pytest.mark.parametrize("content", [b"", b"  \n", b"\x89PNG\r\n\x1a\n\0\0\0", b"\xff\xfe\x01", b"\x1f\x8b broken"])
def test_properties_of_what_is_no_data_cannot_be_determined(
    store: tuple[Api, str], folder: Path, content: bytes
) -> None:
    put(folder, "data", content)
    answer = explore(*store, objectType="file", object="data", determineProperties="true")
    assert_refused(answer, "CONNECTOR-1375-400", "object")


@pytest.mark.parametrize(
    ("content", "params", "field"),
    [
        (b"Jos\xe9\n", {"fileType": "delimited"}, "encoding"),
        (b"a\nJos\xe9\n", {"fileType": "delimited", "preview": "true"}, "encoding"),
        (b"a\n" + b"x" * 200_000, {"fileType": "delimited", "preview": "true"}, "fileType"),
        (b"\0\0", {"fileType": "delimited"}, "fileType"),
        (as_parquet({"a": [1]}), {"fileType": "delimited"}, "fileType"),
        (b"a,b\n", {"fileType": "parquet"}, "fileType"),
        (b"PAR1 broken PAR1", {"fileType": "parquet"}, "fileType"),
        (b"", {"fileType": "json"}, "fileType"),
        (b"a,b\n", {"fileType": "json"}, "fileType"),
        (b'{"a":1}\n{"a":\n', {"fileType": "json", "preview": "true"}, "fileType"),
        (b'[{"a":1}, 2]', {"fileType": "json"}, "fileType"),
        (b'{"a":' * 150 + b"1" + b"}" * 150, {"fileType": "json"}, "object"),
        (b"[" * 2000, {"fileType": "json"}, "fileType"),
        (gzip.compress(b"a,b\n", mtime=0), {"fileType": "delimited"}, "compressionType"),
        (b"a,b\n", {"fileType": "delimited", "compressionType": "gzip"}, "compressionType"),
        (b"a,b\n", {"fileType": "delimited", "compressionType": "bzip2"}, "compressionType"),
        (b"a,b\n", {"fileType": "delimited", "compressionType": "deflate"}, "compressionType"),
        (b"a,b\n", {"fileType": "delimited", "compressionType": "zipDeflate"}, "compressionType"),
        (b"a,b\n", {"fileType": "delimited", "compressionType": "tar"}, "compressionType"),
        (b"", {"fileType": "delimited", "compressionType": "deflate"}, "compressionType"),
        (
            gzip.compress(b"a\n" * 9000, mtime=0)[:-30],
            {"fileType": "json", "compressionType": "gzip"},
            "compressionType",
        ),
        (
            zipped(b"a\n1\n", zipfile.ZIP_LZMA),
            {"fileType": "delimited", "compressionType": "zipDeflate"},
            "compressionType",
        ),
    ],
)
def test_a_file_that_is_not_what_it_is_said_to_be_is_refused(
    store: tuple[Api, str], folder: Path, content: bytes, params: Document, field: str
) -> None:
    put(folder, "data", content)
    answer = explore(*store, objectType="file", object="data", **params)
    assert_refused(answer, "CONNECTOR-1312-400", field)


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "deflate", "zipDeflate", "tarGzip"])
def test_a_small_archive_of_endless_content_is_not_unfolded(
    store: tuple[Api, str], folder: Path, compression: str
) -> None:
    path = put(folder, "bomb", PACKERS[compression](b'["' + b"a" * 70 * 1024 * 1024 + b'"]'))
    assert path.stat().st_size < 200_000
    answer = explore(*store, objectType="file", object="bomb", fileType="json", compressionType=compression)
    assert "64 MiB" in assert_refused(answer, "CONNECTOR-1312-400", "object")["errorMessage"]


@pytest.mark.parametrize("path", ["../secret.csv", "/../secret.csv", "data/../../secret.csv", "..", ".", "data/.."])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_no_path_leads_out_of_the_folder(store: tuple[Api, str], folder: Path, path: str, kind: str) -> None:
    put(folder.parent, "secret.csv", "a\n1\n")
    put(folder, "data/public.csv", "a\n1\n")
    answer = explore(*store, objectType=kind, object=path, fileType="delimited")
    assert_refused(answer, "CONNECTOR-1312-400", "object")


def test_a_path_of_the_machine_is_a_path_of_the_source(store: tuple[Api, str], folder: Path) -> None:
    secret = put(folder.parent, "secret.csv", "a\n1\n")
    answer = explore(*store, objectType="file", object=str(secret), fileType="delimited")
    assert_refused(answer, "CONNECTOR-1312-400", "object")


def test_a_link_out_of_the_folder_is_not_there(store: tuple[Api, str], folder: Path) -> None:
    put(folder.parent, "secret/data.csv", "a\n1\n")
    put(folder, "public.csv", "a\n1\n")
    (folder / "file.csv").symlink_to(folder.parent / "secret" / "data.csv")
    (folder / "folder").symlink_to(folder.parent / "secret")
    (folder / "inside.csv").symlink_to(folder / "public.csv")
    listing = found(explore(*store, objectType="root"))
    assert [one["path"] for one in listing] == ["inside.csv", "public.csv"]
    for path in ("file.csv", "folder/data.csv"):
        answer = explore(*store, objectType="file", object=path, fileType="delimited")
        assert_refused(answer, "CONNECTOR-1312-400", "object")


def test_hidden_files_are_not_there(store: tuple[Api, str], folder: Path) -> None:
    put(folder, ".hidden.csv", "a\n")
    assert found(explore(*store, objectType="root")) == []
    answer = explore(*store, objectType="file", object=".hidden.csv", fileType="delimited")
    assert "there is nothing here" in assert_refused(answer, "CONNECTOR-1312-400", "object")["errorMessage"]


@pytest.mark.parametrize(
    ("kind", "path", "nearest"),
    [
        ("file", "contact.csv", "contacts.csv"),
        ("file", "orders/2024/orders.csv", "orders/2024/01/orders.csv"),
        ("file", "orders", "there are: "),
        ("folder", "order", "orders/"),
        ("folder", "contacts.csv", "accounts/"),
        ("file", "x" * 5000, "there are: "),
    ],
)
def test_a_path_that_is_not_there_names_the_nearest_ones(api: Api, kind: str, path: str, nearest: str) -> None:
    answer = explore(api, file_store(api), objectType=kind, object=path, fileType="delimited")
    assert nearest in assert_refused(answer, "CONNECTOR-1312-400", "object")["errorMessage"]


def test_how_a_file_is_read_must_be_said(api: Api) -> None:
    answer = explore(api, file_store(api), objectType="file", object="contacts.csv")
    assert_refused(answer, "CONNECTOR-1359-400", "fileType")
    answer = explore_zone(api, objectType="file", object="dlz-user-container/contacts.csv", preview="true")
    assert_refused(answer, "CONNECTOR-1329-400", "fileType")


@pytest.mark.parametrize("name", ["fileType", "columnDelimiter", "compressionType", "encoding"])
def test_properties_are_determined_or_given_by_hand_but_not_both(api: Api, name: str) -> None:
    value = {"fileType": "delimited", "columnDelimiter": ";", "compressionType": "gzip", "encoding": "UTF-8"}[name]
    answer = explore_zone(
        api, objectType="file", object="dlz-user-container/contacts.csv", determineProperties="true", **{name: value}
    )
    assert name in assert_refused(answer, "CONNECTOR-1374-400", "determineProperties")["errorMessage"]


def test_only_delimited_files_have_an_encoding(api: Api) -> None:
    answer = explore(
        api, file_store(api), objectType="file", object="members/members.json", fileType="json", encoding="ISO-8859-1"
    )
    assert_refused(answer, "CONNECTOR-1312-400", "encoding")


def test_rows_of_files_cannot_be_filtered(api: Api) -> None:
    answer = explore(api, file_store(api), objectType="file", object="x", fileType="json", filters="e30=")
    assert_refused(answer, "CONNECTOR-1353-400", "filters")


def test_the_landing_zone_is_explored_by_its_spec_below_its_container(api: Api) -> None:
    listing = found(explore_zone(api, objectType="ROOT"))
    assert entry("file", "dlz-user-container/contacts.csv") in listing
    assert entry("folder", "dlz-user-container/orders/") in listing
    below = found(explore_zone(api, objectType="Folder", object="dlz-user-container/orders/"))
    assert entry("file", "dlz-user-container/orders/orders.parquet") in below
    assert found(explore_zone(api, objectType="folder", object="dlz-user-container")) == listing


def test_a_file_of_the_landing_zone_is_shown_as_published(api: Api) -> None:
    path = "dlz-user-container/members/archive.tar.gz"
    explored = found(explore_zone(api, objectType="file", object=path, preview=True, determineProperties=True))
    assert list(explored) == ["properties", "format", "schema", "data"]
    assert explored["properties"] == {"fileType": "delimited", "compressionType": "tarGzip", "columnDelimiter": "~"}
    assert names(explored) == ["Id", "FirstName", "LastName", "Email", "Phone"]
    by_hand = {"FILE_TYPE": "delimited", "CompressionType": "targzip", "column_delimiter": "~"}
    assert found(explore_zone(api, objecttype="FILE", OBJECT=path, Preview="True", **by_hand)) == explored


def test_a_path_outside_the_container_is_refused(api: Api) -> None:
    for path in ("contacts.csv", "dlz-user-container-2/contacts.csv", "dlz-user-container/../contacts.csv"):
        answer = explore_zone(api, objectType="file", object=path, fileType="delimited")
        message = assert_refused(answer, "CONNECTOR-1312-400", "object")["errorMessage"]
        assert "dlz-user-container/contacts.csv" in message


def test_a_folder_named_as_the_spec_stands_for_the_storage(tmp_path: Path) -> None:
    put(tmp_path, "landing-zone/mine.csv", "a\n1\n")
    with server_over(tmp_path) as api:
        assert found(explore_zone(api, objectType="root")) == [entry("file", "dlz-user-container/mine.csv")]
        shared = found(explore(api, file_store(api), objectType="root"))
        assert entry("file", "contacts.csv") in shared


def test_a_preview_of_a_large_file_reads_only_its_beginning(store: tuple[Api, str], folder: Path) -> None:
    with (folder / "large.csv").open("wb") as file:
        file.write(b"a,b\n" + b"1,2\n" * 100_000)
        # Never written, yet longer than what is read of any file.
        file.truncate(1024**4)
    explored = look(store, "large.csv", fileType="delimited", preview="true")
    assert explored["data"] == [{"a": "1", "b": "2"}] * 10


@given(content=st.binary(max_size=400), packed=st.sampled_from([None, *PACKERS]), cut=st.integers(0, 30))
@settings(max_examples=300, deadline=None)
def test_no_content_is_more_than_unreadable(
    content: bytes, packed: str | None, cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    whole = PACKERS[packed](content) if packed else content
    path = put(folder, "data", whole[: len(whole) - cut])
    for kind in ("delimited", "json", "parquet"):
        try:
            properties = FileProperties(kind, packed)
            list(Files(folder).file("data", properties).records())
        except UnreadableData:
            continue
    try:
        file = Files(folder).file("data")
        file.shape()
        list(file.records())
    except UnreadableData:
        assert path.exists()


@given(path=st.text(st.sampled_from("./\\ab:~\0é"), max_size=12))
def test_no_path_at_all_leads_out_of_the_folder(path: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "paths" / "inner"
    put(folder.parent, "a", "secret")
    put(folder, "b/a", "public")
    try:
        assert Files(folder).file(path, FileProperties("delimited")).path == folder / "b" / "a"
    except NoData:
        assert path.strip("/").replace("//", "/") != "b/a"


def test_a_connection_of_the_landing_zone_has_the_same_container(api: Api) -> None:
    made = api.make("connections", {"name": "Zone", "connectionSpec": {"id": "26f526f2-58f4-4712-961d-e41bf1ccc0e8"}})
    listing = found(api.http.get(f"{FLOW}/connections/{made}/explore", params={"objectType": "root"}))
    assert entry("file", "dlz-user-container/contacts.csv") in listing
