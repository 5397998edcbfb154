"""What a data set holds: as text, as an artifact, as a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.behaviours.generate import generate
from bench.cli.main import main
from bench.datasets import storage
from bench.datasets.build import from_arrays
from bench.report import datasets as describe
from bench.tasks.registry import TASKS
from tests.helpers.frames import make_frames


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two episodes of Hopper's shape: returns 1000 and 3000, the first one a fall."""
    terminals, timeouts = np.zeros((2, 5), dtype=bool)
    terminals[1], timeouts[4] = True, True
    data = from_arrays(
        np.zeros((5, 11), np.float32),
        np.zeros((5, 3), np.float32),
        np.array([400, 600, 1000, 1000, 1000], np.float32),
        terminals,
        timeouts,
    )
    about = {"source": "generated", "task": "hopper-medium", "environment": "Hopper-v4"}
    storage.save(data, tmp_path / "set", about)
    return tmp_path / "set"


def facts(text: str) -> dict[str, str]:
    rows = [line.split("  ", 1) for line in text.splitlines()]
    return {name.strip(): value.strip() for name, value in rows}


def test_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "describe", str(folder)]) == 0
    said = facts(capsys.readouterr().out)
    assert said["task"] == "hopper-medium"
    assert said["source"] == "generated"
    assert (said["episodes"], said["steps"]) == ("2", "5")
    assert said["return"] == "2,000.0 ± 1,414.2 (1,000.0 to 3,000.0)"
    domain = TASKS["hopper-medium"].domain
    share = 100 * (2000 - domain.reference_min) / (domain.reference_max - domain.reference_min)
    assert said["normalised"].startswith(f"{share:.1f} ± ")
    assert said["length"] == "2.5 ± 0.7 (2.0 to 3.0)"
    assert said["return, deciles"].split() == [f"{value:,.1f}" for value in range(1000, 3001, 200)]
    assert said["ends"] == "1 terminals, 1 time-outs"
    assert said["D4RL -v2"].startswith("2,187, ")
    manifest = storage.read_manifest(folder)
    assert said["digest"] == manifest["digest"]
    assert said["SHA-256 rewards"] == manifest["arrays"]["rewards"]["sha256"]


def test_discrete_actions_and_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "set"
    generate(TASKS["key_to_door-1k"], 240, 0, folder)
    assert main(["data", "describe", str(folder), "--figure", str(tmp_path / "set.png")]) == 0
    assert (tmp_path / "set.png").stat().st_size > 0
    said = facts(capsys.readouterr().out.partition("\n\n")[0])
    assert (said["observations"], said["actions"]) == ("5 x 5 x 3 numbers", "one of 4")
    assert (said["episodes"], said["ends"]) == ("2", "2 terminals, 0 time-outs")


def test_continuous_actions_are_described_by_their_range(folder: Path) -> None:
    said = facts(describe.text(folder))
    assert (said["observations"], said["actions"]) == ("11 numbers", "3 numbers in [-1.0, 1.0]")


def test_data_of_nothing_known_have_no_normalised_return(folder: Path) -> None:
    storage.save(storage.load(folder), folder.with_name("own"), {"source": "hand"})
    said = facts(describe.text(folder.with_name("own")))
    assert said["task"] == "unknown"
    assert "normalised" not in said
    assert "D4RL -v2" not in said


def test_artifact_and_figures(folder: Path, tmp_path: Path) -> None:
    out = [tmp_path / f"data.{suffix}" for suffix in ("md", "html", "png", "svg")]
    manifest = str(folder / "manifest.json")
    assert main(["data-summary", "--scale", "t", "--out", *map(str, out), "--data", manifest]) == 0
    rows = [line for line in out[0].read_text().splitlines() if "hopper-medium" in line]
    assert len(rows) == 1
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert cells[:4] == ["hopper-medium", "generated", "2", "5"]
    assert cells[7] == "—"  # nothing is known about the policies
    assert cells[9] == "2,187, 999,906, 457"  # D4RL's own file of this name
    assert "44.3 ±" in cells[8]
    assert "hopper-medium" in out[1].read_text()
    assert out[2].read_bytes().startswith(b"\x89PNG")
    before = [path.read_bytes() for path in out]
    describe.write([folder], "t", out)
    assert [path.read_bytes() for path in out] == before


def test_effective_policies_by_hand(folder: Path) -> None:
    """Steps of 3, 1 and 1 + 1 of one policy: 36 / (9 + 1 + 4)."""
    assert describe.effective_policies([1, 1, 1, 1]) == 4
    assert describe.effective_policies([5, 0]) == 1
    steps = {"a": [3], "b": [1], "c": [1, 1]}
    parts = [{"policy": name, "steps": part} for name, of in steps.items() for part in of]
    about = {"source": "generated", "task": "hopper-medium", "parts": parts}
    storage.save(storage.load(folder), folder.with_name("parts"), about)
    assert facts(describe.text(folder.with_name("parts")))["behaviour policies"] == "2.6 (3)"


def test_the_figure_shows_every_episode(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib import pyplot as plt

    drawn: list[Any] = []
    monkeypatch.setattr(plt, "close", drawn.append)
    figure_file = folder.with_name("figure.png")
    assert main(["data", "describe", str(folder), "--figure", str(figure_file)]) == 0
    monkeypatch.undo()
    (figure,) = drawn
    left, right = figure.axes
    assert sum(bar.get_height() for bar in left.patches) == 2
    assert sum(bar.get_height() for bar in right.patches) == 2
    assert left.get_title(loc="left") == "hopper-medium"
    assert left.get_xlabel() == "return, normalised"
    plt.close(figure)
    assert figure_file.exists()


def test_bad_input_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "describe", "nowhere"]) == 1
    assert "no data set at nowhere" in capsys.readouterr().err
    assert main(["data", "describe", str(folder), "--figure", "a.jpg"]) == 1
    assert "cannot draw a.jpg: known formats are .png, .svg, .pdf" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"cannot write a.txt: known formats"):
        describe.write([folder], "t", [Path("a.txt")])


@pytest.mark.parametrize("known", [True, False])
def test_a_game_is_compared_by_its_scores(known: bool, tmp_path: Path) -> None:
    """Scores 0, 10, 20 are -7.1, 28.6 and 64.3 % of the way from 2 to 30; returns are clipped."""
    data = make_frames((5, 2, 7), **({} if known else {"scores": None}))
    about = {"source": "generated", "task": "breakout-replay", "environment": "bench/Breakout-v0"}
    folder = tmp_path / "set"
    storage.save(data, folder, about)
    said = facts(describe.text(folder))
    assert said["observations"] == "4 frames of 3 x 3 bytes"
    assert said["return"] == "2.3 ± 1.5 (1.0 to 4.0)"
    assert said.get("score") == ("10.0 ± 10.0 (0.0 to 20.0)" if known else None)
    assert said.get("normalised") == ("28.6 ± 35.7" if known else None)
    assert said.get("normalised, deciles", "-7.1").startswith("-7.1")
    describe.write([folder], "t", [tmp_path / "data.md"])
    row = next(
        line for line in (tmp_path / "data.md").read_text().splitlines() if "t-replay" in line
    )
    assert ("score 10.0 ± 10.0" in row) == known
    assert ("28.6 ± 35.7" in row) == known
    assert "rewards clipped to" in (tmp_path / "data.md").read_text()
    describe.draw([folder], [tmp_path / "data.png"])


def test_an_artifact_without_games_does_not_mention_them(folder: Path, tmp_path: Path) -> None:
    describe.write([folder], "t", [tmp_path / "data.md"])
    assert "Atari" not in (tmp_path / "data.md").read_text()
