"""The size of a config: aliases of YAML can spell billions of values in a few lines."""

from __future__ import annotations

from typing import Any

MOST = 200_000  # values; the largest config of this suite has some thousands


def too_large(config: Any) -> str:
    """Return the place of a value that stands for too many values; empty: there is none.

    Args:
        config: as YAML gives it. An alias is the same object in several places; here each place counts.
    """
    waiting, seen = [("", config)], 0
    while waiting:
        place, value = waiting.pop()
        seen += 1
        if seen > MOST:
            return place or "top level"
        if isinstance(value, dict):
            waiting += [(f"{place}.{key}".strip("."), each) for key, each in value.items()]
        elif isinstance(value, list):
            waiting += [(place, each) for each in value]
    return ""
