"""Names of columns and lines: a method with its reward and its fraction of the data, so that none are pooled."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

KEYS = ["method", "reward", "data_percent"]
Kind = tuple[str, str, str, float]  # label, method, reward, per cent of the data


def series_names(rows: pd.DataFrame) -> list[str]:
    """Return the name of each row's method with its reward and its fraction of the data (`names_of`).

    Args:
        rows: scores with the columns of `bench.report.scores.collect`.
    """
    kinds = list(zip(*(rows[key] for key in ("label", *KEYS)), strict=True))
    names = names_of(kinds)
    return [names[kind] for kind in kinds]


def names_of(kinds: Iterable[Kind]) -> dict[Kind, str]:
    """Return the name of each method with its reward and its fraction of the data.

    It is the label of the method. Methods with the same label also have their own name in it. Sparse rewards and a part
    of the data are named; dense rewards and all of the data are not.

    Args:
        kinds: label, method, reward and per cent of the data of each.
    """
    every = dict.fromkeys(kinds)
    methods: dict[str, set[str]] = {}
    for label, method, _, _ in every:
        methods.setdefault(label, set()).add(method)
    return {kind: _name(*kind, own=len(methods[kind[0]]) > 1) for kind in every}


def _name(label: str, method: str, reward: str, percent: float, *, own: bool) -> str:
    name = f"{label} ({method})" if own else label
    name += ", sparse" if reward == "sparse" else ""
    return name + (f", {percent:g} % of the data" if percent != 100 else "")
