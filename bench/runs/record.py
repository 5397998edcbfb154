"""The record of one run: what it was, what it scored, and what it depended on.

`result.json` has no clock in it: the same inputs give the same bytes on one machine. `run.json`
beside it holds times, host and commit; `sweep.json` is the record of the same policy asked for other
target returns; `critic.json`, `paths.json` and `held_out.json` hold what else was measured of it.
Every reader checks schema and digest and refuses a damaged file by name.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema

from bench.core.files import DamagedFile, digest, intact, read_json, write_json
from bench.runs.identity import RESULT, Identity, identity_of

SCHEMA_VERSION = 1

_NUMBERS = {"type": "array", "items": {"type": "number"}}
_MACHINE = {
    "type": "object",
    "required": ["processor", "instruction_set", "limits"],
    "additionalProperties": {"type": ["string", "null"]},
}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": [
        "schema",
        "identity",
        "module",
        "status",
        "diverged_at",
        "protocol",
        "evaluations",
        "training",
        "config",
        "hashes",
        "versions",
        "device",
        "digest",
    ],
    "additionalProperties": False,
    "if": {"not": {"required": ["measures"]}},
    "then": {"properties": {"evaluations": {"minItems": 1}}},
    "properties": {
        "schema": {"const": SCHEMA_VERSION},
        "identity": {
            "type": "object",
            "required": ["scale", "task", "reward", "data_percent", "method", "seed"],
            "additionalProperties": False,
            "properties": {
                "scale": {"type": "string"},
                "task": {"type": "string"},
                "reward": {"enum": ["dense", "sparse"]},
                "data_percent": {"type": "number"},
                "method": {"type": "string"},
                "seed": {"type": "integer"},
            },
        },
        "module": {"type": "string"},
        "status": {"enum": ["done", "diverged"]},
        "diverged_at": {"type": ["integer", "null"]},
        "protocol": {
            "type": "object",
            "required": ["environment", "source", "target", "episodes", "num_envs", "rolled_out"],
        },
        "evaluations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["step", "target", "final", "returns", "lengths"],
                "additionalProperties": False,
                "properties": {
                    "step": {"type": "integer"},
                    "target": {"type": "number"},
                    "final": {"type": "boolean"},
                    "returns": {**_NUMBERS, "minItems": 1},
                    "lengths": {**_NUMBERS, "minItems": 1},
                },
            },
        },
        "measures": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["measure", "group", "x", "y", "value", "spread"],
                "additionalProperties": False,
                "properties": {
                    "measure": {"type": "string"},
                    "group": {"type": "string"},
                    **{
                        name: {"type": ["number", "null"]} for name in ("x", "y", "value", "spread")
                    },
                },
            },
        },
        "training": {"type": "object", "required": ["steps", "losses"]},
        "config": {"type": "object"},
        "hashes": {"type": "object", "required": ["data", "code", "policy"]},
        "versions": {"type": "object"},
        "device": {"type": "string"},
        "machine": {
            "type": "object",
            "required": ["training", "evaluation"],
            "additionalProperties": False,
            "properties": {"training": _MACHINE, "evaluation": _MACHINE},
        },
        "digest": {"type": "string"},
    },
}


_EACH = jsonschema.Draft202012Validator.VALIDATORS["items"]


def _items(validator: Any, items: Any, instance: Any, schema: Any) -> Any:
    """Check the items of an array; long ones of plain numbers, such as returns, at once."""
    plain = isinstance(instance, list) and set(map(type, instance)) <= {int, float}
    if plain and items == _NUMBERS["items"]:
        return
    yield from _EACH(validator, items, instance, schema)


_VALIDATOR = jsonschema.validators.extend(  # type: ignore[no-untyped-call] # the stubs' gap
    jsonschema.Draft202012Validator, {"items": _items}
)(_SCHEMA)


def write(folder: Path, identity: Identity, name: str = RESULT, **fields: Any) -> None:
    """Write a record into a run's folder, atomically.

    Raises:
        jsonschema.ValidationError: a field is missing or of the wrong type: a bug in the caller.
        DiskFull: no space is left.
    """
    record = {"schema": SCHEMA_VERSION, "identity": asdict(identity), **fields}
    record["digest"] = digest(record)
    _VALIDATOR.validate(record)
    write_json(folder / name, record)


def read(path: Path) -> dict[str, Any]:
    """Read a record and check it.

    Raises:
        FileNotFoundError: there is none.
        DamagedFile: it is not JSON, breaks the schema, was changed after it was written, or lies in
            another run's folder.
    """
    return checked(read_json(path), str(path), path.resolve().parent)


def checked(record: Any, name: str, folder: Path) -> dict[str, Any]:
    """Return a record, if it is sound.

    Args:
        record: what was read.
        name: of the file, for messages.
        folder: of the run that it lies in.

    Raises:
        DamagedFile: it breaks the schema, was changed after it was written, or lies in another run's
            folder.
    """
    wayout = f"delete {name} and run again"
    try:
        _VALIDATOR.validate(record)
    except jsonschema.ValidationError as error:
        place = ".".join(str(part) for part in error.absolute_path) or "top level"
        raise DamagedFile(
            f"record {name} is damaged ({place}: {error.message[:120]}); {wayout}"
        ) from error
    if not intact(record):
        raise DamagedFile(
            f"record {name} was changed after it was written (digest differs); {wayout}"
        )
    if Identity(**record["identity"]) != identity_of(folder):
        raise DamagedFile(f"record {name} belongs to another run ({record['identity']}); {wayout}")
    sound: dict[str, Any] = record
    return sound
