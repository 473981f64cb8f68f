"""The floor: a bare Starlette application over sqlite3, doing the same work with nothing around it.

Standard-library json, one raw statement a call, no validation, no tenants.
"""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
import uuid

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def application(path: str) -> Starlette:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute("CREATE TABLE connection (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, body TEXT)")
    database.execute("CREATE TABLE record (seq INTEGER PRIMARY KEY, body TEXT)")

    async def create(request: Request) -> Response:
        body = json.loads(await request.body())
        body["id"] = str(uuid.uuid4())
        database.execute("INSERT INTO connection (id, body) VALUES (?, ?)", (body["id"], json.dumps(body)))
        return Response(json.dumps({"id": body["id"]}), 201, media_type="application/json")

    async def get(request: Request) -> Response:
        row = database.execute("SELECT body FROM connection WHERE id = ?", (request.path_params["id"],)).fetchone()
        return Response(json.dumps({"items": [json.loads(row[0])]}), media_type="application/json")

    async def page(request: Request) -> Response:
        limit = int(request.query_params["limit"])
        rows = database.execute("SELECT body FROM connection ORDER BY seq DESC LIMIT ?", (limit,)).fetchall()
        return Response(json.dumps({"items": [json.loads(row[0]) for row in rows]}), media_type="application/json")

    async def take(request: Request) -> Response:
        record = json.loads(await request.body())
        database.executemany("INSERT INTO record (body) VALUES (?)", [(json.dumps(record),)])
        return Response(json.dumps({"inletId": request.path_params["id"]}), media_type="application/json")

    base = "/data/foundation/flowservice/connections"
    return Starlette(
        routes=[
            Route(base, create, methods=["POST"]),
            Route(base, page, methods=["GET"]),
            Route(f"{base}/{{id}}", get, methods=["GET"]),
            Route("/collection/{id}", take, methods=["POST"]),
        ]
    )


class Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"listening on http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}", flush=True)


if __name__ == "__main__":
    config = uvicorn.Config(application(sys.argv[1]), port=0, log_config=None, access_log=False, lifespan="off")
    Server(config).run()
