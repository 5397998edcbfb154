"""The style of all figures, and files whose bytes depend only on the figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.core.files import replacing

STYLE = Path(__file__).with_name("figures.mplstyle")
FORMATS = (".png", ".svg", ".pdf")
PLACES = 6  # decimals of a place in a figure, as a share of its size
DATES = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}  # bytes depend on the figure alone


@contextmanager
def pyplot() -> Iterator[Any]:
    """Yield matplotlib's pyplot with the style of all figures; no display is needed."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with plt.style.context(STYLE):
        yield plt


def check_formats(files: list[Path]) -> None:
    """Refuse files that are not pictures, before any work is done.

    Raises:
        ValueError: a suffix is not one of FORMATS.
    """
    for path in files:
        if path.suffix not in FORMATS:
            raise ValueError(f"cannot draw {path}: known formats are {', '.join(FORMATS)}")


def _take_literally(figure: Any) -> None:
    """Draw every text as it is, without mathematics between dollar signs. Numbers on an axis stay as they are."""
    from matplotlib.text import Text
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    numbers = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            numbers.add(axis.offsetText)
            if not isinstance(axis.get_major_formatter(), FixedFormatter | FuncFormatter):
                ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
                numbers |= {label for tick in ticks for label in (tick.label1, tick.label2)}
    for text in figure.findobj(Text):
        if text not in numbers:
            text.set_parse_math(False)


def _settle(figure: Any) -> None:
    """Lay a figure out, and round the places of its parts.

    The solver of constrained layouts adds numbers in an order that addresses in memory decide, so the last bits of its
    result differ from one drawing to the next. Rounded to a millionth of the figure, equal figures have equal bytes.
    """
    if figure.get_layout_engine() is None:
        return
    figure.draw_without_rendering()
    for part in figure.subfigs:
        box = part.bbox_relative
        box.p0, box.p1 = box.p0.round(PLACES), box.p1.round(PLACES)
    for axes in figure.axes:
        axes.set_position([round(x, PLACES) for x in axes.get_position(original=True).bounds])
    figure.set_layout_engine("none")


def save(figure: Any, files: list[Path]) -> None:
    """Write a figure in each file's format, atomically, and close it."""
    from matplotlib import pyplot as plt

    check_formats(files)
    _take_literally(figure)
    _settle(figure)
    for path in files:
        kind = path.suffix.removeprefix(".")
        with replacing(path) as temporary:
            figure.savefig(temporary, format=kind, metadata=DATES.get(path.suffix))
    plt.close(figure)
