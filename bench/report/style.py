"""The style of all figures, and files whose bytes depend only on the figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.core.files import replacing

STYLE = Path(__file__).with_name("figures.mplstyle")
FORMATS = (".png", ".svg")


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


def save(figure: Any, files: list[Path]) -> None:
    """Write a figure in each file's format, atomically, and close it."""
    from matplotlib import pyplot as plt

    check_formats(files)
    for path in files:
        kind = path.suffix.removeprefix(".")
        with replacing(path) as temporary:
            figure.savefig(
                temporary, format=kind, metadata={"Date": None} if kind == "svg" else None
            )
    plt.close(figure)
