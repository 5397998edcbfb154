from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bench.core.files import DamagedFile
from bench.runs import record
from bench.runs.identity import Identity, identity_of
from tests.conftest import RECORD

Write = Callable[..., Path]
RUN = Identity("test", "hopper-medium", "dense", 100.0, "bc", 1)


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Edit a record and give it the digest of its new content."""
    content = json.loads(path.read_text())
    change(content)
    content["digest"] = record.digest(content)
    path.write_text(json.dumps(content))


def test_round_trip(write_record: Write) -> None:
    back = record.read(write_record(RUN))
    assert {key: back[key] for key in RECORD} == RECORD
    assert Identity(**back["identity"]) == RUN
    assert back["schema"] == 1


def test_the_folder_spells_the_identity(write_record: Write, tmp_path: Path) -> None:
    path = write_record(RUN)
    below = path.parent.relative_to(tmp_path)
    assert str(below) == "results/test/runs/hopper-medium/dense/100/bc/1"
    assert identity_of(below) == RUN


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    fields = copy.deepcopy(RECORD)
    backwards = {key: fields[key] for key in reversed(fields)}
    record.write(tmp_path / "a", RUN, **RECORD)
    record.write(tmp_path / "b", RUN, **backwards)
    assert (tmp_path / "a/result.json").read_bytes() == (tmp_path / "b/result.json").read_bytes()


def test_every_flipped_digit_is_noticed(write_record: Write) -> None:
    path = write_record(RUN)
    text = path.read_text()
    places = [match.start() for match in re.finditer(r"\d", text)]
    assert len(places) > 80
    for place in places:
        flipped = str((int(text[place]) + 1) % 10)
        path.write_text(text[:place] + flipped + text[place + 1 :])
        with pytest.raises(DamagedFile, match=str(path)):
            record.read(path)


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_a_truncated_record_is_refused(write_record: Write, share: float) -> None:
    path = write_record(RUN)
    path.write_text(path.read_text()[: int(share * path.stat().st_size) - 2])
    with pytest.raises(DamagedFile, match=str(path)):
        record.read(path)


@pytest.mark.parametrize("content", ["[]", "null", "3", "<html></html>"])
def test_other_content_is_refused(write_record: Write, content: str) -> None:
    path = write_record(RUN)
    path.write_text(content)
    with pytest.raises(DamagedFile, match=str(path)):
        record.read(path)


def test_a_missing_record_is_another_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        record.read(tmp_path / RUN.folder() / "result.json")


@pytest.mark.parametrize("place", ["other-seed", "other-method", "other-scale"])
def test_a_record_in_another_runs_folder_is_refused(
    write_record: Write, tmp_path: Path, place: str
) -> None:
    other = {
        "other-seed": Identity("test", "hopper-medium", "dense", 100.0, "bc", 0),
        "other-method": Identity("test", "hopper-medium", "dense", 100.0, "dt", 1),
        "other-scale": Identity("quick", "hopper-medium", "dense", 100.0, "bc", 1),
    }[place]
    path = write_record(RUN)
    shutil.copytree(path.parent, tmp_path / other.folder())
    with pytest.raises(DamagedFile, match="belongs to another run"):
        record.read(tmp_path / other.folder() / "result.json")


def test_the_digest_ignores_nothing_but_itself(write_record: Write) -> None:
    content = json.loads(write_record(RUN).read_text())
    for key in content.keys() - {"digest"}:
        assert record.digest(content | {key: "else"}) != content["digest"]
    assert record.digest(content | {"digest": "else"}) == content["digest"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda content: content.update(extra=1), "top level"),
        (lambda content: content["identity"].update(extra=1), "identity"),
        (lambda content: content["evaluations"][0].update(extra=1), r"evaluations\.0"),
        (lambda content: content.pop("versions"), "top level"),
        (lambda content: content["protocol"].pop("num_envs"), "protocol"),
        (lambda content: content.update(status="failed"), "status"),
        (lambda content: content.update(schema=2), "schema"),
        (lambda content: content.update(evaluations=[]), "evaluations"),
        (lambda content: content["evaluations"][0].update(returns=["1"]), "evaluations"),
        (lambda content: content["evaluations"][0].update(returns=[1.0, True]), "evaluations"),
        (lambda content: content["evaluations"][0].update(returns=1.0), "evaluations"),
    ],
    ids=[
        "unknown",
        "unknown-axis",
        "unknown-number",
        "missing",
        "missing-protocol",
        "status",
        "schema",
        "no-evaluation",
        "text",
        "truth",
        "no-array",
    ],
)
def test_another_schema_is_refused_even_with_a_true_digest(
    write_record: Write, change: Callable[[dict[str, Any]], None], place: str
) -> None:
    path = write_record(RUN)
    changed(path, change)
    with pytest.raises(DamagedFile, match=rf"{path} is damaged \({place}"):
        record.read(path)


def test_a_changed_digest_alone_passes(write_record: Write) -> None:
    path = write_record(RUN)
    changed(path, lambda content: content.update(device="cuda"))
    assert record.read(path)["device"] == "cuda"


def test_an_unknown_field_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        record.write(tmp_path, RUN, **RECORD, surprise=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")], ids=["nan", "inf"])
def test_a_score_that_is_not_a_number_is_not_written(tmp_path: Path, value: float) -> None:
    fields = copy.deepcopy(RECORD)
    fields["evaluations"][0]["returns"][1] = value
    with pytest.raises(ValueError, match="not JSON compliant"):
        record.write(tmp_path, RUN, **fields)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999"])
def test_a_score_that_is_not_a_number_is_refused_by_name(write_record: Write, value: str) -> None:
    path = write_record(RUN)
    path.write_text(path.read_text().replace("60.0", value))
    with pytest.raises(DamagedFile, match=str(path)):
        record.read(path)
