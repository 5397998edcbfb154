"""Figure 4 from sweeps whose achieved returns are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.paper import figure4 as printed_figure4
from bench.report.artifact import write_artifact
from bench.report.scores import collect
from bench.runs.plan import Plan
from tests.helpers.evidence import FULL, Frame, frame, made, swept, whole
from tests.helpers.figures import figures
from tests.helpers.games import SEAQUEST, arcade, sweep

__all__ = ["arcade", "figures", "frame", "swept", "whole"]  # fixtures


def test_figure_4_asks_for_the_papers_grid_and_beyond(
    swept: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    artifact = made("figure4", swept(lambda asked: min(asked, 80.0)))
    numbers = artifact.numbers
    theirs = printed_figure4("hopper")
    assert theirs is not None
    on_grid = numbers[numbers["target"].isin(theirs.raw_targets)]
    assert len(on_grid) == 36
    assert on_grid["paper_achieved"].tolist() == pytest.approx(list(theirs.normalised_achieved))
    beyond = numbers[~numbers["target"].isin(theirs.raw_targets)]
    assert beyond["paper_achieved"].isna().all()
    assert numbers["target_normalised"].max() == pytest.approx(3 * 90, abs=2)
    assert numbers["data_high"].unique() == pytest.approx([90])
    assert numbers["achieved"].max() == pytest.approx(80)
    write_artifact(artifact, [tmp_path / "figure4.svg"])
    svg = (tmp_path / "figure4.svg").read_text()
    for label in ("achieved = target", "best episode in our data", "paper (D4RL"):
        assert label in svg


def test_figure_4_without_a_sweep_says_what_to_write(frame: Frame) -> None:
    with pytest.raises(ValueError, match="sweep: true"):
        made("figure4", frame((FULL, {})))


def swept_game(folder: Path, plan: Plan, **protocol: Any) -> pd.DataFrame:
    """Seaquest: the data's best clipped return is 100, and it scores ten times what it is asked."""
    points = {float(target): 10.0 * target for target in (0, 50, 100, 150, 300)}
    bounds = {"data_returns": {"minimum": 0.0, "maximum": 100.0}} | protocol
    return collect(
        [sweep(folder, SEAQUEST, seed, points, **bounds) for seed in range(2)],
        plan,
    )


def test_figure_4_sets_clipped_targets_against_the_games_scores(
    arcade: Plan, tmp_path: Path
) -> None:
    scores = swept_game(tmp_path, arcade, data_scores={"minimum": 0.0, "maximum": 2000.0})
    artifact = made("figure4", scores)
    numbers = artifact.numbers.set_index("target")

    def normal(score: float) -> float:
        return 100 * (score - 68) / (42055 - 68)

    assert numbers.loc[100, "achieved"] == pytest.approx(normal(1000))
    assert numbers.loc[100, "target_normalised"] == pytest.approx(normal(100))
    assert numbers.loc[100, "data_high"] == pytest.approx(normal(100))
    assert numbers.loc[100, "data_best_score"] == pytest.approx(normal(2000))
    assert not math.isnan(numbers.loc[100, "paper_achieved"])  # a target of the paper's grid
    notes = " ".join(artifact.notes)
    assert "sums of rewards clipped to [-1, 1]" in notes
    assert "HalfCheetah" not in notes
    write_artifact(artifact, [tmp_path / "figure4.svg"])
    svg = (tmp_path / "figure4.svg").read_text()
    for words in ("clipped rewards", "game score", "DQN-replay"):
        assert words in svg


def test_figure_4_without_the_games_scores_has_no_line_of_them(
    arcade: Plan, tmp_path: Path
) -> None:
    artifact = made("figure4", swept_game(tmp_path, arcade))
    assert artifact.numbers["data_best_score"].isna().all()
    write_artifact(artifact, [tmp_path / "figure4.svg"])
    assert "game score" not in (tmp_path / "figure4.svg").read_text()


def test_sweeps_of_other_rewards_and_fractions_are_not_in_it(
    swept: Callable[..., pd.DataFrame],
) -> None:
    scores = swept(lambda target: min(target, 80.0))
    others = [scores.assign(reward="sparse", score=0.0), scores.assign(data_percent=10, score=0.0)]
    everything = pd.concat([*others, scores], ignore_index=True)
    expected = made("figure4", scores).numbers
    pd.testing.assert_frame_equal(made("figure4", everything).numbers, expected)


def test_the_panel_shows_the_best_episode_of_our_data(
    swept: Callable[..., pd.DataFrame], figures: list[Any]
) -> None:
    artifact = made("figure4", swept(lambda target: min(target, 80.0)))
    assert artifact.draw is not None
    artifact.draw([])
    [axes] = figures[0].axes
    lines = {line.get_label(): line for line in axes.lines}
    assert lines["DT"].get_ydata().max() == pytest.approx(80)
    assert lines["best episode in our data"].get_xdata()[0] == pytest.approx(90)
    start, end = lines["achieved = target"].get_xdata()
    assert (start, end) == (0, pytest.approx(3 * 90, abs=2))
    assert axes.get_title(loc="left") == "Hopper Medium-Replay"
