"""Figures 3 and 4 as numbers, checked against the tables, the data and each other."""

from __future__ import annotations

import statistics

import pytest

from bench.datasets.readers.d4rl_files import files
from bench.paper import (
    average_of_rows,
    cells,
    figure3,
    figure4,
    printed_average,
)
from bench.tasks.registry import DOMAINS
from tests.helpers.quoted import CONTROL, GRIDS, GYM, achieved, normalised, panel


def test_figure_3_on_gym_is_the_averages_of_table_2() -> None:
    bars = {bar.method: bar.height for bar in figure3() if bar.group == "OpenAI Gym"}
    averages = {method: printed_average("Table 2", method) for method in ("DT", "CQL", "BC")}
    assert bars == {method: cell.mean for method, cell in averages.items() if cell}
    assert bars["BC"] == round(average_of_rows("Table 2", "BC", reacher=False), 1)
    (bc,) = [bar for bar in figure3() if (bar.group, bar.method) == ("OpenAI Gym", "BC")]
    assert "46.4" in bc.note


def test_figure_3_has_three_bars_for_each_group() -> None:
    groups = ("Atari", "OpenAI Gym", "Key-To-Door")
    methods = ("DT", "CQL", "BC")
    assert [(b.group, b.method) for b in figure3()] == [(g, m) for g in groups for m in methods]
    assert {bar.label for bar in figure3() if bar.method == "CQL"} == {"TD Learning"}


def test_figure_3_on_atari_is_the_mean_of_four_games() -> None:
    heights = {bar.method: bar.height for bar in figure3() if bar.group == "Atari"}
    # for DT it takes the 15.1 of Table 5 on Qbert
    for method in ("CQL", "BC"):
        assert average_of_rows("Table 1", method) == pytest.approx(heights[method], abs=0.05)
    games = [c.mean for (t, _, m), c in cells().items() if t == "Table 5" and m != "DT (K=1)"]
    assert statistics.fmean(games) == pytest.approx(heights["DT"], abs=0.01)


def test_figure_3_on_key_to_door_is_the_mean_of_table_6() -> None:
    heights = {bar.method: bar.height for bar in figure3() if bar.group == "Key-To-Door"}
    for method, height in heights.items():
        assert round(average_of_rows("Table 6", method), 1) == height


@pytest.mark.parametrize("domain", GRIDS)
def test_the_targets_of_figure_4_are_even_steps(domain: str) -> None:
    curve = panel(domain)
    assert list(curve.raw_targets) == list(GRIDS[domain])
    count = len(GRIDS[domain])
    columns = (curve.normalised_targets, curve.raw_achieved, curve.normalised_achieved)
    assert [len(column) for column in columns] == [count] * 3


@pytest.mark.parametrize("domain", GRIDS)
def test_raw_and_normalised_values_of_figure_4_agree(domain: str) -> None:
    curve = panel(domain)
    drawn = 0.0051  # two decimals
    read_off = 0.0015 * curve.normalised_targets[-1]  # the drawing's x is that coarse, its y is not
    for raw, value in zip(curve.raw_targets, curve.normalised_targets, strict=True):
        assert normalised(domain, raw) == pytest.approx(value, abs=drawn + read_off)
    digit = 0.0051 if domain == "reacher2d" else 0.051
    slope = normalised(domain, 1) - normalised(domain, 0)
    for raw, value in zip(curve.raw_achieved, curve.normalised_achieved, strict=True):
        assert normalised(domain, raw) == pytest.approx(value, abs=drawn + digit * slope)


def test_known_points_of_figure_4() -> None:
    assert achieved("halfcheetah", 6000) == 34.2
    assert achieved("hopper", 3600) == 86.81
    assert max(panel("hopper").normalised_achieved) == achieved("hopper", 3500) == 87.06
    assert panel("walker2d").raw_achieved[-1] == 3058.1
    assert panel("reacher2d").normalised_targets[-1] == 26.34
    assert panel("qbert").raw_achieved[-1] == 3498.3


def test_a_domain_that_figure_4_does_not_have() -> None:
    assert figure4("ant") is None
    assert figure4("key_to_door") is None
    assert set(CONTROL) <= set(GRIDS)


def test_the_panels_carry_the_labels_of_the_registry() -> None:
    assert {name: panel(name).label for name in CONTROL} == {
        name: DOMAINS[name].label for name in CONTROL
    }


@pytest.mark.parametrize(
    ("drawn", "really"),
    [("halfcheetah", "walker2d"), ("walker2d", "halfcheetah"), ("hopper", "hopper")],
)
def test_two_lines_of_best_trajectories_are_swapped(drawn: str, really: str) -> None:
    best = {domain: files()[f"{domain}-medium-replay"].statistics["return_max"] for domain in GYM}
    curve = panel(drawn)
    # 3 raw points are 0.1 % of an axis, what can be read off the drawing
    assert curve.raw_best_printed == pytest.approx(best[really], abs=3)
    assert curve.raw_best_corrected == best[drawn]
    assert bool(curve.note) == (drawn != really)


@pytest.mark.parametrize("domain", GRIDS)
def test_the_lines_of_best_trajectories_are_normalised_alike(domain: str) -> None:
    curve = panel(domain)
    for raw, value, tolerance in (
        (curve.raw_best_printed, curve.normalised_best_printed, 0.15),  # read off the drawing
        (curve.raw_best_corrected, curve.normalised_best_corrected, 0.0051),
    ):
        assert (raw is None) == (value is None)
        if raw is not None:
            assert normalised(domain, raw) == pytest.approx(value, abs=tolerance)
    if curve.raw_best_corrected is None:
        assert curve.note


def test_lines_in_clipped_rewards_are_not_corrected_by_guess() -> None:
    for game in ("qbert", "seaquest"):
        assert panel(game).raw_best_printed is not None
        assert panel(game).raw_best_corrected is None
        assert "clipped" in panel(game).note
