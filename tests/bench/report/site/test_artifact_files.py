"""The tables, figures and videos of a scale, as files."""

from __future__ import annotations

from pathlib import Path

from bench.report.site.artifact_files import find, missing, videos
from bench.report.site.inputs import Inputs, of_working_folder
from tests.helpers.site import config


def test_in_the_order_of_the_config_then_other_tables_then_ledgers(scale: Inputs) -> None:
    found = find(scale)
    assert [(one.suite, one.name) for one in found] == [
        ("mujoco", "score_cost"),
        ("mujoco", "table2"),
        ("mujoco", "figure3"),
        ("mujoco", "cost"),
        ("targets", "figure4"),
        ("", "claims"),
    ]
    assert [one.category for one in found] == ["MuJoCo"] * 3 + ["Cost", "MuJoCo", "Claims"]
    assert len({one.key for one in found}) == len(found)


def test_an_artifact_has_a_caption_a_table_and_files(scale: Inputs) -> None:
    table2 = next(one for one in find(scale) if one.name == "table2")
    assert "suite mujoco, scale test" in table2.caption
    assert table2.grid is not None
    assert table2.grid.headings[:3] == ["Data", "Environment", "DT"]
    assert list(table2.downloads) == [".csv", ".tex", ".png", ".md"]
    assert table2.picture == Path("mujoco/table2.png")


def test_what_is_planned_and_not_there(scale: Inputs) -> None:
    holes = missing(scale, find(scale), ["later"])
    assert [(suite, name) for suite, name, _ in holes] == [("mujoco", "aggregates")]
    assert len(missing(scale, [], [])) == 4 + 1 + 1


def test_one_video_in_several_formats_counts_once(tmp_path: Path) -> None:
    folder = tmp_path / "reports/test/mujoco"
    folder.mkdir(parents=True)
    for name in ("a.gif", "a.mp4", "b.webm", "c.gif"):
        (folder / name).touch()
    inputs = of_working_folder(config(), tmp_path / "results", tmp_path / "reports")
    names = ["a.mp4", "b.webm", "c.gif"]
    assert videos(inputs)["mujoco"] == [Path("mujoco") / name for name in names]


def test_a_table_that_is_no_text_has_no_grid(tmp_path: Path) -> None:
    folder = tmp_path / "reports/test/mujoco"
    folder.mkdir(parents=True)
    (folder / "table2.md").write_bytes(b"\xff\xfe")
    inputs = of_working_folder(config(), tmp_path / "results", tmp_path / "reports")
    assert [one.grid for one in find(inputs)] == [None]
