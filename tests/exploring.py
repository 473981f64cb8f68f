"""Short words for tests of explore."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from emulator.server import Background
from emulator.settings import Settings
from tests.support import AMAZON_S3, FLOW, SALESFORCE, Api, Document, client_of

LANDING_ZONE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
BIG_QUERY = "3c9b37f8-13a6-43d8-bad3-b863b941fedd"
SNOWFLAKE = "b2e08744-4f1a-40ce-af30-7abac3e23cf3"
SNOWFLAKE_STREAMING = "51ae16c2-bdad-42fd-9fce-8d5dfddaf140"
DYNAMICS = "38ad80fe-8b06-4938-94f4-d4ee80266b07"
MYSQL = "26d738e0-8963-47ea-aadf-c60de735468a"

S3_KEYS = {"specName": "Access Key", "params": {"s3AccessKey": "x", "s3SecretKey": "x"}}
SALESFORCE_KEYS = {
    "specName": "Basic Authentication",
    "params": {"username": "x", "password": "x", "securityToken": "x"},
}
DYNAMICS_KEYS = {
    "specName": "Basic Authentication for Dynamics-Online",
    "params": {"serviceUri": "x", "username": "x", "password": "x"},
}
MYSQL_KEYS = {"specName": "Connection String Based Authentication", "params": {"connectionString": "x"}}
SNOWFLAKE_KEYS = {
    "specName": "Basic Authentication for Snowflake",
    "params": {"account": "x", "database": "x", "warehouse": "x", "username": "x", "password": "x"},
}


def encoded(value: Any) -> str:
    """Base64 of JSON, or of bytes as they are."""
    return base64.b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).decode()


def explore(api: Api, connection: str, **params: Any) -> httpx.Response:
    return api.http.get(f"{FLOW}/connections/{connection}/explore", params=params)


def explore_zone(api: Api, spec_id: str = LANDING_ZONE, **params: Any) -> httpx.Response:
    return api.http.get(f"{FLOW}/connectionSpecs/{spec_id}/explore", params=params)


def file_store(api: Api) -> str:
    return api.base_connection(AMAZON_S3, auth=S3_KEYS)


def database(api: Api) -> str:
    return api.base_connection(SALESFORCE, auth=SALESFORCE_KEYS)


def found(answer: httpx.Response) -> Any:
    """The body of an answer that is no refusal: a listing, or what was looked at."""
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(explored: Document) -> list[str]:
    return [column["name"] for column in explored["schema"]["columns"]]


@contextmanager
def server_over(sources: Path) -> Iterator[Api]:
    """A client of a server that reads this folder of sources."""
    with Background(Settings(port=0, database="sqlite://", sources=sources)) as running:
        with client_of(running.url, "EXPLORE@AdobeOrg") as api:
            yield api


def put(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def tarred(content: bytes, name: str = "data.csv") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def zipped(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.mkdir("folder")
        archive.writestr("folder/data.csv", content)
    return packed.getvalue()


# How content is packed, by the service's name for it.
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    # Without a time: what is packed may name a test.
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "bzip2": bz2.compress,
    "deflate": zlib.compress,
    "zipDeflate": zipped,
    "tar": tarred,
    "tarGzip": lambda content: gzip.compress(tarred(content), mtime=0),
}
