"""Which walks a path is stitched from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.environments.graph import (
    distances,
)
from bench.runs.diagnostics.stitching import Walk, example, moves, place_in
from tests.helpers.graph import LINE

WALK = st.lists(st.integers(0, 4), min_size=1, max_size=9).map(tuple)


def test_moves_and_places_by_hand() -> None:
    assert moves((3, 3, 1, 1, 3)) == (3, 1, 3)
    assert place_in((3, 1), (2, 3, 3, 1)) == (1, 3)
    assert place_in((1, 3), (2, 3, 3, 1)) is None


@given(WALK, WALK)
def test_a_piece_is_found_exactly_where_it_is(
    piece: tuple[int, ...], walk: tuple[int, ...]
) -> None:
    piece, place = moves(piece), place_in(moves(piece), walk)
    without = moves(walk)
    there = any(without[i : i + len(piece)] == piece for i in range(len(without)))
    assert (place is not None) == there
    if place is not None:
        assert moves(walk[place[0] : place[1] + 1]) == piece


def test_no_example_where_the_path_is_in_one_walk_or_in_no_two() -> None:
    fewest = distances(LINE)
    assert example([(1, 2, 3)], [Walk((0, 1, 2, 3), True)], fewest) is None
    assert example([(0, 1, 2, 3)], [Walk((2, 3), True), Walk((0, 1), False)], fewest) is None


def test_the_longest_shortest_path_is_the_example() -> None:
    found = [Walk((0, 1, 2), False), Walk((4, 2, 3), True)]
    paths = [(1, 2, 3), (0, 1, 0, 1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3)]
    chosen = example(paths, found, distances(LINE))
    assert chosen is not None
    assert chosen.path == 2
    assert chosen.walks == {"first": 0, "second": 1}
    assert chosen.pieces == {"first": (0, 2), "second": (1, 2)}
