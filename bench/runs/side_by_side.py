"""Two videos beside each other, with a caption above each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.environments.video import U8

GAP = 8  # pixels between the two
TEXT = 14  # size of the letters, pixels
PAPER, INK = (250, 250, 250), (20, 20, 20)


def beside(left: Sequence[U8], right: Sequence[U8], captions: tuple[str, str]) -> list[U8]:
    """Return the frames of both videos side by side.

    The lower pictures are enlarged to the height of the higher ones. The shorter video stops at its last frame.

    Args:
        left: RGB uint8 (height, width, 3), all of one size.
        right: likewise, of another size perhaps.
        captions: a short line for each; a longer one continues in the next line.

    Raises:
        ValueError: one of the videos has no frame.
    """
    if not left or not right:
        raise ValueError("a video has no frame, so there is nothing to put beside the other one")
    height = max(len(left[0]), len(right[0]))
    columns = [_enlarged(frames, height) for frames in (left, right)]
    headers = [
        _header(text, column[0].shape[1]) for text, column in zip(captions, columns, strict=True)
    ]
    top = max(map(len, headers))
    gap = np.full((top + height, GAP, 3), PAPER, dtype=np.uint8)
    made = []
    for index in range(max(len(left), len(right))):
        parts = []
        for header, column in zip(headers, columns, strict=True):
            paper = np.full((top - len(header), header.shape[1], 3), PAPER, dtype=np.uint8)
            frame = column[min(index, len(column) - 1)]
            parts.append(np.concatenate([header, paper, frame]))
        made.append(np.concatenate([parts[0], gap, parts[1]], axis=1))
    return made


def _enlarged(frames: Sequence[U8], height: int) -> list[U8]:
    """Return frames of this height, with their proportions and sharp pixels."""
    if len(frames[0]) == height:
        return list(frames)
    size = (round(frames[0].shape[1] * height / len(frames[0])), height)
    return [
        np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.NEAREST))
        for frame in frames
    ]


def _header(text: str, width: int) -> U8:
    """Return a caption as a picture of this width."""
    font = ImageFont.load_default(TEXT)
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width - 2 * GAP:
            lines.append(line)
            longer = word
        line = longer
    lines.append(line)
    image = Image.new("RGB", (width, (TEXT + 4) * len(lines) + GAP), PAPER)
    pen = ImageDraw.Draw(image)
    for number, words in enumerate(lines):
        pen.text((GAP, GAP // 2 + number * (TEXT + 4)), words, font=font, fill=INK)
    return np.asarray(image, dtype=np.uint8)
