"""Two sets of records of one scale: paired differences by hand, and what only one of the sets has."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from bench.core.files import DamagedFile, digest, write_json
from bench.report.changes import Cell, RecordSet, change_of, make, mean_change, read_set
from bench.runs import archive
from bench.runs.identity import Identity
from bench.tasks.registry import task_by_name
from tests.conftest import RECORD, write_below, write_scores

DT: Cell = ("hopper-medium", "dense", 100.0, "dt")
BC: Cell = ("hopper-medium", "dense", 100.0, "bc")
IQL: Cell = ("hopper-medium", "dense", 100.0, "iql")


def record_set(name: str, cells: dict[Cell, list[float]], first_seed: int = 0) -> RecordSet:
    """Return a set with these scores, one a seed, each of one episode."""
    scores = {cell: dict(enumerate(each, first_seed)) for cell, each in cells.items()}
    returns = {cell: {seed: [s] for seed, s in each.items()} for cell, each in scores.items()}
    return RecordSet(name, "test", scores, returns)


def test_the_interval_is_of_the_paired_differences() -> None:
    """Differences 1, 3, 2: mean 2, standard error 1 / sqrt(3), and the t quantile of 2 degrees of freedom."""
    found = change_of([(10, 11), (20, 23), (30, 32)], equal=False)
    half = 4.302652729911275 / math.sqrt(3)
    assert (found.before, found.after, found.gap.mean) == (20, 22, 2)
    assert (found.gap.low, found.gap.high) == pytest.approx((2 - half, 2 + half))
    assert found.p == pytest.approx(stats.ttest_rel([11, 23, 32], [10, 20, 30]).pvalue)
    assert found.p == pytest.approx(0.07418, abs=1e-5)


def test_the_mean_over_cells_has_the_interval_of_welch_and_satterthwaite() -> None:
    """Of two cells with the squared standard errors 1/3 and 0."""
    found = mean_change([[(10, 11), (20, 23), (30, 32)], [(5, 5), (5, 5), (5, 5)]], equal=False)
    half = 4.302652729911275 * math.sqrt(1 / 3) / 2
    assert (found.before, found.after, found.gap.mean) == (12.5, 13.5, 1)
    assert (found.gap.low, found.gap.high) == pytest.approx((1 - half, 1 + half))


def test_pairing_sees_what_two_unpaired_samples_hide() -> None:
    """Seeds differ by 50 points and the change is 1 point in each."""
    before = np.array([0.0, 50.0, 100.0])
    after = before + [0.9, 1.0, 1.1]
    assert change_of(list(zip(before, after, strict=True)), equal=False).p < 0.01
    assert stats.ttest_ind(after, before).pvalue > 0.9


def words(table: Any) -> dict[tuple[str, str], str]:
    frame = table.numbers
    return dict(zip(zip(frame["suite"], frame["method"], strict=True), frame["moved"], strict=True))


def test_each_cell_says_whether_it_moved() -> None:
    before = record_set("a", {DT: [10, 20, 30], BC: [40, 41, 42], IQL: [1, 2, 3]})
    after = record_set("b", {DT: [20.1, 30, 39.9], BC: [40, 41, 42], IQL: [1.5, 1, 4]})
    table = make(before, after, {"main": {DT, BC}, "guests": {IQL, BC}})
    assert words(table) == {
        ("main", "dt"): "higher",
        ("main", "bc"): "equal",
        ("guests", "iql"): "no",
        ("guests", "bc"): "equal",
        ("main", ""): "higher",
        ("guests", ""): "no",
        ("all suites", ""): "higher",
    }
    assert table.notes[0].startswith(
        "Of 9 runs 3 have the same returns in every episode; 1 of 3 cells moved (dt on hopper-medium). "
        "The mean over all cells changed by +3.4 ["
    )
    lower = make(after, before, {})
    assert words(lower)["other", "dt"] == "lower"


def test_single_cells_are_corrected_for_their_number() -> None:
    """The p of these differences is 0.042: below 0.05 by itself, and 0.085 as the smallest of two."""
    still, moved = [0.0] * 4, [0.5, 2.0, 3.0, 3.5]
    assert stats.ttest_1samp(moved, 0).pvalue == pytest.approx(0.0424, abs=1e-4)
    alone = make(record_set("a", {DT: still}), record_set("b", {DT: moved}), {})
    both = make(
        record_set("a", {DT: still, BC: still}), record_set("b", {DT: moved, BC: moved}), {}
    )
    assert words(alone)["other", "dt"] == "higher"
    assert (words(both)["other", "dt"], words(both)["other", "bc"]) == ("no", "no")


def test_the_score_is_that_of_the_last_policy(tmp_path: Path) -> None:
    """A record has its snapshots before the last policy."""
    identity = Identity("test", "hopper-medium", "dense", 100.0, "dt", 0)
    last = RECORD["evaluations"][0] | {"lengths": [9]}
    evaluations = [
        last | {"step": 5, "final": False, "returns": [9000.0]},
        last | {"returns": [3234.3]},  # of the expert: 100 points
    ]
    write_below(tmp_path, identity, {"evaluations": evaluations})
    found = read_set(str(tmp_path))
    assert found.scores == {DT: {0: pytest.approx(100)}}
    assert found.returns == {DT: {0: [3234.3]}}


def test_records_of_imported_data_that_are_not_here_are_compared(tmp_path: Path) -> None:
    """The record describes its task: a return of 30 lies halfway between 10 and 50."""
    task = asdict(task_by_name("hopper-medium"))
    described = task | {"kind": "mine"}
    described["domain"] |= {
        "name": "pole",
        "label": "Pole",
        "environment": "CartPole-v1",
        "reference_min": 10.0,
        "reference_max": 50.0,
    }
    evaluation = RECORD["evaluations"][0] | {"returns": [30.0], "lengths": [9]}
    protocol = RECORD["protocol"] | {"task": described}
    identity = Identity("test", "pole-mine", "dense", 100.0, "dt", 0)
    write_below(tmp_path, identity, {"evaluations": [evaluation], "protocol": protocol})
    found = read_set(str(tmp_path))
    assert found.scores == {("pole-mine", "dense", 100.0, "dt"): {0: 50.0}}
    assert len(make(found, found, {}).body) == 2


def test_equal_records_moved_nothing() -> None:
    one = record_set("a", {DT: [10, 20], BC: [40]})
    table = make(one, one, {"main": {DT, BC}})
    assert table.notes[0] == "Nothing moved: all 3 runs have the same returns in every episode."
    assert set(words(table).values()) == {"equal"}
    assert not any(note.startswith("Only") for note in table.notes)


def test_one_seed_has_no_interval() -> None:
    table = make(record_set("a", {DT: [10]}), record_set("b", {DT: [11]}), {})
    assert words(table) == {("other", "dt"): "one seed", ("all suites", ""): "one seed"}
    assert "+1.0 (1 seed)" in table.body[0]


def test_cells_with_one_seed_do_not_take_the_interval_from_the_mean() -> None:
    before = record_set("a", {DT: [10, 20, 30], BC: [40]})
    after = record_set("b", {DT: [13.1, 23, 32.9], BC: [90]})
    table = make(before, after, {})
    assert words(table)["all suites", ""] == "higher"
    last = table.numbers.iloc[-1]
    assert (last["runs"], last["difference"]) == (3, pytest.approx(3))
    assert "Cells with one seed have no interval, and the means leave them out: 1." in table.notes


def test_what_only_one_of_them_has_is_named() -> None:
    before = record_set("a", {DT: [1, 2, 3], BC: [4] * 9})
    table = make(before, record_set("b", {DT: [1, 2, 3], IQL: [5]}), {})
    assert [note for note in table.notes if note.startswith("Only")] == [
        "Only a has 9 runs (9 of bc): "
        + ", ".join(f"hopper-medium/dense/100/bc/{n}" for n in range(6))
        + " and 3 more.",
        "Only b has 1 runs (1 of iql): hopper-medium/dense/100/iql/0.",
    ]
    assert [row[4] for row in table.body] == ["dt", "—"]


def test_seeds_are_paired_by_their_number() -> None:
    table = make(record_set("a", {DT: [1, 2, 3]}), record_set("b", {DT: [9, 10]}, first_seed=1), {})
    assert table.numbers.loc[0, ["runs", "before", "after"]].tolist() == [2, 2.5, 9.5]


def test_nothing_in_common_is_an_error() -> None:
    with pytest.raises(ValueError, match="no run is in both a and b"):
        make(record_set("a", {DT: [1]}), record_set("b", {BC: [1]}), {})


def test_a_folder_a_packed_file_and_a_scale_hold_the_same_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scores(tmp_path, {("hopper-medium", "dt"): [29.0, 30.0]})
    monkeypatch.setattr(archive, "ARCHIVES", tmp_path / "kept")
    packed = archive.archive_of("test")
    archive.pack(tmp_path / "results/test/runs", packed)
    folder, file, scale = map(read_set, (str(tmp_path / "results/test"), str(packed), "test"))
    assert folder.scores == file.scores == scale.scores
    assert folder.scores[DT] == pytest.approx({0: 29.0, 1: 30.0})
    assert folder.scale == "test"


def test_a_place_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there are no records at nowhere: give a folder"):
        read_set("nowhere")
    with pytest.raises(ValueError, match=r"holds no result.json of a run"):
        read_set(str(tmp_path))


def test_records_of_two_scales_are_not_one_set(tmp_path: Path) -> None:
    [path] = write_scores(tmp_path, {("hopper-medium", "dt"): [29.0]})
    other = Path(str(path).replace("/test/", "/other/"))
    content = json.loads(path.read_text())
    content["identity"]["scale"] = "other"
    content.pop("digest")
    write_json(other, content | {"digest": digest(content)})
    with pytest.raises(ValueError, match="holds records of several scales: other, test"):
        read_set(str(tmp_path))


def test_a_changed_record_is_refused(tmp_path: Path) -> None:
    [path] = write_scores(tmp_path, {("hopper-medium", "dt"): [29.0]})
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
    with pytest.raises(DamagedFile, match="digest differs"):
        read_set(str(tmp_path))
