"""One place for each method, and with it one colour and one mark."""

from __future__ import annotations

from bench.report.figures import COLOURS, MARKERS
from bench.report.looks import COUNT, KNOWN, places


def test_a_method_has_its_place_whatever_stands_beside_it() -> None:
    assert places(["DT", "CQL", "BC"]) == {"DT": 0, "CQL": 1, "BC": 4}
    assert places(["10%BC", "CQL", "DT"]) == {"10%BC": 5, "CQL": 1, "DT": 0}


def test_others_get_the_free_places_in_their_order() -> None:
    assert places(["DT", "Mine", "CQL", "Yours"]) == {"DT": 0, "CQL": 1, "Mine": 2, "Yours": 3}
    variants = [f"DT, K = {k}" for k in (1, 5, 20)]
    assert places(variants) == dict(zip(variants, (0, 1, 2), strict=True))


def test_many_methods_share_places_only_at_the_end() -> None:
    names = [f"method {index}" for index in range(11)]
    found = places(names)
    assert [found[name] for name in names] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert places([*KNOWN, "one more"])["one more"] == 9


def test_each_place_has_a_colour_and_a_mark() -> None:
    assert COUNT == len(set(COLOURS)) == len(COLOURS) == len(set(MARKERS)) == len(MARKERS)
    assert max(KNOWN.values()) < COUNT
