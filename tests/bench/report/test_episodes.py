"""Records as a table of episodes."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from bench.core.files import DamagedFile
from bench.report.episodes import COLUMNS, table, write
from bench.runs import archive
from bench.runs.clock import write_clock
from bench.runs.identity import SWEEP
from tests.conftest import RECORD
from tests.helpers.records import LATER, RUN, Write, diagnostic

TIMES = {"training": {"cpu_seconds": 40.0, "snapshots": {"10": 12.5}}}
LAST = RECORD["evaluations"][0]
EARLY = LAST | {"step": 10, "final": False, "returns": [1.0], "lengths": [9]}


def test_the_rows_of_a_record_by_hand(write_record: Write) -> None:
    path = write_record(RUN, evaluations=[EARLY, LAST])
    write_clock(path.parent, TIMES)
    frame = table(path)
    assert list(frame.columns) == list(COLUMNS)
    assert frame["kind"].tolist() == ["curve", "score", "score", "score"]
    assert frame["step"].tolist() == [10, 20, 20, 20]
    assert frame["episode"].tolist() == [0, 0, 1, 2]
    assert frame["return"].tolist() == [1, 10, 20, 60]
    assert frame["length"].tolist() == [9, 11, 12, 16]
    assert frame["core_seconds"].tolist() == [12.5, 40, 40, 40]
    expected = [100 * (value + 20.272305) / 3254.572305 for value in (1, 10, 20, 60)]
    assert frame["score"].tolist() == pytest.approx(expected)
    row = frame.iloc[-1]
    assert row["target_score"] == pytest.approx(100 * 3620.272305 / 3254.572305)
    assert (row["scale"], row["task"], row["method"], row["seed"]) == (
        "test",
        "hopper-medium",
        "bc",
        0,
    )
    assert (row["simulator"], row["episode_list"]) == ("mujoco 3.4.0", "")
    assert (json.loads(row["config"]), row["data"], row["policy"]) == ({"width": 32}, "d0", "f0")


def test_a_folder_holds_all_its_records_and_no_diagnostics(
    write_record: Write, tmp_path: Path
) -> None:
    write_record(LATER)
    write_record(RUN)
    write_record(RUN, name=SWEEP, evaluations=[LAST | {"target": 7200.0, "final": False}])
    diagnostic(tmp_path)
    frame = table(tmp_path / "results/test")
    assert frame.groupby(["seed", "kind"]).size().to_dict() == {
        (0, "score"): 3,
        (0, "sweep"): 3,
        (1, "score"): 3,
    }
    assert math.isnan(frame["core_seconds"].iloc[0])
    assert set(frame.loc[frame["kind"] == "sweep", "target"]) == {7200}


def test_a_packed_file_gives_the_rows_of_its_folder(write_record: Write, tmp_path: Path) -> None:
    for run in (LATER, RUN):
        write_clock(write_record(run, evaluations=[EARLY, LAST]).parent, TIMES)
    packed = tmp_path / "test.jsonl.gz"
    archive.pack(tmp_path / "results/test/runs", packed)
    assert table(packed).equals(table(tmp_path / "results/test"))


def test_a_place_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no record \(result\.json or sweep\.json\)"):
        table(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"there is no .*nowhere"):
        table(tmp_path / "nowhere")


def test_a_damaged_record_is_named(write_record: Write, tmp_path: Path) -> None:
    path = write_record(RUN)
    path.write_text(path.read_text().replace("60.0", "61.0"))
    with pytest.raises(DamagedFile, match="changed after it was written"):
        table(tmp_path)


def test_a_record_without_its_simulator_is_damaged(write_record: Write, tmp_path: Path) -> None:
    write_record(RUN, versions={"gymnasium": "1.0.0"})
    with pytest.raises(DamagedFile, match="does not name the version of its simulator"):
        table(tmp_path)


def test_another_ending_is_refused(write_record: Write, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"its name must end in \.parquet"):
        write(table(write_record(RUN)), tmp_path / "records.csv")
