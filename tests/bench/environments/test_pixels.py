"""Pictures of grids, pixel by pixel."""

from __future__ import annotations

from bench.environments import pixels


def test_glyphs_are_whole():
    for glyph in pixels.FONT.values():
        assert len(glyph) == 19
        assert set(glyph) <= {"#", " "}
        assert all(glyph[end] == " " for end in range(3, 19, 4))
    assert len(set(pixels.FONT.values())) == len(pixels.FONT) - 2  # 5 and S, O and 0 look alike
