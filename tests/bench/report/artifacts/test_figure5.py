"""Figure 5 from diagnostics whose measures are known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special

from bench.report.artifact import Artifact, write_artifact
from bench.report.artifacts import figure5
from bench.report.artifacts.figure5 import over_seeds
from bench.report.artifacts.key_to_door import CHANCE, CHANCE_OF_KEY
from bench.report.artifacts.registry import ARTIFACTS
from bench.runs.diagnostics.critic import OUTCOMES, ROOMS, area_under_roc
from tests.helpers.credit import TEN, Rates, credit, rates
from tests.helpers.critic import MISSED, REACHED, WITHOUT, Diagnostics, diagnostics, known

__all__ = ["credit", "diagnostics", "known", "rates"]  # fixtures


def ends(mean: float, std: float = 0.01) -> tuple[float, float]:
    """Return the ends of the 95 % interval of a share, of three seeds."""
    step = 4.302652729911275 * std / math.sqrt(3) / (mean * (1 - mean))
    low, high = special.expit(special.logit(mean) + np.array([-step, step])).tolist()
    return low, high


def spelt(mean: float) -> str:
    low, high = ends(mean)
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]"


def made(scores: pd.DataFrame) -> Artifact:
    return figure5.make(scores, "test")


def line(artifact: Artifact, measured: str, of: str) -> list[str]:
    [found] = [row[4:] for row in artifact.body if row[2:4] == [measured, of]]
    return found


def test_means_over_seeds_by_hand(diagnostics: Diagnostics) -> None:
    means = over_seeds(diagnostics()).set_index(["measure", "group", "x"])
    found = means.loc[("reward probability", REACHED, 50.0)]
    assert found["value"] == pytest.approx(0.1 + 0.05 + 0.01)
    assert (found["low"], found["high"]) == pytest.approx(ends(0.16))
    assert found["spread"] == pytest.approx(0.03)  # of 0.02, 0.03 and 0.04
    assert found["runs"] == 3


def test_the_papers_bands_stand_beside_ours(diagnostics: Diagnostics) -> None:
    means = over_seeds(diagnostics()).set_index(["measure", "group", "x"])
    # the ends of the bands, typed again
    for outcome, step, low, high in (
        (WITHOUT, 0, 0.2468, 0.3049),
        (REACHED, 12, 0.3415, 0.4578),
        (MISSED, 119, 0.0598, 0.2469),
    ):
        found = means.loc[("reward probability", outcome, float(step))]
        assert (found["paper_low"], found["paper_high"]) == (low, high)
        assert found["paper"] == pytest.approx((low + high) / 2)


def test_the_table_by_hand(diagnostics: Diagnostics) -> None:
    artifact = made(diagnostics())
    assert len(artifact.body) == 3 * 4 + 3 + 2
    assert {tuple(row[:2]) for row in artifact.body} == {("10K random trajectories", "DT, critic")}
    chance = "Predicted reward probability, {}"
    assert spelt(0.01) == "0.010 [0.001, 0.110]"
    assert line(artifact, chance.format("start"), WITHOUT) == [
        spelt(0.01),
        "0.276",
        "0.028: all episodes",
    ]
    assert line(artifact, chance.format("end of key room"), REACHED) == [
        spelt(0.124),
        "0.418",
        "",
    ]
    assert line(artifact, chance.format("end of distractor room"), WITHOUT)[::2] == [
        spelt(0.114),
        "0.000: without the key",
    ]
    assert (
        line(artifact, chance.format("end of distractor room"), MISSED)[2] == "0.274: with the key"
    )
    assert line(artifact, chance.format("end of door room"), MISSED)[:2] == [
        spelt(0.329),
        "0.153",
    ]
    assert line(artifact, "Area under the ROC curve, end of key room", "") == [
        spelt(0.71),
        "—",
        "0.5: guessing",
    ]
    assert line(artifact, "Share of the attention after the event", "the key") == [
        spelt(0.61),
        "0.981",
        "even attention: 0.040, paper's 0.021",
    ]
    assert line(artifact, "Share of the attention after the event", "the door")[:2] == [
        spelt(0.81),
        "0.962",
    ]


def test_the_best_area_is_that_of_an_observer_who_knows_who_has_the_key(
    diagnostics: Diagnostics,
) -> None:
    # of 10,000 episodes 281 succeed, all with the key, and 747 fail with it
    wins, holders, everybody = round(100 * CHANCE), round(100 * CHANCE_OF_KEY), 10_000
    holds = np.arange(everybody) < holders
    best = area_under_roc(np.where(holds, 0.2738, 0.0), np.arange(everybody) < wins)
    room = "Area under the ROC curve, end of distractor room"
    assert (
        f"{best:.3f}: the best possible, which knows who has the key"
        in line(made(diagnostics()), room, "")[2]
    )
    assert sum("best possible" in row[-1] for row in made(diagnostics()).body) == 1


def test_notes_say_what_was_measured(diagnostics: Diagnostics) -> None:
    notes = " ".join(made(diagnostics()).notes)
    for words in (
        "Scale test: 3 seeds; 500 new random episodes",
        f"{WITHOUT}: 440, {REACHED}: 15, {MISSED}: 45",
        "of which 2.81 % succeed",
        "hold the key in the distractor room, exactly 27.38 % succeed",
        "starts at 0.28",
    ):
        assert words in notes


def test_numbers_hold_the_curves_and_the_calibration(diagnostics: Diagnostics) -> None:
    numbers = made(diagnostics()).numbers
    counts = numbers["measure"].value_counts().to_dict()
    assert counts == {
        "reward probability": 360,
        "calibration": 9,
        "episodes": 3,
        "auc": 3,
        "attention mass": 2,
        "even attention mass": 2,
    }
    assert set(numbers["task"]) == {TEN}
    assert set(numbers["method"]) == {"critic"}
    bins = numbers[(numbers["measure"] == "calibration") & (numbers["group"] == ROOMS[0])]
    assert bins["x"].tolist() == pytest.approx([0.01, 0.11, 0.21])
    assert bins["value"].tolist() == pytest.approx([0.02, 0.22, 0.42])
    assert numbers[numbers["measure"] == "auc"]["paper"].isna().all()


def test_one_seed_has_no_interval(diagnostics: Diagnostics) -> None:
    artifact = made(diagnostics(seeds=1))
    assert line(artifact, "Share of the attention after the event", "the key")[0] == "0.600"
    assert artifact.numbers["low"].isna().all()


def test_an_outcome_or_event_that_never_happened_is_left_out(
    diagnostics: Diagnostics, tmp_path: Path
) -> None:
    def missing(row: dict[str, Any]) -> bool:
        return row["group"] == MISSED or (row["group"] == "door" and "mass" in row["measure"])

    artifact = made(diagnostics(without=missing))
    assert len(artifact.body) == 2 * 4 + 3 + 1
    write_artifact(artifact, [tmp_path / "figure5.svg"])


def test_it_writes_every_format_the_same_again(diagnostics: Diagnostics, tmp_path: Path) -> None:
    scores = diagnostics()
    files = [tmp_path / "out" / f"figure5{suffix}" for suffix in ARTIFACTS["figure5"].suffixes]
    write_artifact(made(scores), files)
    first = [path.read_bytes() for path in files]
    write_artifact(made(scores.copy()), files)
    assert [path.read_bytes() for path in files] == first
    assert all(first)
    svg = (tmp_path / "out/figure5.svg").read_text()
    for words in (*OUTCOMES, "distractor", "picks up key", f"area {spelt(0.71)}", "paper"):
        assert words in svg


def test_without_a_diagnostic_it_names_the_key_to_set(rates: Rates) -> None:
    with pytest.raises(ValueError, match=r"no diagnostic of a critic .*set `diagnostic: critic`"):
        made(rates({(TEN, "dt"): [900]}))


def test_scores_beside_the_diagnostics_change_nothing(
    diagnostics: Diagnostics, rates: Rates
) -> None:
    scores = pd.concat([diagnostics(), rates({(TEN, "critic"): [28, 30]})], ignore_index=True)
    pd.testing.assert_frame_equal(made(scores).numbers, made(diagnostics()).numbers)


def test_diagnostics_of_graphs_are_other_artifacts(diagnostics: Diagnostics) -> None:
    scores = diagnostics()
    walked = scores.head(1).assign(task="graph1-walks", environment="bench/ShortestPath1-v0")
    both = pd.concat([scores, walked], ignore_index=True)
    pd.testing.assert_frame_equal(made(both).numbers, made(scores).numbers)
    with pytest.raises(ValueError, match="no diagnostic of a critic on Key-to-Door"):
        made(walked)


def test_no_interval_leaves_0_to_1(diagnostics: Diagnostics) -> None:
    means = over_seeds(diagnostics())
    shares = means[means["measure"] != "episodes"]
    assert (shares["low"] >= 0).all()
    assert (shares["high"] <= 1).all()
    assert (shares["low"] <= shares["value"]).all()
    assert (shares["value"] <= shares["high"]).all()


def test_a_bin_of_a_calibration_is_a_rate_of_its_episodes(diagnostics: Diagnostics) -> None:
    means = over_seeds(diagnostics())
    first = means[(means["measure"] == "calibration") & (means["group"] == ROOMS[0])].iloc[0]
    # 0.02 with the spread 0.02 / sqrt(3); of 3 x 50 episodes sqrt(0.02 * 0.98 / 150), which is less than half
    assert (first["low"], first["high"]) == pytest.approx(ends(0.02, 0.02))
