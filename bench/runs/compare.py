"""Compare the record of a run with the record of the same run, trained and evaluated again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

EARLY = 3  # lines of losses
TOLERANCE = 0.01  # relative; between AVX2 and AVX-512 at most 0.0007 was measured
# what is compared first comes first in a run, so that the first difference is nearest to the cause
ORDER = (
    "hashes.data",
    "config",
    "training",
    "hashes.policy",
    "diverged_at",
    "evaluations",
    "measures",
)
# hashes of code may differ, because the comparison shows that numbers do not. A data set may be in another folder, and
# machines are compared earlier
IGNORED = ("digest", "hashes.code", "hashes.evaluation_code", "training.data_folder", "machine")
MISSING = "nothing"


def first_difference(old: dict[str, Any], new: dict[str, Any]) -> str | None:
    """Return the first field in which two records differ, with both values; None if none does.

    Hashes of the code, the folder of the data set and the machines are not compared.
    """
    for field in (*ORDER, ""):
        for path, one, other in _differences(_at(old, field), _at(new, field), field):
            if not path.startswith(IGNORED):
                return f"{path}: {_spell(one)} in the record, {_spell(other)} here"
    return None


def compare_losses(old: list[dict[str, float]], new: list[dict[str, float]]) -> tuple[bool, str]:
    """Return whether the first lines of two logs of losses agree within `TOLERANCE`, and a text that says
    by how much they differ.
    """
    largest = 0.0
    for number, (one, other) in enumerate(zip(old[:EARLY], new[:EARLY], strict=False)):
        for name in sorted({*one, *other}):
            a, b = one.get(name), other.get(name)
            if a is None or b is None:
                missing = "record" if a is None else "losses here"
                return False, f"training.losses.{number}.{name} is missing in the {missing}"
            difference = abs(a - b) / max(abs(a), abs(b), 1e-12)
            if difference > TOLERANCE:
                return False, (
                    f"training.losses.{number}.{name}: {a:g} in the record, {b:g} here, more than "
                    f"{100 * TOLERANCE:g} % apart"
                )
            largest = max(largest, difference)
    if not old or not new:
        equal = len(old) == len(new)
        return (
            equal,
            "there are no losses to compare" if equal else "only one of the two has losses",
        )
    lines, here = min(EARLY, len(old)), min(EARLY, len(new))
    if lines != here:
        return False, f"the first {EARLY} lines of losses: {lines} in the record, {here} here"
    return True, (
        f"the first losses agree within {100 * TOLERANCE:g} % (lines compared: {lines}, largest "
        f"difference {100 * largest:.2g} %)"
    )


def _at(content: Any, field: str) -> Any:
    for key in field.split(".") if field else ():
        content = content.get(key, MISSING) if isinstance(content, dict) else MISSING
    return content


def _differences(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, old and new value of every difference, in order."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        pairs = [(key, old.get(key, MISSING), new.get(key, MISSING)) for key in keys]
    elif isinstance(old, list) and isinstance(new, list):
        count = max(len(old), len(new))
        one, other = ([*each, *[MISSING] * (count - len(each))] for each in (old, new))
        pairs = [(str(i), one[i], other[i]) for i in range(count)]
    else:
        if repr(old) != repr(new):  # 1 and 1.0, 0.0 and -0.0 are equal, and other bytes in a file
            yield path, old, new
        return
    for key, a, b in pairs:
        yield from _differences(a, b, f"{path}.{key}" if path else key)


def _spell(value: Any) -> str:
    text = value if value == MISSING else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
