"""Batch Ingestion: batches that clients make, the files they upload into them, and what becomes of those."""

from __future__ import annotations

from typing import Any

from emulator.domain import ingestion as rules
from emulator.domain.errors import Refusal
from emulator.domain.ingestion import ABORT, BAD, COMPLETE, FAIL, INITIALIZE, MISSING, REVERT
from emulator.domain.kinds import BATCHES, DATASETS
from emulator.domain.tenant import Tenant
from emulator.edge.call import Answer, Call, answer
from emulator.edge.envelopes import problem
from emulator.edge.routing import Route, Service
from emulator.engine import landing, promotion
from emulator.engine.landing import BatchState
from emulator.engine.world import World
from emulator.store import batch_files, resources
from emulator.store.batch_files import Within
from emulator.store.database import Transaction

Document = dict[str, Any]
_FILE = "/batches/{id}/datasets/{dataset}/files/{name:path}"
_BYTES = "application/octet-stream"
_LONGEST_NAME = 1024


def service(world: World) -> Service:
    made = Ingestion(world)
    routes = [
        Route("POST", "/batches", made.create),
        Route("POST", "/batches/{id}", made.act, slow=True),
        Route("PUT", _FILE, made.put_file, slow=True, body_limit=rules.SMALL_FILE),
        Route("PATCH", _FILE, made.put_part, slow=True, body_limit=rules.LARGE_PART),
        Route("POST", _FILE, made.act_on_file),
        Route("GET", _FILE, made.file),
    ]
    return Service("ingestion", "/data/foundation/import", "tenant", problem, routes, too_large="IMPORT-0413-413")


class Ingestion:
    """The operations. Whoever changes a batch or its files holds the batch until that is done."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def create(self, call: Call) -> Answer:
        call.query.check((), BAD)
        new = rules.new_batch(call.json())
        world, tenant = self._world, call.tenant
        batch_id = world.ids.batch(world.clock.now())
        described: Document = {"externalId": new.external_id or batch_id, "inputFormat": new.input_format}
        if new.replay is not None:
            described["replay"] = new.replay
        with self._database.writing() as tx:
            if not resources.is_there(tx, tenant, DATASETS, new.dataset):
                raise rules.wrong("datasetId", new.dataset, "No dataset has this id in this sandbox.")
            for predecessor in new.predecessors:
                _check_predecessor(tx, tenant, predecessor, new.dataset)
            state = BatchState(rules.LOADING, new.tags)
            document = landing.create_batch(world, tx, tenant, new.dataset, batch_id, state, described)
        return answer(document, 201)

    def act(self, call: Call) -> Answer:
        """Documented: 200 says that the action is accepted; how the batch stands is in Catalog."""
        call.query.check(("action",), BAD)
        wanted = rules.action(call.query.one("action"), rules.ACTIONS)
        with self._database.writing() as tx:
            batch = _batch(tx, call)
            if wanted == REVERT:
                self._revert(tx, call.tenant, batch)
            elif _is_to_be_ended(batch, wanted):
                self._end(tx, call.tenant, batch, wanted)
        return _nothing()

    def _end(self, tx: Transaction, tenant: Tenant, batch: Document, wanted: str) -> None:
        if wanted != COMPLETE:
            status = rules.ABORTED if wanted == ABORT else rules.FAILED
            promotion.give_up(self._world, tx, tenant, batch, status)
            return
        listed = batch_files.listed(tx, Within.of(tenant, batch["id"]))
        open_files = [name for name, whole in listed.items() if not whole]
        if open_files:
            hint = f"Complete or upload again: {', '.join(open_files[:5])}."
            raise Refusal(BAD, detail="Files of the batch are still being uploaded.", hint=hint)
        promotion.promote(self._world, tx, tenant, batch)

    def _revert(self, tx: Transaction, tenant: Tenant, batch: Document) -> None:
        if batch["status"] == rules.INACTIVE:
            return
        if batch["status"] != rules.SUCCESS:
            hint = "Only a batch that succeeded is reverted; one that is loading is aborted."
            raise _cannot(batch, REVERT, hint)
        promotion.take_back(self._world, tx, tenant, batch)

    def put_file(self, call: Call) -> Answer:
        """Documented: the whole file; sent again, it takes the place of the one before."""
        _check_upload(call)
        with self._database.writing() as tx:
            within = _loading(tx, call)
            _check_room(tx, within, call)
            batch_files.put(tx, within, call.params["name"], call.body)
        return _nothing()

    def put_part(self, call: Call) -> Answer:
        _check_upload(call)
        name = call.params["name"]
        start = rules.content_range(call.headers.get("content-range"), len(call.body))
        with self._database.writing() as tx:
            within = _loading(tx, call)
            _check_open(tx, within, name)
            _check_room(tx, within, call)
            batch_files.put_part(tx, within, name, start, call.body)
            return _described(tx, within, name, 200)

    def act_on_file(self, call: Call) -> Answer:
        """Begin a large file, or put its parts together."""
        _check_address(call)
        call.query.check(("action",), BAD)
        wanted = rules.action(call.query.one("action"), (INITIALIZE, COMPLETE))
        name = call.params["name"]
        with self._database.writing() as tx:
            within = _loading(tx, call)
            if wanted == INITIALIZE:
                _check_room(tx, within, call)
                batch_files.begin(tx, within, name)
                return _described(tx, within, name, 201)
            if not batch_files.is_whole(tx, within, name):
                _check_open(tx, within, name)
                _check_parts(tx, within, name)
                batch_files.finish(tx, within, name)
            return _described(tx, within, name, 200)

    def file(self, call: Call) -> Answer:
        """Documented for HEAD: which bytes have come so far."""
        _check_address(call)
        call.query.check((), BAD)
        name = call.params["name"]
        with self._database.reading() as tx:
            batch = resources.read(tx, call.tenant, BATCHES, call.params["id"])
            within = _within(call, batch)
            if batch_files.is_whole(tx, within, name) is None:
                raise _no_file(within, name)
            return _described(tx, within, name, 200)


def _check_predecessor(tx: Transaction, tenant: Tenant, batch_id: str, dataset: str) -> None:
    batch = resources.read(tx, tenant, BATCHES, batch_id)
    if batch is None or promotion.dataset_of(batch) != dataset or batch["status"] != rules.SUCCESS:
        hint = f"Name batches of dataset {dataset} that succeeded."
        raise rules.wrong("replay.predecessors", batch_id, hint)


def _batch(tx: Transaction, call: Call) -> Document:
    """The batch of the call, held."""
    _check_address(call)
    stored = resources.hold(tx, call.tenant, BATCHES, call.params["id"])
    if stored is None:
        raise _no_batch(call)
    return stored.document


def _is_to_be_ended(batch: Document, wanted: str) -> bool:
    """Documented: completing once more is safe; what has ended is not aborted."""
    if batch["status"] == rules.LOADING and "flowId" not in batch["tags"]:
        return True
    done = {COMPLETE: (rules.SUCCESS, rules.FAILED), ABORT: (rules.ABORTED,), FAIL: (rules.FAILED,)}
    if batch["status"] in done[wanted]:
        return False
    raise _cannot(batch, wanted, "Only a batch into which a client is loading files can be ended.")


def _cannot(batch: Document, wanted: str, hint: str) -> Refusal:
    detail = f"{wanted} cannot be done to the batch {batch['id']}, which is {batch['status']}."
    return Refusal(BAD, detail=detail, field="action", given=wanted, hint=hint)


def _within(call: Call, batch: Document | None) -> Within:
    if batch is None:
        raise _no_batch(call)
    if promotion.dataset_of(batch) != call.params["dataset"]:
        detail = f"The batch {batch['id']} is none of dataset {call.params['dataset']}."
        raise Refusal(MISSING, detail=detail, hint=f"It is one of {promotion.dataset_of(batch)}.")
    return Within.of(call.tenant, batch["id"])


def _loading(tx: Transaction, call: Call) -> Within:
    """Where files of the call's batch go. Refuses a batch that has ended, or that a flow loads."""
    batch = _batch(tx, call)
    within = _within(call, batch)
    if batch["status"] != rules.LOADING or "flowId" in batch["tags"]:
        detail = f"The batch {batch['id']} is {batch['status']} and takes no files."
        raise Refusal(BAD, detail=detail, hint="Create another batch.")
    return within


def _check_upload(call: Call) -> None:
    _check_address(call)
    call.query.check((), BAD)
    given = call.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != _BYTES:
        raise Refusal("IMPORT-0415-415", given_type=given)


def _check_address(call: Call) -> None:
    if len(call.path) > rules.LONGEST_ADDRESS:
        raise Refusal("IMPORT-0414-414", limit=rules.LONGEST_ADDRESS)
    if len(call.params.get("name", "")) > _LONGEST_NAME:
        raise rules.wrong("name", call.params["name"][:40], f"A name has at most {_LONGEST_NAME} characters.")


def _check_room(tx: Transaction, within: Within, call: Call) -> None:
    names = batch_files.listed(tx, within)
    if call.params["name"] not in names and len(names) >= rules.MOST_FILES:
        raise Refusal(BAD, detail=f"A batch has at most {rules.MOST_FILES} files.")
    if batch_files.size(tx, within) + len(call.body) > rules.BATCH_SIZE:
        raise Refusal("IMPORT-0413-413", limit=rules.BATCH_SIZE)


def _check_open(tx: Transaction, within: Within, name: str) -> None:
    whole = batch_files.is_whole(tx, within, name)
    if whole is None:
        raise _no_file(within, name)
    if whole:
        raise Refusal(BAD, detail=f"The file {name} is complete.", hint="Initialize it to upload it again.")


def _check_parts(tx: Transaction, within: Within, name: str) -> None:
    wrong = "; ".join(list(rules.misfits(batch_files.places(tx, within, name)))[:5])
    if wrong:
        raise Refusal(BAD, detail=f"The parts of the file {name} do not fit together: {wrong}.")


def _described(tx: Transaction, within: Within, name: str, status: int) -> Answer:
    """The file, and in a header which of its bytes are there."""
    places = batch_files.places(tx, within, name)
    ranges = ",".join(f"{place.start}-{place.start + place.size - 1}" for place in places if place.size)
    headers = {"range": f"bytes={ranges}"} if ranges else {}
    return answer({"name": name, "sizeInBytes": sum(place.size for place in places)}, status, headers)


def _no_batch(call: Call) -> Refusal:
    return Refusal(MISSING, detail=f"The batch {call.params['id']} is not found in this sandbox.")


def _no_file(within: Within, name: str) -> Refusal:
    hint = "A large file is begun by POST with action=INITIALIZE, a small one is sent by PUT."
    return Refusal(MISSING, detail=f"There is no file {name} in batch {within.batch}.", hint=hint)


def _nothing() -> Answer:
    """Documented: an empty body."""
    return Answer(200, content_type="")
