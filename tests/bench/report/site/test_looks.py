"""One look a method, wherever it stands."""

from __future__ import annotations

import pytest

from bench.report.site.looks import COLOURS, KNOWN, MARKS, looks


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", sorted({*COLOURS, *(colour for colour, _ in KNOWN.values())}))
def test_every_colour_is_seen_on_a_white_and_on_a_dark_page(colour: str) -> None:
    assert contrast(colour, "#ffffff") >= 3
    assert contrast(colour, "#12161b") >= 3


def test_the_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_a_method_keeps_its_look_whatever_stands_beside_it() -> None:
    assert looks(["dt", "bc"])["bc"] == looks(["bc", "cql", "mine"])["bc"]
    assert looks(["dt-atari"])["dt-atari"] == looks(["dt"])["dt"]


def test_no_two_methods_of_table_2_share_a_colour() -> None:
    assert len({colour for colour, _ in KNOWN.values()}) == len(KNOWN)


def test_no_two_methods_of_a_site_look_the_same() -> None:
    names = ["dt", "cql", "bc", "bc10", *(f"own{index}" for index in range(40))]
    found = looks(names)
    assert list(found) == names
    assert len(set(found.values())) == len(names)


def test_more_methods_than_looks_have_one_all_the_same() -> None:
    assert len(looks(f"own{index}" for index in range(200))) == 200


def test_every_mark_has_a_path() -> None:
    look = looks(["dt"])["dt"]
    assert look.path == MARKS[look.mark]
