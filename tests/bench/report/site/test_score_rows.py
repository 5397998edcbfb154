"""The scores behind the figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report.site.inputs import Inputs, of_working_folder
from bench.report.site.runs import collect
from bench.report.site.score_rows import by_task
from bench.runs.identity import Identity
from tests.conftest import RECORD
from tests.helpers.site import HOSTILE, config, write_run


def test_snapshots_last_policies_and_sweeps(scale: Inputs) -> None:
    found, notes = by_task(scale, collect(scale))
    assert notes == []
    assert list(found) == ["hopper-medium", "hopper-medium-expert"]
    counts = found["hopper-medium"]["kind"].value_counts().to_dict()
    assert counts == {"score": 8, "curve": 6, "sweep": 4}
    assert list(dict.fromkeys(found["hopper-medium"]["series"])) == [
        "DT",
        "BC",
        HOSTILE,
        "Behaviour",
    ]


def test_a_name_tells_rewards_fractions_and_equal_labels_apart(tmp_path: Path) -> None:
    changed = config()
    changed["methods"]["mine"]["label"] = "BC"
    suites = changed["suites"]
    for suite in suites.values():
        suite["methods"] = [method for method in suite["methods"] if method != "mine"]
    suites["other"] = suites["mujoco"] | {"methods": ["mine"]}
    for axes in (("dense", 100.0, "bc"), ("sparse", 100.0, "bc"), ("dense", 10.0, "mine")):
        reward, percent, method = axes
        write_run(tmp_path, Identity("test", "hopper-medium", reward, percent, method, 0), 1.0)
    inputs = of_working_folder(changed, tmp_path / "results", tmp_path / "reports")
    found, _ = by_task(inputs, collect(inputs))
    assert set(found["hopper-medium"]["series"]) == {
        "BC (bc)",
        "BC (bc), sparse",
        "BC (mine), 10 % of the data",
    }


def test_a_smaller_part_of_the_data_comes_first(tmp_path: Path) -> None:
    for percent, seed in ((100.0, 0), (10.0, 1), (1.0, 2)):
        write_run(tmp_path, Identity("test", "hopper-medium", "dense", percent, "bc", seed), 1.0)
    inputs = of_working_folder(config(), tmp_path / "results", tmp_path / "reports")
    rows = by_task(inputs, collect(inputs))[0]["hopper-medium"]
    assert list(dict.fromkeys(rows["data_percent"])) == [1, 10, 100]


def test_records_that_cannot_stand_together_are_a_note(tmp_path: Path) -> None:
    for seed, episodes in ((0, 3), (1, 9)):
        run = Identity("test", "hopper-medium", "dense", 100.0, "bc", seed)
        write_run(tmp_path, run, 1.0, protocol=RECORD["protocol"] | {"episodes": episodes})
    inputs = of_working_folder(config(), tmp_path / "results", tmp_path / "reports")
    found, [note] = by_task(inputs, collect(inputs))
    assert found == {}
    assert "hopper-medium: no learning curves and returns" in note


def test_a_method_that_the_config_no_longer_has_is_left_out(tmp_path: Path) -> None:
    write_run(tmp_path, Identity("test", "hopper-medium", "dense", 100.0, "gone", 0), 1.0)
    inputs = of_working_folder(config(), tmp_path / "results", tmp_path / "reports")
    assert by_task(inputs, collect(inputs)) == ({}, [])


@pytest.mark.parametrize("task", ["hopper-medium", "hopper-medium-expert"])
def test_the_scores_are_normalised(scale: Inputs, task: str) -> None:
    rows = by_task(scale, collect(scale))[0][task]
    last = rows[(rows["kind"] == "score") & (rows["method"] == "dt")]
    assert last["score"].tolist() == pytest.approx([40.0, 42.0])
