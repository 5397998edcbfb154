"""Records of runs and diagnostics, for the table of scores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.runs import record
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.identity import Identity
from tests.conftest import RECORD

Write = Callable[..., Path]
RUN = Identity("test", "hopper-medium", "dense", 100.0, "bc", 0)
LATER = Identity("test", "hopper-medium", "dense", 100.0, "bc", 1)
KEY_TO_DOOR = RECORD["protocol"] | {"environment": "bench/KeyToDoor-v0"}
GRAPH = RECORD["protocol"] | {"environment": "bench/ShortestPath2-v0"}
OPENED = Identity("test", "key_to_door-1k", "dense", 100.0, "bc", 0)
WALKED = Identity("test", "graph2-walks", "dense", 100.0, "bc", 0)


def diagnostic(
    folder: Path,
    kind: str = "critic",
    identity: Identity = OPENED,
    protocol: dict[str, Any] = KEY_TO_DOOR,
    **changes: Any,
) -> Path:
    about = {"measure": "roc", "group": "door room", "y": None, "spread": None}
    measures = [about | {"x": 0.25, "value": 0.5}, about | {"x": 1, "value": 1, "spread": 2}]
    fields = RECORD | {"evaluations": [], "measures": measures, "protocol": protocol} | changes
    record.write(folder / identity.folder(), identity, DIAGNOSTICS[kind].record, **fields)
    return folder / identity.folder() / DIAGNOSTICS[kind].record
