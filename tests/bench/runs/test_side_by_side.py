"""Two videos beside each other, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bench.environments.video import U8
from bench.runs.side_by_side import GAP, INK, PAPER, TEXT, beside


def plain(count: int, height: int, width: int, first: int) -> list[U8]:
    return [np.full((height, width, 3), first + number, dtype=np.uint8) for number in range(count)]


def test_sizes_and_places() -> None:
    """The right one is half as high, so it doubles; it is shorter, so it stops."""
    frames = beside(plain(4, 80, 120, 10), plain(2, 40, 90, 100), ("one", "two"))
    top = TEXT + 4 + GAP
    assert {frame.shape for frame in frames} == {(top + 80, 120 + GAP + 180, 3)}
    assert len(frames) == 4
    for number, frame in enumerate(frames):
        assert (frame[top:, :120] == 10 + number).all()
        assert (frame[top:, 120 : 120 + GAP] == PAPER).all()
        assert (frame[top:, 120 + GAP :] == 100 + min(number, 1)).all()


def test_captions_stand_above_their_own_video() -> None:
    [frame] = beside(plain(1, 80, 200, 10), plain(1, 80, 200, 10), ("left words", ""))
    header = frame[: TEXT + 4 + GAP].astype(int)
    dark = (np.abs(header - INK).sum(axis=2) < 60).any(axis=0)
    assert dark[:200].any()
    assert not dark[200:].any()


def test_a_long_caption_goes_on_in_the_next_line() -> None:
    words = "a caption that is much too long for a picture of this width"
    [frame] = beside(plain(1, 80, 120, 10), plain(1, 80, 120, 10), (words, "short"))
    lines = (len(frame) - 80 - GAP) // (TEXT + 4)
    assert lines >= 4
    header = frame[: len(frame) - 80].astype(int)
    ink = np.abs(header - INK).sum(axis=2) < 60
    assert ink[-(TEXT + 4 + GAP) :, :120].any(), "the last line is missing"
    assert not ink[:, 118:120].any(), "a line is cut off"


def test_a_video_without_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="a video has no frame"):
        beside(plain(1, 8, 8, 0), [], ("one", "two"))
