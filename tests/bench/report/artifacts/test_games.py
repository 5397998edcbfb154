"""The artifacts about Atari games, from runs whose scores are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report.artifact import write_artifact
from bench.report.artifacts.registry import ARTIFACTS
from tests.helpers.evidence import made
from tests.helpers.games import FULL, PONG, QBERT, SMALL, Games, Played, arcade, cells, played

__all__ = ["arcade", "played"]  # fixtures


OURS = [name for name, about in ARTIFACTS.items() if about.family == "atari"]


def test_which_artifacts_are_about_atari() -> None:
    assert OURS == ["table1", "table12", "table4", "table13", "table11"]


def test_games_stand_in_the_papers_order(played: Played) -> None:
    for name in ("table1", "table12", "table4", "table13", "table11"):
        artifact = made(name, played(FULL))
        assert [line[1] for line in artifact.body] == ["Breakout", "Qbert", "Pong", "Seaquest"]


def test_verdicts_are_about_the_papers_data(played: Played) -> None:
    for name in ("table1", "table12"):
        artifact = made(name, played(FULL, source="dqn_replay"))
        # 11 against 267.5 ± 97.5 of three seeds; CQL's number is quoted without a spread
        assert cells(artifact, "Breakout")["Verdict"] == (
            "the paper's spread allows no verdict: DT, BC; not comparable: CQL"
        )
        # 0 against 2.5 ± 0.4
        assert cells(artifact, "Seaquest")["Verdict"] == "reproduced: DT, BC; not comparable: CQL"
        notes = " ".join(artifact.notes)
        assert "with 10 seeds even a perfect replication would be `reproduced`" in notes
        assert "On Seaquest 5 points are 2,099" in notes
        assert "were not trained on" not in notes
        assert "D4RL" not in notes


@pytest.mark.parametrize("source", ["generated", "dqn_replay"])
def test_a_table_in_which_nothing_was_tested_has_no_verdicts(played: Played, source: str) -> None:
    artifact = made("table1", played(SMALL, source=source))  # Breakout and Pong
    assert artifact.headings[-1] == "REM*, paper"
    assert all(len(line) == len(artifact.headings) for line in artifact.body)
    notes = " ".join(artifact.notes)
    assert ("were not trained on the DQN-replay logs" in notes) == (source == "generated")
    assert ("allows no verdict" in notes) == (source == "dqn_replay")
    assert "On Seaquest 5 points" not in notes


@pytest.mark.parametrize(
    ("name", "points"), [("table4", "5 points of"), ("table13", "5 points, normalised of")]
)
def test_raw_scores_have_the_same_margin(played: Played, name: str, points: str) -> None:
    # on Qbert 10%BC has 6.6 ± 1.7, which is 1045 ± 232 of the score; 5 points are 665
    for scores, word in (
        ([1545.0, 1546.0, 1547.0], "reproduced"),
        ([9000.0, 9001.0, 9002.0], "differs"),
        ([500.0, 1000.0, 2500.0], "undecided"),
    ):
        games: Games = {(QBERT, "bc10-atari"): scores}
        artifact = made(name, played(games, source="dqn_replay"))
        assert cells(artifact, "Qbert")["Verdict"] == word
        assert points in " ".join(artifact.notes)


@pytest.mark.parametrize("name", OURS)
def test_an_artifact_without_games_is_refused(name: str, played: Played) -> None:
    other = played({(PONG, "dt-atari"): [1.0]}, data_percent=10.0)
    with pytest.raises(ValueError, match=r"no score on an Atari game .*: nothing for Table \d+"):
        made(name, other)


@pytest.mark.parametrize("name", OURS)
def test_an_artifact_writes_every_format_the_same_again(
    name: str, played: Played, tmp_path: Path
) -> None:
    scores = played(FULL, max_steps=3000)
    files = [tmp_path / "out" / f"{name}{suffix}" for suffix in ARTIFACTS[name].suffixes]
    write_artifact(made(name, scores), files)
    first = [path.read_bytes() for path in files]
    write_artifact(made(name, scores.copy()), files)
    assert [path.read_bytes() for path in files] == first
    assert all(first)
