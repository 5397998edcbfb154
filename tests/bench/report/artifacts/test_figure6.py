"""Figure 6: the paper's numbers, and ours from diagnostics whose measures are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report.artifact import markdown, write_artifact
from bench.report.artifacts import figure6
from bench.runs.diagnostics.paths import GENERATED, NEVER, RANDOM, SHORTEST
from tests.helpers.paths import FILES, SCORES


def test_figure_6_by_hand() -> None:
    artifact = figure6.make(SCORES, "test")
    numbers = artifact.numbers.set_index(["steps", "series"])
    assert numbers.loc[(2, SHORTEST), "mean"] == 100
    two = numbers.loc[(2, GENERATED)]
    assert (two["mean"], two["runs"]) == (pytest.approx(50), 4)
    assert 0 <= two["low"] < 50 < two["high"] <= 100
    assert two["paper"] == pytest.approx(100 * 185 / 512)
    assert numbers.loc[(NEVER, RANDOM), "paper"] == pytest.approx(100 * 381 / 512)
    assert numbers.loc[(10, RANDOM), "mean"] == 25
    shares = artifact.numbers.dropna(subset=["share"]).set_index(["share", "series"])
    assert shares.loc[("In the fewest steps, of eligible paths", GENERATED), "mean"] == 25
    assert shares.loc[("In the fewest steps, Graph 2", GENERATED), "mean"] == pytest.approx(15)
    assert (
        shares.loc[("Reach the goal and are not in the data, of all paths", GENERATED), "paper"]
        == 15.8
    )
    text = markdown(artifact)
    assert "| ∞ " in text
    assert "Transformer, paper" in text
    assert "2 random graphs, 2 seeds, 512 paths each" in text
    # no path arrived in any run, as far as this measure knows
    (unseen,) = [line for line in artifact.body if line[0].startswith("Not in the data")]
    assert unseen[3] == "—"
    assert artifact.foot == 5 + 2


def test_it_writes_every_format_the_same_again(tmp_path: Path) -> None:
    files = [tmp_path / name for name in FILES]
    write_artifact(figure6.make(SCORES, "test"), files)
    first = [path.read_bytes() for path in files]
    write_artifact(figure6.make(SCORES.copy(), "test"), files)
    assert [path.read_bytes() for path in files] == first
    assert all(first)


def test_one_seed_has_no_interval(tmp_path: Path) -> None:
    artifact = figure6.make(SCORES[SCORES["seed"] == 0], "test")
    assert "(no interval)" in markdown(artifact)
    write_artifact(artifact, [tmp_path / "figure6.svg"])
    svg = (tmp_path / "figure6.svg").read_text()
    for label in (SHORTEST, GENERATED, RANDOM, "paper (another graph)", "∞"):
        assert f">{label}<" in svg


def test_a_suite_without_diagnostics_gets_the_key_to_set() -> None:
    with pytest.raises(ValueError, match="set `diagnostic: paths` in the suite"):
        figure6.make(SCORES[SCORES["kind"] == "score"], "test")


# --- Figure 2 -----------------------------------------------------------------------------------
