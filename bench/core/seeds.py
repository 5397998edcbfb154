"""Seeds derived from names, so that adding a task, a method or an episode shifts nobody else's
numbers.
"""

from __future__ import annotations

import hashlib

import numpy as np


def derive(*names: str | int) -> int:
    """Return the 31-bit seed that belongs to these names (SHA-256; order matters)."""
    digest = hashlib.sha256("\x1f".join(str(name) for name in names).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def generator(*names: str | int) -> np.random.Generator:
    """Return a generator of its own for these names."""
    return np.random.default_rng(derive(*names))
