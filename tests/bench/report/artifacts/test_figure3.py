"""Figure 3 from runs of each of its groups of tasks."""

from __future__ import annotations

import math
from typing import Any

import pytest
from matplotlib.container import BarContainer

from bench.report.artifacts import figure3
from tests.helpers.credit import FULL as SUCCESSES
from tests.helpers.credit import Rates, credit, rates
from tests.helpers.evidence import FULL, REPLAY, Frame, frame, made, whole
from tests.helpers.figures import figures
from tests.helpers.games import SMALL, Played, arcade, played

__all__ = ["arcade", "credit", "figures", "frame", "played", "rates", "whole"]  # fixtures


def test_figure_3_has_ours_for_mujoco_alone(frame: Frame) -> None:
    numbers = made("figure3", frame((FULL, {}))).numbers.set_index(["group", "method"])
    assert numbers.loc[("OpenAI Gym", "DT"), "mean"] == pytest.approx(47)
    assert numbers.loc[("OpenAI Gym", "BC"), "paper"] == 47.7
    assert numbers.loc[["Atari", "Key-To-Door"], "mean"].isna().all()
    assert len(numbers) == 9


def test_figure_3_has_ours_for_atari_alone(played: Played) -> None:
    artifact = figure3.make(played(SMALL), "test")
    numbers = artifact.numbers.set_index(["group", "method"])
    ours = [numbers.loc[("Atari", method), "mean"] for method in ("DT", "CQL", "BC")]
    assert ours == pytest.approx([(75 + 100) / 2, 50, 25 / 2])
    assert numbers.loc[("Atari", "CQL"), "paper"] == 107.2
    assert numbers.loc[["OpenAI Gym", "Key-To-Door"], "mean"].isna().all()
    assert any(note.startswith("Atari: gamer-normalised") for note in artifact.notes)


def test_figure_3_has_ours_for_key_to_door_alone(rates: Rates) -> None:
    artifact = figure3.make(rates(SUCCESSES), "test")
    numbers = artifact.numbers.set_index(["group", "method"])
    # means of 71 and 91, of 13 and 13, of 1 and 1
    ours = [numbers.loc[("Key-To-Door", method), "mean"] for method in ("DT", "CQL", "BC")]
    assert ours == pytest.approx([81, 13, 1])
    assert numbers.loc[("Key-To-Door", "DT"), "paper"] == 83.2
    assert numbers.loc[["Atari", "OpenAI Gym"], "mean"].isna().all()
    assert "Key-To-Door: success rate in per cent." in artifact.notes


def test_a_method_without_a_run_on_one_of_the_tasks_has_no_bar_of_ours(
    frame: Frame, figures: list[Any]
) -> None:
    holed = {key: value for key, value in FULL.items() if key != (REPLAY, "cql")}
    artifact = made("figure3", frame((holed, {})))
    numbers = artifact.numbers.set_index(["group", "method"])["mean"]
    assert math.isnan(numbers["OpenAI Gym", "CQL"])
    assert numbers["OpenAI Gym", "BC"] == pytest.approx(37)
    assert artifact.draw is not None
    artifact.draw([])
    [axes] = figures[0].axes
    bars = [c for c in axes.containers if isinstance(c, BarContainer)]
    found = {c.get_label(): [bar.get_height() for bar in c] for c in bars}
    groups = [label.get_text() for label in axes.get_xticklabels()]
    gym = groups.index("OpenAI Gym")
    assert found["Decision Transformer, ours"][gym] == pytest.approx(47)
    assert math.isnan(found["TD learning (CQL), ours"][gym])
    assert found["Behaviour cloning, paper"][gym] == 47.7
