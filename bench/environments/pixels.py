"""Draw small pictures of grids with NumPy only, so that the bytes are the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Colour = tuple[int, int, int]

GLYPH = (5, 3)  # rows and columns of a character
LINE = 0.85  # brightness of a grid line, relative to its cell
SMALLEST = 12  # smallest side of a cell, in pixels, with room for the text of a caption
INK, PAPER, PAST, AHEAD = (238, 238, 238), (20, 20, 24), (92, 92, 110), (48, 48, 58)

FONT = {
    "0": "### # # # # # # ###",
    "1": " #  ##   #   #  ###",
    "2": "###   # ### #   ###",
    "3": "###   # ###   # ###",
    "4": "# # # # ###   #   #",
    "5": "### #   ###   # ###",
    "6": "### #   ### # # ###",
    "7": "###   #  #   #   # ",
    "8": "### # # ### # # ###",
    "9": "### # # ###   # ###",
    "/": "  #   #  #  #   #  ",
    "D": "##  # # # # # # ## ",
    "E": "### #   ##  #   ###",
    "K": "# # # # ##  # # # #",
    "M": "# # ### ### # # # #",
    "O": "### # # # # # # ###",
    "P": "### # # ### #   #  ",
    "R": "##  # # ##  # # # #",
    "S": "### #   ###   # ###",
    "T": "###  #   #   #   # ",
    "Y": "# # # #  #   #   # ",
    " ": " " * 19,
}  # the five rows of a character, three dots each, separated by a space


def centred(image: U8, size: tuple[int, int], colour: Colour) -> U8:
    """Return an RGB image in the middle of a canvas of this size (rows, columns)."""
    canvas = np.full((*size, 3), colour, dtype=np.uint8)
    top, left = ((whole - part) // 2 for whole, part in zip(size, image.shape, strict=False))
    canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
    return canvas


def enlarge(cells: U8, pixels: int) -> U8:
    """Return a picture with a square for each cell. Each square has thin lines at its top and left.

    Args:
        cells: RGB (rows, columns, 3).
        pixels: side of a square.

    Returns:
        RGB (rows * pixels, columns * pixels, 3).
    """
    image = cells.repeat(pixels, axis=0).repeat(pixels, axis=1)
    lines = np.zeros(image.shape[:2], dtype=np.bool_)
    lines[::pixels], lines[:, ::pixels] = True, True
    image[lines] = (image[lines] * LINE).astype(np.uint8)
    return image


def width(text: str, scale: int) -> int:
    """Return the width of a text that `write` draws, in pixels."""
    return ((GLYPH[1] + 1) * len(text) - 1) * scale


def write(image: U8, text: str, top: int, left: int, scale: int, colour: Colour) -> None:
    """Draw a line of capital letters and digits into an RGB image. Each dot of a character is `scale` pixels
    wide.

    Raises:
        KeyError: FONT has no such character.
    """
    rows, columns = GLYPH
    for character in text:
        dots = np.array([list(row) for row in _rows(FONT[character])]) == "#"
        mask = dots.repeat(scale, axis=0).repeat(scale, axis=1)
        image[top : top + rows * scale, left : left + columns * scale][mask] = colour
        left += (columns + 1) * scale


def caption(
    phases: Sequence[tuple[str, int]],
    step: int,
    marks: Sequence[tuple[str, Colour, bool]],
    cells: int,
    pixels: int,
) -> U8:
    """Return a caption for a picture. It has two lines: a bar of the phases, filled up to the current step,
    and a text with the time and a small square for each mark.

    Args:
        phases: name and number of steps of each phase.
        step: steps so far.
        marks: for each mark its name, its colour, and whether its square is filled.
        cells: width of the picture, in cells.
        pixels: side of a cell.

    Returns:
        RGB (2 * pixels, cells * pixels, 3).

    Raises:
        ValueError: the cells are too small for text.
    """
    if pixels < SMALLEST:
        raise ValueError(f"a cell must be at least {SMALLEST} pixels wide, not {pixels}")
    scale = pixels // SMALLEST
    gap = (pixels - GLYPH[0] * scale) // 2
    strip = np.full((2 * pixels, cells * pixels, 3), PAPER, dtype=np.uint8)
    bar, line = strip[1 : pixels - 1], pixels + gap
    across, horizon = strip.shape[1], sum(length for _, length in phases)
    bar[:] = AHEAD
    bar[:, : across * step // horizon] = PAST
    begin = 0
    for name, length in phases:
        share = across * length // horizon
        bar[:, begin : begin + 1] = PAPER
        write(strip, name, gap, begin + (share - width(name, scale)) // 2, scale, INK)
        begin += share
    write(strip, f"STEP {step}/{horizon}", line, pixels // 2, scale, INK)
    left = across
    for name, colour, filled in reversed(marks):
        left -= pixels
        square = strip[line : line + 5 * scale, left : left + 5 * scale]
        square[:] = INK
        square[scale:-scale, scale:-scale] = colour if filled else PAPER
        left -= width(name, scale) + 2 * scale
        write(strip, name, line, left, scale, INK)
        left -= pixels // 2
    return strip


def _rows(glyph: str) -> list[str]:
    step = GLYPH[1] + 1
    return [glyph[start : start + GLYPH[1]] for start in range(0, GLYPH[0] * step, step)]
