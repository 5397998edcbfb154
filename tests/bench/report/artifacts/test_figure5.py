"""Figure 5 from diagnostics whose measures are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from scipy import stats

from bench.report.artifact import Artifact, write_artifact
from bench.report.artifacts import figure5
from bench.report.artifacts.figure5 import over_seeds
from bench.report.artifacts.key_to_door import CHANCE, CHANCE_OF_KEY
from bench.report.artifacts.registry import ARTIFACTS
from bench.report.scores import collect
from bench.runs.diagnostics.critic import OUTCOMES, ROOMS, area_under_roc
from bench.runs.plan import Plan
from tests.helpers.credit import ONE, TEN, Rates, credit, figures, measure, rates, write_diagnostic

__all__ = ["credit", "figures", "rates"]  # fixtures

WITHOUT, REACHED, MISSED = OUTCOMES
KEY_STEP, DOOR_STEP = 12, 111
HALF = 4.302652729911275 / math.sqrt(3)  # of a 95 % interval of three seeds, in their spread

Diagnostics = Callable[..., pd.DataFrame]


def diagnostic(seed: int) -> list[dict[str, Any]]:
    """Measures that grow by a hundredth with the seed, and along the episode by a thousandth."""
    more = 0.01 * seed
    rows = []
    for place, outcome in enumerate(OUTCOMES):
        rows += [
            measure(
                "reward probability",
                outcome,
                0.1 * place + step / 1000 + more,
                x=step,
                spread=0.02 + more,
            )
            for step in range(120)
        ]
        rows.append(measure("episodes", outcome, (440, 15, 45)[place]))
    for place, room in enumerate(ROOMS):
        for bin_ in range(3):
            predicted, seen = 0.1 * bin_ + more, 0.2 * bin_ + 2 * more
            rows.append(measure("calibration", room, seen, x=predicted, y=50))
        rows += [measure("roc", room, y + more, x=x) for x, y in ((0, 0), (0.1, 0.5), (1, 0.9))]
        rows.append(measure("auc", room, 0.7 + 0.1 * place + more))
    rows += [measure("event", "key", KEY_STEP), measure("event", "door", DOOR_STEP)]
    rows += [
        measure("attention", "", weight, x=x, y=y)
        for x, y, weight in ((0, 0, 1.0), (20, 13, 0.75 + more), (119, 112, 0.5))
    ]
    for event, mass, even in (("key", 0.6, 0.04), ("door", 0.8, 0.02)):
        rows.append(measure("attention mass", event, mass + more))
        rows.append(measure("even attention mass", event, even))
    return rows + [measure("change", "without the key", -0.1)]


@pytest.fixture(scope="module")
def known() -> dict[tuple[int, str], pd.DataFrame]:
    """What `diagnostics` has collected."""
    return {}


@pytest.fixture
def diagnostics(
    tmp_path: Path, credit: Plan, known: dict[tuple[int, str], pd.DataFrame]
) -> Diagnostics:
    """Collect the diagnostics of some seeds."""

    def make(
        seeds: int = 3, task: str = TEN, without: Callable[[dict[str, Any]], bool] | None = None
    ) -> pd.DataFrame:
        if without is None and (seeds, task) in known:
            return known[seeds, task].copy()
        kept = [
            [row for row in diagnostic(seed) if without is None or not without(row)]
            for seed in range(seeds)
        ]
        paths = [write_diagnostic(tmp_path, rows, seed, task) for seed, rows in enumerate(kept)]
        scores = collect(paths, credit)
        if without is None:
            known[seeds, task] = scores.copy()
        return scores

    return make


def made(scores: pd.DataFrame) -> Artifact:
    return figure5.make(scores, "test")


def line(artifact: Artifact, measured: str, of: str) -> list[str]:
    [found] = [row[4:] for row in artifact.body if row[2:4] == [measured, of]]
    return found


def test_means_over_seeds_by_hand(diagnostics: Diagnostics) -> None:
    means = over_seeds(diagnostics()).set_index(["measure", "group", "x"])
    found = means.loc[("reward probability", REACHED, 50.0)]
    assert found["value"] == pytest.approx(0.1 + 0.05 + 0.01)
    assert found["low"] == pytest.approx(0.16 - HALF * 0.01)
    assert found["high"] == pytest.approx(0.16 + HALF * 0.01)
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
    # 0.01 ± 0.0248
    assert line(artifact, chance.format("start"), WITHOUT) == [
        "0.010 [-0.015, 0.035]",
        "0.276",
        "0.028: all episodes",
    ]
    assert line(artifact, chance.format("end of key room"), REACHED) == [
        "0.124 [0.099, 0.149]",
        "0.418",
        "",
    ]
    assert line(artifact, chance.format("end of distractor room"), WITHOUT)[::2] == [
        "0.114 [0.089, 0.139]",
        "0.000: without the key",
    ]
    assert (
        line(artifact, chance.format("end of distractor room"), MISSED)[2] == "0.274: with the key"
    )
    assert line(artifact, chance.format("end of door room"), MISSED)[:2] == [
        "0.329 [0.304, 0.354]",
        "0.153",
    ]
    assert line(artifact, "Area under the ROC curve, end of key room", "") == [
        "0.710 [0.685, 0.735]",
        "—",
        "0.5: guessing",
    ]
    assert line(artifact, "Share of the attention after the event", "the key") == [
        "0.610 [0.585, 0.635]",
        "0.981",
        "even attention: 0.040, paper's 0.021",
    ]
    assert line(artifact, "Share of the attention after the event", "the door")[:2] == [
        "0.810 [0.785, 0.835]",
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
    for words in (*OUTCOMES, "distractor", "picks up key", "area 0.710 [0.685, 0.735]", "paper"):
        assert words in svg


def test_the_panels_show_the_numbers(diagnostics: Diagnostics, figures: list[Any]) -> None:
    artifact = made(diagnostics())
    assert artifact.draw is not None
    artifact.draw([])
    along, looks, calibrated, roc = figures[0].axes
    lines = {line.get_label(): line for line in along.lines}
    assert lines[REACHED].get_ydata()[50] == pytest.approx(0.16)
    assert {15, 105} <= {line.get_xdata()[0] for line in along.lines}
    # one episode, of the first seed
    [dots] = [c for c in looks.collections if isinstance(c, PathCollection)]
    assert dots.get_offsets().tolist() == [[0, 1], [13, 0.75], [112, 0.5]]
    assert dots.get_alpha() == 0.15
    assert [line.get_xdata()[0] for line in looks.lines] == [KEY_STEP, DOOR_STEP]
    points = calibrated.containers[0].lines[0]
    assert points.get_xdata().tolist() == pytest.approx([0.01, 0.11, 0.21])
    assert points.get_ydata().tolist() == pytest.approx([0.02, 0.22, 0.42])
    curves = [line for line in roc.lines if len(line.get_xdata()) == 3]
    assert len(curves) == 3 * 3  # rooms and seeds
    assert [curve.get_ydata()[1] for curve in curves[:3]] == pytest.approx([0.5, 0.51, 0.52])


def test_critics_of_two_data_sets_have_panels_of_their_own(
    diagnostics: Diagnostics, figures: list[Any]
) -> None:
    both = pd.concat([diagnostics(), diagnostics(task=ONE, seeds=1)], ignore_index=True)
    artifact = made(both)
    assert len(artifact.body) == 2 * 17
    assert len(artifact.numbers) == 2 * 379
    assert artifact.draw is not None
    artifact.draw([])
    assert len(figures[0].axes) == 8
    titles = [part.get_suptitle() for part in figures[0].subfigs]
    assert titles == ["DT, critic, 10K random trajectories", "DT, critic, 1K random trajectories"]


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


def test_intervals_are_scipys(diagnostics: Diagnostics) -> None:
    found = over_seeds(diagnostics()).set_index(["measure", "group"]).loc[("auc", ROOMS[2])]
    values = [0.9, 0.91, 0.92]
    theirs = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert (found["low"].item(), found["high"].item()) == pytest.approx(theirs)
