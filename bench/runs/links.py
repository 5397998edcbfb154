"""Links between fingerprints that were shown to give equal bytes: `links.json` in this folder.

A change of the code that alters no number still gives a run another fingerprint. If reproduction gives
equal bytes for every method and kind of data, the new fingerprint is linked to the old one. Only `bench
reproduce --link` writes links. The workflow then uses the old fingerprint, so it plans nothing again,
and `bench records check` takes the two fingerprints as equal.
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
    """Groups of fingerprints that give equal bytes.

    Attributes:
        originals: digest -> fingerprint, for the first fingerprint of each group.
        equal: digest of a later fingerprint -> digest of the first one of its group.
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
    """Return the first fingerprint that gives equal bytes; the fingerprint itself if it has no link."""
    linked = links.equal.get(digest_of(code))
    return code if linked is None else links.originals[linked]


def same(one: Fingerprint, other: Fingerprint, links: Links) -> bool:
    """Return whether two fingerprints are equal or linked."""
    return original(one, links) == original(other, links)


def add(pairs: Iterable[tuple[Fingerprint, Fingerprint]], path: Path | None = None) -> int:
    """Link new fingerprints to old ones.

    If a new fingerprint was linked before, to another old one, all of them become one group.

    Args:
        pairs: old and new, of which reproduction has shown that they give the same bytes.
        path: the file; None: `links.json` beside this module.

    Returns:
        How many links are new.

    Raises:
        DamagedFile: the file is damaged.
        ValueError: two pairs have the same new fingerprint, and old ones that are not linked with each other;
            or a pair says that the new code made a record itself, so that the old code did not.
    """
    path = path or FILE
    links, added, pairs = read(path), 0, list(pairs)
    made_now = {digest_of(new) for old, new in pairs if old == new}
    _refuse_two(pairs, links)
    for old, new in pairs:
        if same(old, new, links):
            continue
        first, name = original(old, links), digest_of(new)
        if name in made_now:
            raise ValueError(
                f"nothing is linked: some records were made by the current code, others by older code "
                f"({first_difference(old, new)}); make all of them with the older code, before the change"
            )
        if name in links.equal or name in links.originals:
            _join(digest_of(first), links.equal.get(name, name), links)
        else:
            links.originals[digest_of(first)] = first
            links.equal[name] = digest_of(first)
        added += 1
    if added:
        write_json(path, {"originals": links.originals, "equal": links.equal})
    return added


def _refuse_two(pairs: Iterable[tuple[Fingerprint, Fingerprint]], links: Links) -> None:
    """Refuse records of two versions of the code: each was compared on a part of the kinds of data only."""
    olds: dict[str, Fingerprint] = {}
    for old, new in pairs:
        if old == new:
            continue
        if not same(olds.setdefault(digest_of(new), old), old, links):
            raise ValueError(
                f"the current code ({first_difference(old, new)}) gave the bytes of records of two versions of the "
                f"code, of each on a part of the data; use records of one version of the code"
            )


def _join(group: str, kept: str, links: Links) -> None:
    """Put the fingerprints of a group, named by the digest of its first one, into another group."""
    links.originals.pop(group, None)
    moved = [name for name, original in links.equal.items() if original == group]
    links.equal |= dict.fromkeys([group, *moved], kept)


def digest_of(code: Fingerprint) -> str:
    """Return a short name of a fingerprint."""
    return hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest()[:16]


def first_difference(old: Fingerprint, new: Fingerprint) -> str:
    """Return a text with the first file in which two fingerprints differ, and the number of the others."""
    paths = [path for path in sorted({*old, *new}) if old.get(path) != new.get(path)]
    if not paths:
        return "equal"
    words = {(True, True): "changed", (True, False): "removed or no longer imported"}
    what = words.get((paths[0] in old, paths[0] in new), "new")
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0]} {what}{more}"
