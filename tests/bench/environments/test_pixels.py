"""Pictures of grids, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from bench.environments import pixels


def test_glyphs_are_whole():
    for glyph in pixels.FONT.values():
        assert len(glyph) == 19
        assert set(glyph) <= {"#", " "}
        assert all(glyph[end] == " " for end in range(3, 19, 4))
    assert len(set(pixels.FONT.values())) == len(pixels.FONT) - 2  # 5 and S, O and 0 look alike


RED, BLUE, GREY = (255, 0, 0), (0, 0, 255), (100, 100, 100)


def blank(rows: int, columns: int) -> pixels.U8:
    return np.zeros((rows, columns, 3), dtype=np.uint8)


def test_an_image_is_put_in_the_middle_and_odd_pixels_stand_below_and_right() -> None:
    canvas = pixels.centred(blank(1, 2), (4, 5), RED)
    black = (canvas == 0).all(axis=2)
    assert black.astype(int).tolist() == [
        [0, 0, 0, 0, 0],
        [0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]
    assert (canvas[~black] == RED).all()


def test_cells_become_squares_with_a_darker_line_along_top_and_left() -> None:
    cells = np.array([[RED, GREY]], dtype=np.uint8)
    image = pixels.enlarge(cells, 3)
    assert image.shape == (3, 6, 3)
    assert image[:, :, 0].tolist() == [
        [216, 216, 216, 85, 85, 85],  # 0.85 of 255 and of 100
        [216, 255, 255, 85, 100, 100],
        [216, 255, 255, 85, 100, 100],
    ]
    assert image[1, 4].tolist() == [100, 100, 100]


@pytest.mark.parametrize(("text", "scale", "expected"), [("1", 1, 3), ("10", 1, 7), ("P/1", 2, 22)])
def test_width_of_a_text_by_hand(text: str, scale: int, expected: int) -> None:
    assert pixels.width(text, scale) == expected


def test_a_text_by_hand() -> None:
    image = blank(6, 9)
    pixels.write(image, "17", top=1, left=1, scale=1, colour=BLUE)
    shown = ["".join("#" if dot else "." for dot in row) for row in image[:, :, 2] > 0]
    assert shown == [
        ".........",
        "..#..###.",
        ".##....#.",
        "..#...#..",
        "..#...#..",
        ".###..#..",
    ]
    assert (image[:, :, :2] == 0).all()


def test_a_larger_text_is_the_same_with_larger_dots() -> None:
    small, large = blank(5, 7), blank(15, 21)
    pixels.write(small, "KE", 0, 0, 1, RED)
    pixels.write(large, "KE", 0, 0, 3, RED)
    np.testing.assert_array_equal(large, small.repeat(3, axis=0).repeat(3, axis=1))


def test_a_character_without_a_glyph_is_refused() -> None:
    with pytest.raises(KeyError, match="X"):
        pixels.write(blank(9, 9), "X", 0, 0, 1, RED)


PHASES = [("KEY", 15), ("DOOR", 5)]


def test_the_bar_of_a_caption_fills_with_time() -> None:
    for step, filled in ((0, 0), (5, 24), (20, 96)):
        strip = pixels.caption(PHASES, step, [], cells=8, pixels=12)
        assert strip.shape == (24, 96, 3)
        row = strip[2]  # above the names
        assert (row == pixels.PAPER).all(axis=1).nonzero()[0].tolist() == [0, 72]  # phases begin
        past = (row == pixels.PAST).all(axis=1)
        ahead = (row == pixels.AHEAD).all(axis=1)
        between = [column for column in range(96) if column not in (0, 72)]
        assert past[between].tolist() == [column < filled for column in between]
        assert ahead[between].tolist() == [column >= filled for column in between]


def test_a_mark_shows_its_colour_once_it_is_set() -> None:
    found = []
    for filled in (False, True):
        strip = pixels.caption(PHASES, 3, [("K", RED, filled)], cells=8, pixels=12)
        found.append(int((strip == RED).all(axis=2).sum()))
        assert (strip[15:20, 84:89] == pixels.INK).all(axis=2).sum() == 16  # the square's frame
    assert found == [0, 9]


def test_a_caption_needs_room_for_its_text() -> None:
    with pytest.raises(ValueError, match="at least 12 pixels wide, not 11"):
        pixels.caption(PHASES, 0, [], cells=8, pixels=11)
