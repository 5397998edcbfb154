from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from bench.report.cells import AVERAGE
from bench.report.tables import as_artifact, row_of, table2, tidy
from tests.helpers.tables import EXPERT, MEDIUM, Scored, three_seeds


def test_layout(scored: Scored) -> None:
    table = table2(scored(three_seeds()), "test")
    assert list(table.rows) == [EXPERT, MEDIUM, (AVERAGE, "")]
    assert table.labels == {"dt": "DT", "bc": "BC"}
    texts = {row: [cell.text() for cell in line.values()] for row, line in table.rows.items()}
    assert texts[EXPERT] == ["50.0 [47.5, 52.5]", "20.0 [17.5, 22.5]"]
    assert texts[MEDIUM] == ["30.0 [27.5, 32.5]", "40.0 [37.5, 42.5]"]
    # 4 degrees of freedom, standard error sqrt(2/3) / 2: 2.776 * 0.408 = 1.13
    assert texts[(AVERAGE, "")] == ["40.0 [38.9, 41.1]", "30.0 [28.9, 31.1]"]


def test_methods_stand_in_the_order_of_the_plan(scored: Scored) -> None:
    backwards = dict(reversed(three_seeds().items()))
    assert list(table2(scored(backwards), "test").labels) == ["dt", "bc"]


def test_the_papers_cells_stand_beside_ours(scored: Scored) -> None:
    rows = table2(scored(three_seeds()), "test").rows
    assert str(rows[EXPERT]["dt"].paper) == "107.6 ± 1.8"
    assert str(rows[MEDIUM]["bc"].paper) == "63.9"
    assert rows[(AVERAGE, "")]["dt"].paper is None


def test_one_seed_has_no_interval_and_no_average_interval(scored: Scored) -> None:
    runs = three_seeds() | {("hopper-medium", "dt"): [30.0]}
    rows = table2(scored(runs), "test").rows
    assert rows[MEDIUM]["dt"].text() == "30.0 (1 seed)"
    assert rows[(AVERAGE, "")]["dt"].ours.mean == pytest.approx(40)
    assert math.isnan(rows[(AVERAGE, "")]["dt"].ours.low)
    assert rows[(AVERAGE, "")]["bc"].text() == "30.0 [28.9, 31.1]"


def test_a_task_without_runs_leaves_no_average(scored: Scored) -> None:
    runs = three_seeds()
    del runs[("hopper-medium", "dt")]
    rows = table2(scored(runs), "test").rows
    assert rows[MEDIUM]["dt"].text() == "—"
    assert rows[(AVERAGE, "")]["dt"].text() == "—"
    assert rows[(AVERAGE, "")]["bc"].text() == "30.0 [28.9, 31.1]"


# the mean of three such scores differs from them in the last bit
@pytest.mark.parametrize("score", [34.0, 3.3585575305464355, 91.27555772777217])
def test_seeds_that_agree_need_no_interval(scored: Scored, score: float) -> None:
    frame = scored({("hopper-medium", "behaviour"): [score] * 3}, rolled_out=False)
    cells_of = table2(frame, "test").rows[MEDIUM]
    assert cells_of["behaviour"].text() == f"{score:.1f}"


def test_diverged_runs_are_marked_and_counted(scored: Scored) -> None:
    table = table2(scored(three_seeds(), diverged=("bc",)), "test")
    assert table.rows[EXPERT]["bc"].text() == "20.0 [17.5, 22.5]†"
    assert table.rows[EXPERT]["dt"].text() == "50.0 [47.5, 52.5]"
    assert any("6 run(s) diverged" in note for note in table.notes)


def test_the_average_of_diverged_runs_is_marked_too(scored: Scored) -> None:
    table = table2(scored(three_seeds(), diverged=("bc",)), "test")
    assert table.rows[(AVERAGE, "")]["bc"].text() == "30.0 [28.9, 31.1]†"


@pytest.mark.parametrize(
    ("source", "expert", "mentions"),
    [
        ("generated", "—", True),
        # 50 against 107.6 ± 1.8, and a cell without a spread of the paper's
        ("d4rl", "differs: DT; not comparable: BC", False),
    ],
)
def test_verdict(scored: Scored, source: str, expert: str, mentions: bool) -> None:
    table = table2(scored(three_seeds(), source=source), "test")
    assert table.verdicts[EXPERT] == expert
    assert table.verdicts[(AVERAGE, "")] == ""
    assert any("Holm-corrected" in note for note in table.notes) != mentions
    assert any("neither reproduced nor refuted" in note for note in table.notes) == mentions
    # the column stands only where a cell was tested; the CSV holds every verdict
    assert (as_artifact(table, "A caption.").headings[-1] == "Verdict") != mentions
    assert (tidy(table)["verdict"] == "other data").any() == mentions
    assert any(f"data: {source}" in note for note in table.notes)


@pytest.mark.parametrize(
    "variant", [{"reward": "sparse"}, {"data_percent": 10.0}], ids=["sparse", "part-of-the-data"]
)
def test_other_variants_are_not_in_table_2(scored: Scored, variant: dict[str, Any]) -> None:
    plain = scored(three_seeds())
    other = scored({key: [99.0, 99.0] for key in three_seeds()}, **variant)
    table = table2(pd.concat([plain, other]), "test")
    pd.testing.assert_frame_equal(tidy(table), tidy(table2(plain, "test")))
    with pytest.raises(ValueError, match="nothing for Table 2"):
        table2(other, "test")


def test_kept_checkpoints_and_other_targets_are_not_in_table_2(scored: Scored) -> None:
    plain = scored(three_seeds())
    other = plain.assign(score=999.0, final=False, kind="curve")
    table = table2(pd.concat([other, plain]), "test")
    pd.testing.assert_frame_equal(tidy(table), tidy(table2(plain, "test")))


def test_the_interval_is_over_seeds_not_over_episodes(scored: Scored) -> None:
    frame = scored(three_seeds()).assign(score_std=500.0, episodes=1000)
    assert table2(frame, "test").rows[EXPERT]["dt"].text() == "50.0 [47.5, 52.5]"


@pytest.mark.parametrize(
    ("task", "row"),
    [
        ("hopper-medium-expert", ("Medium-Expert", "Hopper")),
        ("hopper-medium-replay", ("Medium-Replay", "Hopper")),
        ("key_to_door-1k", ("1K random trajectories", "Key-to-Door")),
        ("key_to_door-10k", ("10K random trajectories", "Key-to-Door")),
        ("graph3-walks", ("Random walks", "Graph 3")),
    ],
)
def test_names_of_rows(task: str, row: tuple[str, str]) -> None:
    assert row_of(task) == row


def test_one_row_has_no_average(scored: Scored) -> None:
    runs = {key: value for key, value in three_seeds().items() if key[0] == "hopper-medium"}
    table = table2(scored(runs), "test")
    assert list(table.rows) == [MEDIUM]
    assert as_artifact(table, "A caption.").foot == 0
