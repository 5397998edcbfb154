"""The records of a scale in one file."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.core.files import DamagedFile, write_json
from bench.runs import archive
from bench.runs.identity import Identity

Write = Callable[..., Path]
RUNS = [Identity("test", "hopper-medium", "dense", 100.0, "bc", seed) for seed in (0, 1)]


@pytest.fixture
def results(tmp_path: Path, write_record: Write) -> Path:
    """Two runs below tmp_path/results, one with a sweep, and files that are not records."""
    for run in RUNS:
        folder = write_record(run).parent
        write_json(folder / "run.json", {"training": {"seconds": 0.5}, "host": "ä"})
        write_json(folder / "training.json", {"module": "bc"})
    write_json(folder / "sweep.json", {"returns": [1.0, -0.0, 1e-7, 3]})
    return tmp_path / "results"


def contents(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*.json") if path.name in names)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_unpacking_gives_back_the_same_bytes(results: Path, tmp_path: Path) -> None:
    packed = tmp_path / "test.jsonl.gz"
    assert archive.pack(results / "test/runs", packed) == 5
    written = archive.unpack(packed, tmp_path / "back")
    assert len(written) == 5
    names = archive.record_names()
    assert contents(tmp_path / "back/results", names) == contents(results, names)
    assert not list((tmp_path / "back").rglob("training.json"))


def test_packing_is_deterministic(results: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl.gz", tmp_path / "two.jsonl.gz"
    for path in (one, two):
        archive.pack(results / "test/runs", path)
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes()[3:8] == b"\0" * 5  # no name, no time


def test_a_line_is_a_record(results: Path, tmp_path: Path) -> None:
    packed = tmp_path / "test.jsonl.gz"
    archive.pack(results / "test/runs", packed)
    lines = [json.loads(line) for line in gzip.decompress(packed.read_bytes()).splitlines()]
    paths = [line["path"] for line in lines]
    assert paths == sorted(paths)
    assert paths[0] == "results/test/runs/hopper-medium/dense/100/bc/0/result.json"
    assert lines[0]["content"]["identity"]["method"] == "bc"


def test_adding_keeps_what_was_packed_and_takes_whole_runs(
    results: Path, tmp_path: Path, write_record: Write
) -> None:
    packed, runs = tmp_path / "test.jsonl.gz", results / "test/runs"
    archive.pack(runs, packed)
    before = archive.read(packed)
    for run in RUNS:
        shutil.rmtree(tmp_path / run.folder())
    again = RUNS[1].folder()
    write_record(RUNS[1], device="cuda")
    assert archive.pack(runs, packed, add=True) == 3
    after = archive.read(packed)
    kept = {str(RUNS[0].folder() / name) for name in ("result.json", "run.json")}
    assert {path: after[path] for path in kept} == {path: before[path] for path in kept}
    # run 1 was made again without a sweep: nothing of its former policy stays
    assert set(after) == kept | {str(again / "result.json")}
    assert after[str(again / "result.json")]["device"] == "cuda"
    assert archive.pack(runs, packed) == 1


def test_some_files_can_be_read_alone(results: Path, tmp_path: Path) -> None:
    packed = tmp_path / "test.jsonl.gz"
    archive.pack(results / "test/runs", packed)
    everything = archive.read(packed)
    for names in (["result.json"], ["result.json", "sweep.json"], ["run.json"], [], ["json"]):
        wanted = {path: one for path, one in everything.items() if Path(path).name in names}
        assert archive.read(packed, names) == wanted
    assert {Path(path).name for path in everything} == {"result.json", "run.json", "sweep.json"}


def test_a_scale_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no records; run the scale first"):
        archive.pack(tmp_path / "results/test/runs", tmp_path / "test.jsonl.gz")


def test_a_file_that_another_program_wrote_is_refused(results: Path, tmp_path: Path) -> None:
    path = results.parent / RUNS[0].folder() / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text())))
    with pytest.raises(DamagedFile, match=f"{path} was not written by this suite"):
        archive.pack(results / "test/runs", tmp_path / "test.jsonl.gz")
    assert not (tmp_path / "test.jsonl.gz").exists()


def test_records_too_large_for_the_repository_are_refused(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match="belong in the repository"):
        archive.pack(results / "test/runs", tmp_path / "test.jsonl.gz")
    assert not (tmp_path / "test.jsonl.gz").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"plain text", "not a gzip file"),
        (gzip.compress(b'{"path": "results/a/result.json", "content": {}}')[:-9], "not a gzip"),
        (gzip.compress(b""), "it is empty"),
        (gzip.compress(b"no json\n"), "line 1 is not a record"),
        (gzip.compress(b'{"path": "results/a/result.json"}\n'), "line 1 is not a record"),
        (gzip.compress(b"[1]\n"), "line 1 is not a record"),
        (gzip.compress(b'{"path": "../result.json", "content": {}}\n'), "not the path of a record"),
        (
            gzip.compress(b'{"path": "/etc/result.json", "content": {}}\n'),
            "not the path of a record",
        ),
        (gzip.compress(b'{"path": "results/a.sh", "content": {}}\n'), "not the path of a record"),
    ],
    ids=["nothing", "text", "cut", "empty", "line", "key", "list", "above", "absolute", "script"],
)
def test_a_damaged_archive_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "test.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match=f"{path} is damaged .*{reason}"):
        archive.unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
