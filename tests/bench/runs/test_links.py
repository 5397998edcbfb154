"""Fingerprints that are linked stay one fingerprint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.core.files import DamagedFile
from bench.runs import links

OLD, NEW, NEWER = {"a.py": "1", "b.py": "1"}, {"a.py": "2", "b.py": "1"}, {"c.py": "3"}


def test_a_linked_fingerprint_keeps_its_original(tmp_path: Path) -> None:
    path = tmp_path / "links.json"
    assert links.original(NEW, links.read(path)) == NEW
    assert links.add([(OLD, NEW), (OLD, OLD)], path) == 1
    assert links.add([(NEW, NEWER)], path) == 1
    known = links.read(path)
    for code in (OLD, NEW, NEWER):
        assert links.original(code, known) == OLD
    assert links.same(NEW, NEWER, known)
    assert not links.same(NEW, {"a.py": "3", "b.py": "1"}, known)


def test_what_is_linked_already_adds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "links.json"
    assert links.add([(OLD, OLD)], path) == 0
    assert not path.exists()
    links.add([(OLD, NEW)], path)
    before = path.read_bytes()
    assert links.add([(OLD, NEW), (NEW, OLD)], path) == 0
    assert path.read_bytes() == before


def test_records_of_two_versions_of_the_code_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "links.json"
    with pytest.raises(
        ValueError, match=r"\(a\.py removed or .* 2 more\) gave the bytes .* of two versions"
    ):
        links.add([(OLD, NEWER), (NEW, NEWER)], path)
    assert not path.exists()


def test_code_that_equals_two_older_ones_makes_their_groups_one(tmp_path: Path) -> None:
    path, oldest = tmp_path / "links.json", {"d.py": "0"}
    assert links.add([(OLD, NEW)], path) == 1
    assert links.add([(oldest, OLD)], path) == 1
    assert links.add([(oldest, {"d.py": "1"})], path) == 1
    one, two = {"e.py": "0"}, {"e.py": "1"}
    assert links.add([(one, two)], path) == 1
    assert links.add([(one, NEWER)], path) == 1
    assert links.add([(NEW, NEWER)], path) == 1
    known = links.read(path)
    group = [OLD, NEW, NEWER, oldest, {"d.py": "1"}, one, two]
    assert all(links.same(code, other, known) for code in group for other in group)
    assert links.original(NEWER, known) == one  # the first one of the group that it joined first
    assert list(known.originals.values()) == [one]
    assert not links.same(OLD, {"e.py": "2"}, known)


@pytest.mark.parametrize("swapped", [False, True])
def test_code_that_made_a_record_itself_is_not_linked(tmp_path: Path, swapped: bool) -> None:
    """Such a record says nothing about the older code."""
    path, pairs = tmp_path / "links.json", [(OLD, NEW), (NEW, NEW)]
    with pytest.raises(
        ValueError, match=r"made by the current code, others by .* \(a\.py changed\)"
    ):
        links.add(reversed(pairs) if swapped else pairs, path)
    assert not path.exists()
    links.add([(OLD, NEW)], path)
    assert links.add(pairs, path) == 0  # linked already: it counts as the older code


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("equal"),
        lambda content: content["originals"].clear(),
        lambda content: next(iter(content["originals"].values())).update({"a.py": "9"}),
        lambda content: content["equal"].update({name: name for name in content["originals"]}),
    ],
    ids=["key", "original", "hash", "circle"],
)
def test_damaged_links_are_refused(tmp_path: Path, change: Callable[[Any], Any]) -> None:
    path = tmp_path / "links.json"
    links.add([(OLD, NEW)], path)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(DamagedFile, match=f"{path} is damaged: .* restore it with git"):
        links.read(path)
    path.write_text("{")
    with pytest.raises(DamagedFile, match=f"{path} is not JSON; restore it with git"):
        links.read(path)


def test_the_links_of_the_repository_are_sound() -> None:
    known = links.read()
    assert set(known.equal.values()) <= set(known.originals)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (OLD, OLD, "equal"),
        (OLD, NEW, "a.py changed"),
        (OLD, {"a.py": "1"}, "b.py removed or no longer imported"),
        ({"b.py": "1"}, OLD, "a.py new"),
        (OLD, NEWER, "a.py removed or no longer imported and 2 more"),
    ],
)
def test_a_difference_names_its_first_file(
    old: dict[str, str], new: dict[str, str], words: str
) -> None:
    assert links.first_difference(old, new) == words
