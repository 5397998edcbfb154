"""`bench report`: pages of a working folder, and of packed records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.cli.main import main
from tests.helpers.cli import fails
from tests.helpers.site import config, write_scale


def test_the_pages_of_a_working_folder(capsys: pytest.CaptureFixture[str]) -> None:
    write_scale(Path())
    assert main(["report", "--config", json.dumps(config())]) == 0
    assert capsys.readouterr().out == "report: reports/test/index.html (19 pages)\n"
    assert Path("reports/test/site/runs.html").is_file()


def test_notes_say_what_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    Path("reports/test/mujoco").mkdir(parents=True)
    for kind in ("md", "csv"):
        Path(f"reports/test/mujoco/table2.{kind}").write_text("nothing")
    assert main(["report", "--config", json.dumps(config()), "--out", "pages"]) == 0
    assert "note: Table 2, suite mujoco: no interactive figure" in capsys.readouterr().out
    assert Path("pages/index.html").is_file()


@pytest.mark.slow
def test_the_pages_of_packed_records(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--packed", "speed", "--out", "pages"]) == 0
    assert "report: pages/index.html" in capsys.readouterr().out
    assert "packed records" in Path("pages/index.html").read_text()
    assert Path("pages/time_to_score/time_to_score.md").is_file()


def test_what_cannot_be_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no packed records of this scale; there are: " in fails(
        capsys, "report", "--packed", "gone"
    )
    assert "--packed needs --out" in fails(capsys, "report", "--packed", "quick")
    wrong = ["report", "--packed", "quick", "--config", json.dumps(config()), "--out", "x"]
    assert "the config has the name 'test'" in fails(capsys, *wrong)
    line = ["report", "--config", json.dumps(config()), "--results", "other"]
    assert "must be called `results`" in fails(capsys, *line)
    assert "there is no file gone.yaml" in fails(capsys, "report", "--config", "gone.yaml")
