"""Data Prep's own resources beside mapping sets: samples of data, and schemas of what is mapped from and to.

Documented in older guides: a sample is JSON kept as a text; a schema is given as such, inferred from a sample
(and then called ``SampleSchema:{sampleId}``), or named by its reference in the Schema Registry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from emulator.domain.errors import Refusal
from emulator.domain.inference import infer
from emulator.domain.mapping_sets import BAD
from emulator.domain.nesting import MAX_DEPTH, is_too_deep

Document = dict[str, Any]

JSON = "JSON"


@dataclass(frozen=True)
class SchemaRequest:
    """A new schema: its own text, or the id of a sample, or a reference; the others are None."""

    name: str | None
    json_schema: Document | None
    sample: str | None
    schema_ref: Document | None


def read_sample(body: Document) -> Document:
    """``sampleData`` and ``sampleType``, as they are kept. Raises a refusal that names the field."""
    kind = body.get("sampleType", JSON)
    if kind != JSON:
        raise _refused("sampleType", kind, f"The only type of samples is {JSON}.")
    text = body.get("sampleData")
    if not isinstance(text, str):
        raise _refused("sampleData", text, "Send JSON as a text.")
    records_of(text)
    return {"sampleData": text, "sampleType": kind}


def records_of(text: str) -> list[Document]:
    """The records of a sample, which is one object or an array of them."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        where = f"{error.msg} at line {error.lineno} column {error.colno}"
        raise _refused("sampleData", text[:100], f"The text is no JSON: {where}.") from None
    records = value if isinstance(value, list) else [value]
    if is_too_deep(value):
        raise _refused("sampleData", text[:100], f"At most {MAX_DEPTH} levels of nesting are allowed.")
    if not all(isinstance(record, dict) for record in records):
        raise _refused("sampleData", text[:100], "The text holds one object or an array of objects.")
    return records


def read_schema(body: Document) -> SchemaRequest:
    """Raises a refusal that names the field."""
    name, json_schema = body.get("name"), body.get("jsonSchema")
    sample, schema_ref = body.get("sampleId"), body.get("schemaRef")
    if name is not None and not isinstance(name, str):
        raise _refused("name", name, "Send a text.")
    if json_schema is not None and not isinstance(json_schema, dict):
        raise _refused("jsonSchema", json_schema, "Send a JSON schema as an object.")
    if sample is not None and not isinstance(sample, str):
        raise _refused("sampleId", sample, "Send the id of a sample.")
    if schema_ref is not None:
        _check_reference(schema_ref)
    if json_schema is None and sample is None and schema_ref is None:
        raise _refused("jsonSchema", None, "Send one of jsonSchema, sampleId and schemaRef.")
    return SchemaRequest(name, json_schema, sample, schema_ref)


def _check_reference(given: Any) -> None:
    if not isinstance(given, dict) or not isinstance(given.get("id"), str) or not given["id"]:
        raise _refused("schemaRef", given, 'Send {"id": "…", "contentType": "…"}.')
    if not isinstance(given.get("contentType", ""), str):
        raise _refused("schemaRef.contentType", given["contentType"], "Send a text.")


def inferred(sample: Document) -> Document:
    """The schema of a stored sample."""
    schema = infer(records_of(sample["sampleData"]))
    return {"title": f"SampleSchema:{sample['id']}", **schema}


def _refused(field: str, given: Any, hint: str) -> Refusal:
    return Refusal(BAD, detail="The body cannot be accepted.", field=field, given=given, hint=hint)
