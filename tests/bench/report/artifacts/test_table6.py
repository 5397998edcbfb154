"""Table 6 from runs on Key-to-Door whose successes are known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.container import BarContainer, ErrorbarContainer
from scipy import special, stats

from bench.report.artifact import Artifact, write_artifact
from bench.report.artifacts import table6
from bench.report.artifacts.key_to_door import CHANCE, CHANCE_OF_KEY, CHANCE_WITH_KEY, KEY_TO_DOOR
from bench.report.artifacts.registry import ARTIFACTS
from tests.bench.report.artifacts.test_key_to_door import chance
from tests.helpers.credit import FULL, ONE, TEN, Counts, Rates, credit, rates
from tests.helpers.figures import figures

__all__ = ["credit", "figures", "rates"]  # fixtures


FIRST, SECOND = "1K random trajectories", "10K random trajectories"
SMALL: Counts = {(ONE, "dt"): [700, 720, 740], (ONE, "uniform"): [20, 30, 40]}


def made(scores: pd.DataFrame) -> Artifact:
    return table6.make(scores, "test")


def cells(artifact: Artifact, data: str = FIRST, seed: str = "mean") -> dict[str, str]:
    [line] = [line for line in artifact.body if line[:2] == [data, seed]]
    return dict(zip(artifact.headings, line, strict=True))


def test_chance_is_what_the_rooms_give() -> None:
    key, door = chance()
    assert round(100 * key, 2) == CHANCE_OF_KEY
    assert round(100 * door, 2) == CHANCE_WITH_KEY
    assert round(100 * key * door, 2) == CHANCE
    assert KEY_TO_DOOR == (ONE, TEN)


def spelt(rate: float, std: float, episodes: int = 3000) -> str:
    """Return the text of a rate with its 95 % interval on the logit scale, of three seeds."""
    error = max(std / math.sqrt(3), math.sqrt(rate * (1 - rate) / episodes))
    step = 4.302652729911275 * error / (rate * (1 - rate))
    low, high = 100 * special.expit(special.logit(rate) + np.array([-step, step]))
    return f"{100 * rate:.1f} [{low:.1f}, {high:.1f}]"


def test_means_over_seeds_by_hand(rates: Rates) -> None:
    found = cells(made(rates(SMALL)))
    assert (found["DT"], found["DT, paper"]) == (spelt(0.72, 0.02), "71.8")
    assert (found["Random"], found["Random, paper"]) == (spelt(0.03, 0.01), "3.1")
    assert found["Random"] == "3.0 [1.3, 6.8]"


def test_a_row_for_each_seed_with_wilsons_interval(rates: Rates) -> None:
    artifact = made(rates(SMALL))
    assert [line[:2] for line in artifact.body] == [[FIRST, s] for s in ("mean", "0", "1", "2")]
    assert artifact.foot == 3
    found = cells(artifact, seed="1")
    theirs = stats.binomtest(720, 1000).proportion_ci(method="wilson")
    assert found["DT"] == f"72.0 [{100 * theirs.low:.1f}, {100 * theirs.high:.1f}]"
    assert (found["DT, paper"], found["Random, paper"], found["Verdict"]) == ("", "", "")
    numbers = artifact.numbers.set_index(["data", "seed", "method"]).loc[(FIRST, "1", "dt")]
    assert (numbers["successes"], numbers["episodes"], numbers["mean"]) == (720, 1000, 72)
    assert numbers["low"] == pytest.approx(100 * theirs.low)
    assert numbers["high"] == pytest.approx(100 * theirs.high)
    assert math.isnan(numbers["paper_mean"])


def test_data_sets_and_methods_stand_in_order(rates: Rates) -> None:
    artifact = made(rates(FULL))
    assert [line[0] for line in artifact.body] == [FIRST, SECOND] + [FIRST] * 3 + [SECOND] * 3
    columns = [heading for heading in artifact.headings if not heading.endswith(", paper")]
    assert columns == ["Data", "Seed", "DT", "CQL", "BC", "%BC", "Random", "Verdict"]
    assert cells(artifact, SECOND)["%BC, paper"] == "95.1"


def test_an_interval_of_a_mean_stays_a_rate(rates: Rates) -> None:
    counts: Counts = {(ONE, "bc"): [0, 10, 30], (ONE, "success"): [1000, 990, 1000]}
    found = cells(made(rates(counts)))
    assert found["BC"] == "1.3 [0.1, 19.5]"
    assert found["%BC"] == "99.7 [80.0, 100.0]"
    never: Counts = {(ONE, "bc"): [0, 0, 0], (ONE, "success"): [1000, 1000, 1000]}
    found = cells(made(rates(never)))
    assert found["BC"] == f"0.0 [0.0, {100 * (1 - 3000 / (3000 + 4.302653**2)):.1f}]"
    assert found["%BC"] == f"100.0 [{100 * 3000 / (3000 + 4.302653**2):.1f}, 100.0]"


@pytest.mark.parametrize(
    ("wins", "word"),
    [
        ([717, 718, 719], "reproduced"),
        ([690, 692, 694], "undecided"),  # seeds agree better than 1,000 episodes can
        ([718, 718, 718], "reproduced"),
        ([500, 510, 520], "differs"),
        ([600, 720, 820], "undecided"),
    ],
)
def test_verdicts_take_the_papers_number_as_exact(rates: Rates, wins: list[int], word: str) -> None:
    assert cells(made(rates({(ONE, "dt"): wins})))["Verdict"] == word


def test_many_episodes_allow_a_verdict_within_the_margin(rates: Rates) -> None:
    wins: Counts = {(ONE, "dt"): [6900, 6920, 6940]}  # lower for sure, but within 5 points
    assert cells(made(rates(wins, episodes=10_000)))["Verdict"] == "reproduced"


def test_one_seed_has_no_verdict(rates: Rates) -> None:
    artifact = made(rates({(ONE, "dt"): [718]}))
    assert "Verdict" not in artifact.headings
    assert any("`not comparable`: there is only one seed" in note for note in artifact.notes)


def test_verdicts_are_corrected_over_the_table(rates: Rates) -> None:
    wins = [800, 830, 860]
    # 83 against 71.8 with 2 degrees of freedom, on the logit scale
    distance = special.logit(0.83) - special.logit(0.718)
    p = 2 * stats.t.sf(distance * 0.83 * 0.17 / (0.03 / math.sqrt(3)), 2)
    assert 0.01 < p < 0.05
    assert cells(made(rates({(ONE, "dt"): wins})))["Verdict"] == "differs"
    unclear: Counts = {(ONE, "bc"): [0, 60, 90], (TEN, "bc"): [0, 60, 90], (ONE, "dt"): wins}
    assert cells(made(rates(unclear)))["Verdict"] == "undecided"


def test_a_row_names_the_columns_of_each_verdict(rates: Rates) -> None:
    counts: Counts = {(ONE, "dt"): [7170, 7180, 7190], (ONE, "cql"): [5000, 5100, 5200]}
    found = cells(made(rates(counts, episodes=10_000)))
    assert found["Verdict"] == "reproduced: DT; differs: CQL"


def test_a_missing_cell_is_quoted_all_the_same(rates: Rates) -> None:
    counts: Counts = {key: wins for key, wins in FULL.items() if key != (TEN, "cql")}
    artifact = made(rates(counts))
    assert (cells(artifact, SECOND)["CQL"], cells(artifact, SECOND)["CQL, paper"]) == (
        "—",
        "13.3",
    )
    assert cells(artifact, SECOND, "0")["CQL"] == "—"


def test_a_diverged_run_counts_and_is_marked(rates: Rates) -> None:
    artifact = made(rates(SMALL, diverged=("dt",)))
    assert cells(artifact)["DT"] == f"{spelt(0.72, 0.02)}†"
    assert cells(artifact, seed="0")["DT"].endswith("†")
    assert any(note.startswith("† 3 run(s) diverged") for note in artifact.notes)


def test_notes_say_what_stands_there(rates: Rates) -> None:
    notes = " ".join(made(rates(FULL, episodes=2000)).notes)
    for words in (
        "Scale test: 3 seeds, 2,000 evaluation episodes each",
        "succeed in 2.81 % of all episodes (computed exactly)",
        "within 5 points",
        "were not released",
        "Paper's %BC: trained on successful episodes only.",
    ):
        assert words in notes
    assert "D4RL" not in notes
    assert "diverged" not in notes


@pytest.mark.parametrize("axes", [{"reward": "sparse"}, {"data_percent": 10.0}])
def test_other_variants_are_not_in_it(rates: Rates, axes: dict[str, Any]) -> None:
    other = rates({key: [5] for key in SMALL}, **axes)
    with pytest.raises(ValueError, match=r"no score on Key-to-Door .*: nothing for Table 6"):
        made(other)
    both = pd.concat([rates(SMALL), other], ignore_index=True)
    assert made(both).body == made(rates(SMALL)).body


def test_it_writes_every_format_the_same_again(rates: Rates, tmp_path: Path) -> None:
    scores = rates(FULL)
    files = [tmp_path / "out" / f"table6{suffix}" for suffix in ARTIFACTS["table6"].suffixes]
    write_artifact(made(scores), files)
    first = [path.read_bytes() for path in files]
    write_artifact(made(scores.copy()), files)
    assert [path.read_bytes() for path in files] == first
    assert all(first)
    svg = (tmp_path / "out/table6.svg").read_text()
    for words in (FIRST, SECOND, "%BC", "paper", "chance, 2.81 %", "95 % interval over its"):
        assert words in svg


def test_bars_dots_and_lines_are_where_the_numbers_are(rates: Rates, figures: list[Any]) -> None:
    artifact = made(rates(SMALL | {(TEN, "dt"): [900, 920]}))
    assert artifact.draw is not None
    artifact.draw([])
    first, second = figures[0].axes
    bars = [c[0].get_height() for c in first.containers if isinstance(c, BarContainer)]
    assert bars == pytest.approx([72, 3])
    points = [c for c in first.containers if isinstance(c, ErrorbarContainer)]
    heights = [float(c.lines[0].get_ydata()[0]) for c in points]
    assert heights == pytest.approx([72, 70, 72, 74, 3, 2, 3, 4])
    low, high = np.array(points[1].lines[2][0].get_segments()[0])[:, 1]
    theirs = stats.binomtest(700, 1000).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((100 * theirs.low, 100 * theirs.high))
    lines = [c for c in first.collections if isinstance(c, LineCollection)]
    flat = {a[1] for c in lines for a, b in c.get_segments() if a[1] == b[1]}
    assert {71.8, 3.1} <= flat
    assert CHANCE in {line.get_ydata()[0] for line in first.lines}
    assert [c[0].get_height() for c in second.containers if isinstance(c, BarContainer)] == [91]
    assert [label.get_text() for label in second.get_xticklabels()] == ["DT", "Random"]
