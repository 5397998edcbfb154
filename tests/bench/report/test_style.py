"""The style of figures and the files that they are written to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.report.style import FORMATS, check_formats, pyplot, save


def drawing(plt: Any) -> Any:
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, 1])
    return figure


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.PNG"])
def test_what_is_no_picture_is_refused_by_name(name: str) -> None:
    check_formats([Path("a.png"), Path("a.svg")])
    with pytest.raises(
        ValueError, match=f"^cannot draw {name}: known formats are .png, .svg, .pdf$"
    ):
        check_formats([Path("a.svg"), Path(name)])


def test_nothing_is_written_if_one_of_the_files_is_no_picture(tmp_path: Path) -> None:
    with pyplot() as plt:
        figure = drawing(plt)
        with pytest.raises(ValueError, match=r"cannot draw .*b\.jpg"):
            save(figure, [tmp_path / "a.svg", tmp_path / "b.jpg"])
        plt.close(figure)
    assert list(tmp_path.iterdir()) == []


def test_a_saved_figure_is_closed_and_holds_no_date(tmp_path: Path) -> None:
    with pyplot() as plt:
        figure = drawing(plt)
        assert plt.fignum_exists(figure.number)
        save(figure, [tmp_path / "new" / "a.svg", tmp_path / "new" / "a.png"])
        assert not plt.fignum_exists(figure.number)
    svg = (tmp_path / "new" / "a.svg").read_text()
    assert "<dc:date>" not in svg
    assert "matplotlib" in svg.lower()
    assert (tmp_path / "new" / "a.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.png", "a.svg"]


def test_the_bytes_depend_only_on_the_figure(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with pyplot() as plt:
            save(drawing(plt), [tmp_path / f"{name}{suffix}" for suffix in FORMATS])
    for suffix in FORMATS:
        first, second = (tmp_path / f"{name}{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_the_style_ends_with_its_block() -> None:
    import matplotlib as mpl

    before = mpl.rcParams["axes.spines.top"], mpl.rcParams["svg.hashsalt"]
    with pyplot():
        assert not mpl.rcParams["axes.spines.top"]
        assert mpl.rcParams["svg.hashsalt"]
    assert (mpl.rcParams["axes.spines.top"], mpl.rcParams["svg.hashsalt"]) == before


def test_the_parts_of_a_figure_have_rounded_places(tmp_path: Path) -> None:
    """The last bits of a constrained layout differ from one drawing to the next."""
    with pyplot() as plt:
        figure = plt.figure(figsize=(7, 5), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=[2.0, 1.1])
        above.subplots(1, 3)
        below.subplots(1, 2)[0].set_ylabel("a label")
        save(figure, [tmp_path / "a.png"])
    shares = [x for axes in figure.axes for x in axes.get_position().bounds]
    shares += [x for part in figure.subfigs for x in part.bbox_relative.extents]
    assert len(shares) == 4 * 7
    assert shares == pytest.approx([round(x, 6) for x in shares], abs=1e-12)
    assert len({round(x, 6) for x in shares}) > 10  # laid out, not stacked on each other


def test_equal_figures_have_equal_bytes(tmp_path: Path) -> None:
    def drawn(name: str) -> bytes:
        with pyplot() as plt:
            figure, grid = plt.subplots(2, 3, figsize=(7, 5), layout="constrained")
            for place, axes in enumerate(grid.flat):
                axes.plot([0, 1], [place, 10**place], label="a")
                axes.set_title(f"panel {place}")
            figure.legend(loc="outside lower center")
            save(figure, [tmp_path / name])
        return (tmp_path / name).read_bytes()

    assert len({drawn(f"{number}.svg") for number in range(6)}) == 1
