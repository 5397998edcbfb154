"""The overview of the zoo: the table and the figure of its behaviour policies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.behaviours import zoo
from bench.cli.main import main
from bench.core.code import ROOT
from bench.report import behaviours as describe
from tests.helpers.figures import drawn
from tests.helpers.tables import rows_of

__all__ = ["drawn"]  # fixtures

SHIPPED = [domain for domain, _ in describe.shipped()]


def test_the_page_shows_the_levels_of_what_ships(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["behaviours", "describe"]) == 0
    table = capsys.readouterr().out.strip()
    assert len(table.splitlines()) == 2 + len(SHIPPED)
    assert table in (ROOT / "docs/data.md").read_text()


def test_the_figure_shows_every_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from matplotlib import pyplot as plt

    drawn = []
    monkeypatch.setattr(plt, "close", drawn.append)
    assert main(["behaviours", "describe", "--figure", str(tmp_path / "curves.svg")]) == 0
    monkeypatch.undo()
    (figure,) = drawn
    assert len(figure.axes) == len(SHIPPED)
    for axes, domain in zip(figure.axes, SHIPPED, strict=True):
        animals = zoo.read(domain)
        curve, *markers = axes.lines
        shown = [float(y) for line in markers for y in line.get_ydata()]
        assert shown == [c.score for c in (*animals.replay, animals.expert)]
        assert curve.get_xdata()[-1] >= animals.expert.step / 1000
    plt.close(figure)
    assert (tmp_path / "curves.svg").read_text().startswith("<?xml")
    assert main(["behaviours", "describe", "--figure", "curves.gif"]) == 1
    assert "cannot draw curves.gif" in capsys.readouterr().err


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A zoo of one game and of Hopper, whose manifests hold known numbers."""

    def policy(step: int, score: float) -> dict[str, Any]:
        about = {"file": f"{step}.safetensors", "step": step, "share": 0.5, "score": score}
        returns = {"return_mean": 10 * score, "return_std": 2.0, "length_mean": 9.0}
        return about | returns | {"sha256": ""}

    for name, algorithm in (("breakout", "ppo"), ("hopper", "sac")):
        manifest = {
            "replay": [policy(1000, 5.0), policy(2000, 40.0)],
            "expert": policy(3000, 123.0),
            "training": {"algorithm": algorithm, "seed": 7},
            "learning_curve": [[500, 1.0], [4000, 2.0]],
        }
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "walker2d").mkdir()
    return tmp_path


def test_the_table_by_hand(small: Path) -> None:
    heading, rule, hopper, breakout = rows_of(describe.table(small))
    assert heading == describe.HEADINGS
    assert set("".join(rule)) <= {"-", ":"}
    # 2 of Hopper's 3,254.57 and of Breakout's 28 points of return; D4RL's is 378.95 and 999,906 / 2,187
    assert hopper[1:] == [
        "SAC, seed 7",
        "4,000",
        "40.0 ± 0.1, length 9 (400.0 ± 2.0)",
        "44.3 ± 11.6, length 457",
        "123.0 ± 0.1, length 9 (1,230.0 ± 2.0)",
        "2: 5.0 to 40.0",
    ]
    # the data of games have no level `medium`
    expert = "123.0 ± 7.1, length 9 (1,230.0 ± 2.0)"
    assert breakout[1:] == ["PPO, seed 7", "4,000", "—", "—", expert, "2: 5.0 to 40.0"]
    assert (hopper[0], breakout[0]) == ("Hopper-v4", "bench/Breakout-v0")


def test_a_folder_without_a_manifest_does_not_ship(small: Path, tmp_path: Path) -> None:
    assert [domain.name for domain, _ in describe.shipped(small)] == ["hopper", "breakout"]
    assert describe.shipped(tmp_path / "nothing") == []


def test_the_medium_policy_is_no_replay_policy_in_the_figure(
    small: Path, tmp_path: Path, drawn: list[Any]
) -> None:
    describe.draw([tmp_path / "curves.svg"], small)
    hopper, breakout = drawn[0].axes
    shown = {line.get_label(): line.get_ydata().tolist() for line in hopper.lines[1:]}
    assert shown == {"replay": [5.0], "medium": [40.0], "expert": [123.0]}
    shown = {line.get_label(): list(line.get_ydata()) for line in breakout.lines[1:]}
    assert shown == {"replay": [5.0, 40.0], "medium": [], "expert": [123.0]}
    assert hopper.lines[0].get_xdata().tolist() == [0.5, 4.0]  # thousand steps
    assert [axes.get_title(loc="left") for axes in (hopper, breakout)] == [
        "Hopper-v4",
        "Breakout-v0",
    ]
