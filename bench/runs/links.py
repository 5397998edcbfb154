"""Fingerprints that were shown to give the same bytes: `links.json` beside this module.

A change of the code that alters no number gives a run another fingerprint. Where reproduction gave equal
bytes for every method and kind of data, the new fingerprint is linked to the old one (`bench reproduce
--link` writes the link, and nothing else does). The workflow then plans a run with its old fingerprint, so
it plans nothing again, and `bench records check` takes the two as equal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.core.files import DamagedFile, read_json, write_json
from bench.runs.code import Fingerprint

FILE = Path(__file__).with_name("links.json")


@dataclass
class Links:
    """Which fingerprints are equal.

    Attributes:
        originals: digest -> fingerprint, of the first of some that are equal.
        equal: digest of a later one -> digest of its original.
    """

    originals: dict[str, Fingerprint] = field(default_factory=dict)
    equal: dict[str, str] = field(default_factory=dict)


def read(path: Path | None = None) -> Links:
    """Return the links; none where there is no file.

    Args:
        path: the file; None: `links.json` beside this module.

    Raises:
        DamagedFile: the file is damaged.
    """
    path = path or FILE
    if not path.exists():
        return Links()
    repair = "restore it with git, or delete it: then runs are planned again"
    try:
        content = read_json(path)
    except DamagedFile as error:
        raise DamagedFile(f"{path} is not JSON; {repair}") from error
    if not _sound(content):
        raise DamagedFile(f"{path} is damaged: an original is missing or was changed; {repair}")
    return Links(content["originals"], content["equal"])


def _sound(content: Any) -> bool:
    try:
        originals, equal = content["originals"], content["equal"]
        return all(digest_of(each) == name for name, each in originals.items()) and all(
            original in originals and new not in originals for new, original in equal.items()
        )
    except (KeyError, TypeError, AttributeError):
        return False


def original(code: Fingerprint, links: Links) -> Fingerprint:
    """Return the first of the fingerprints that give the same bytes as this one; itself where none is
    linked.
    """
    linked = links.equal.get(digest_of(code))
    return code if linked is None else links.originals[linked]


def same(one: Fingerprint, other: Fingerprint, links: Links) -> bool:
    """Return whether two fingerprints are equal or linked."""
    return original(one, links) == original(other, links)


def add(pairs: Iterable[tuple[Fingerprint, Fingerprint]], path: Path | None = None) -> int:
    """Link new fingerprints to old ones.

    Args:
        pairs: old and new, of which reproduction has shown that they give the same bytes.
        path: the file; None: `links.json` beside this module.

    Returns:
        How many links are new.

    Raises:
        DamagedFile: the file is damaged.
        ValueError: a new fingerprint would be linked to two that are not known to be equal.
    """
    path = path or FILE
    links, added = read(path), 0
    for old, new in pairs:
        if same(old, new, links):
            continue
        first, name = original(old, links), digest_of(new)
        if name in links.equal or name in links.originals:
            raise ValueError(
                f"the code of now ({first_difference(old, new)}) is linked to other code already; "
                f"make records at one version of the code, or delete {path.name} to start over"
            )
        links.originals[digest_of(first)] = first
        links.equal[name] = digest_of(first)
        added += 1
    if added:
        write_json(path, {"originals": links.originals, "equal": links.equal})
    return added


def digest_of(code: Fingerprint) -> str:
    """Return a short name of a fingerprint."""
    return hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest()[:16]


def first_difference(old: Fingerprint, new: Fingerprint) -> str:
    """Return in words where two fingerprints differ: the first file in the order of names, and how many
    more.
    """
    paths = [path for path in sorted({*old, *new}) if old.get(path) != new.get(path)]
    if not paths:
        return "equal"
    words = {(True, True): "changed", (True, False): "gone or not imported any more"}
    what = words.get((paths[0] in old, paths[0] in new), "new")
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0]} {what}{more}"
