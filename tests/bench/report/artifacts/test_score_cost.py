"""Score against cost, by hand: the mean of two seeds whose difference is 2 has a half width of 12.7."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.report.artifact import write_artifact
from bench.report.artifacts.registry import ARTIFACTS
from bench.report.artifacts.score_cost import NO_LEVEL, make
from tests.helpers.curves import MEDIUM, REACHER, REPLAY, frame, level, run, untimed, usual

HALF = 12.706204736  # t(0.975, 1 degree) * sqrt(2) / sqrt(2)


def test_the_table_by_hand() -> None:
    artifact = make(frame(usual()), "test")
    assert artifact.headings == [
        "Method",
        "10 s",
        "30 s",
        "1 min",
        "5 min",
        "1 h",
        "At the end",
        "Core-seconds of a run: median (range)",
        "To the behaviour's level (41.0)",
        "Data sets at that level",
    ]
    dt, bc, behaviour = artifact.body
    # at 30 s: 31 + 30 log10(3), at 60 s: 31 + 30 log10(6). The mean reaches 41 at 10 * 10^(10/30) s, the upper end of
    # its band where the mean is 28.3, at 10^(17.3/20) s, and the lower end where it is 53.7, at 10 * 10^(22.7/30) s
    assert dt[1:4] == ["31.0 [18.3, 43.7]", "45.3 [32.6, 58.0]", "54.3 [41.6, 67.1]"]
    assert dt[4:6] == ["ended", "ended"]
    assert dt[6:] == ["61.0 [48.3, 73.7]", "100", "22 [7.3, 57]", "1 of 1"]
    assert bc[1:6] == ["37.0 [24.3, 49.7]", "ended", "ended", "ended", "ended"]
    assert bc[6:] == ["37.0 [24.3, 49.7]", "10", "> 10 [2.9, > 10]", "0 of 1"]
    assert behaviour == ["Behaviour", *["—"] * 5, "41.0 (1 seed)", "nothing is trained", "—", "—"]


def test_the_numbers_by_hand() -> None:
    points = make(frame(usual()), "test").numbers
    dt = points[(points["method"] == "dt") & (points["data"] == "mean of 1")]
    of_cost = dt[dt["axis"] == "core_seconds"].set_index("cost")
    assert of_cost.index.tolist() == [1, 10, 30, 60, 100]
    assert of_cost["point"].tolist() == [True, True, False, False, True]
    assert of_cost.loc[30.0, "score"] == pytest.approx(31 + 30 * np.log10(3))
    assert of_cost.loc[30.0, "low"] == pytest.approx(31 + 30 * np.log10(3) - HALF)


def test_the_mean_over_data_sets() -> None:
    artifact = make(frame(usual(), usual(REPLAY, shift=-20.0)), "test")
    assert artifact.headings[-2] == "To the behaviour's level (31.0)"
    assert artifact.body[0][6].startswith("51.0 [")
    assert artifact.body[0][-1] == "2 of 2"
    assert artifact.notes[0] == "Scale test. Mean over 2 data sets."


def test_updates_are_averaged_over_the_data_sets_of_the_published_curves() -> None:
    artifact = make(frame(usual(), usual(REACHER, shift=-20.0)), "test")
    numbers = artifact.numbers[artifact.numbers["axis"] == "updates"]
    dt = numbers[numbers["method"] == "dt"]
    assert set(dt["data"]) == {"mean of 1"}
    assert dt["cost"].tolist() == [10, 20, 30]
    assert dt["score"].tolist() == [11, 31, 61]
    published = numbers[numbers["method"] == "d3rlpy"]
    assert set(published["label"]) == {f"{m}, d3rlpy" for m in ("DT", "CQL", "IQL", "TD3+BC")}
    assert "mean over 1 data set that d3rlpy's" in artifact.notes[-1]
    assert "DT on D4RL -v2, CQL on D4RL -v0" in artifact.notes[-1]


def test_without_a_published_data_set_the_updates_are_of_all() -> None:
    artifact = make(frame(usual(REACHER)), "test")
    numbers = artifact.numbers[artifact.numbers["axis"] == "updates"]
    assert set(numbers["method"]) == {"dt", "bc"}
    assert not any("d3rlpy" in note for note in artifact.notes)


def test_points_and_their_times_are_explained() -> None:
    notes = make(frame(usual()), "test").notes
    assert "Points: 10 episodes each; at the end 20." in notes
    assert any("were measured" in note for note in notes)
    shared = [row | {"timing": "share"} for row in usual()]
    assert any("share of the updates" in note for note in make(frame(shared), "test").notes)
    on_gpu = [row | {"device": "cuda:0"} for row in usual()]
    assert any("cuda:0 is not included" in note for note in make(frame(on_gpu), "test").notes)


def test_the_error_that_all_seeds_share_is_named() -> None:
    rows = [row | {"shared_error": 8.25} for row in usual(REACHER)]
    assert any("at most 8.2 points on Reacher" in note for note in make(frame(rows), "test").notes)


def test_a_suite_without_points_says_which_keys_to_set() -> None:
    ends = [row for row in usual() if row["final"]]
    artifact = make(frame(ends), "test")
    assert any("training.curve" in note for note in artifact.notes)
    assert not any("DT has no points" in note for note in artifact.notes)
    assert artifact.body[0][1:7] == ["—", "—", "—", "ended", "ended", "61.0 [48.3, 73.7]"]
    assert artifact.body[0][8] == "at most 100"


def test_a_suite_without_behaviour_has_no_level() -> None:
    rows = [row for row in usual() if row["method"] != "behaviour"]
    artifact = make(frame(rows), "test")
    assert NO_LEVEL in artifact.notes
    assert artifact.body[0][-2:] == ["—", "—"]


def test_random_actions_are_no_level() -> None:
    artifact = make(frame(usual(), [level("uniform", score=1.0)]), "test")
    assert artifact.headings[-2] == "To the behaviour's level (41.0)"
    assert artifact.body[-1][0] == "Uniform"


def test_equal_episodes_of_random_actions_count_once() -> None:
    """Scores 0 and 2 on both data sets are one sample of two runs; as two samples the interval would be narrower."""
    uniform = [
        level("uniform", task, score) | {"seed": seed}
        for task in (MEDIUM, REPLAY)
        for seed, score in enumerate((0.0, 2.0))
    ]
    artifact = make(frame(usual(), usual(REPLAY), uniform), "test")
    assert artifact.body[-1][0] == "Uniform"
    assert artifact.body[-1][6] == "1.0 [-11.7, 13.7]"


def test_a_diverged_run_stays_and_is_marked() -> None:
    rows = [
        row | {"status": "diverged"} if (row["method"], row["seed"]) == ("dt", 1) else row
        for row in usual()
    ]
    artifact = make(frame(rows), "test")
    assert artifact.body[0][1] == "31.0 [18.3, 43.7]†"
    assert artifact.body[0][6] == "61.0 [48.3, 73.7]†"
    assert "† DT: 1 diverged; scored as before the divergence." in artifact.notes


def test_one_seed_has_no_interval() -> None:
    artifact = make(frame(run("dt"), [level()]), "test")
    assert artifact.body[0][1] == "30.0 (1 seed)"
    assert artifact.body[0][8] == "23"


def test_a_run_without_a_time_is_left_out_of_the_curve_and_named() -> None:
    rows = [*untimed(run("dt")), *(r for r in usual() if (r["method"], r["seed"]) != ("dt", 0))]
    artifact = make(frame(rows), "test")
    assert artifact.body[0][1] == "32.0 (1 seed)"
    assert artifact.body[0][6] == "61.0 [48.3, 73.7]"  # Table 2's number
    assert any(f"{MEDIUM}, seed 0." in note and "run.json" in note for note in artifact.notes)


def test_a_data_set_that_a_method_lacks_is_left_out_and_named() -> None:
    artifact = make(frame(usual(), run("dt", REPLAY)), "test")
    assert artifact.notes[0] == "Scale test. Mean over 1 data set."
    assert f"Left out, because a method has no run there: {REPLAY}." in artifact.notes


def test_other_rewards_fractions_and_targets_are_no_points() -> None:
    strange = [row | {"reward": "sparse", "score": 999.0} for row in usual()]
    strange += [row | {"data_percent": 10.0, "score": 999.0} for row in usual()]
    strange += [row | {"kind": "sweep", "final": False, "score": 999.0} for row in usual()]
    assert make(frame(usual(), strange), "test").body == make(frame(usual()), "test").body


def test_nothing_to_show_is_refused() -> None:
    rows = frame([row | {"reward": "sparse"} for row in usual()])
    with pytest.raises(ValueError, match="no score with dense reward"):
        make(rows, "test")
    with pytest.raises(ValueError, match="no task has runs of every method"):
        make(frame(run("dt"), run("bc", REPLAY)), "test")


def test_every_format_is_written_the_same_again(tmp_path: Path) -> None:
    files = [tmp_path / f"score_cost{suffix}" for suffix in ARTIFACTS["score_cost"].suffixes]
    written = []
    for _ in range(2):
        write_artifact(make(frame(usual(), usual(REPLAY)), "test"), files)
        written.append([path.read_bytes() for path in files])
    assert written[0] == written[1]
    assert all(written[0])
