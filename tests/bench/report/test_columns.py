"""Names of columns: no two methods, rewards or fractions of the data share one."""

from __future__ import annotations

import pandas as pd

from bench.report.columns import KEYS, series_names


def rows(*each: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(each, columns=["label", *KEYS])


def test_only_what_differs_from_the_usual_is_named() -> None:
    found = series_names(
        rows(
            ("DT", "dt", "dense", 100.0),
            ("DT", "dt", "sparse", 100.0),
            ("DT", "dt", "sparse", 12.5),
            ("DT", "dt", "dense", 100.0),
        )
    )
    assert found == ["DT", "DT, sparse", "DT, sparse, 12.5 % of the data", "DT"]


def test_methods_with_one_label_have_their_names() -> None:
    found = series_names(
        rows(("BC", "bc", "dense", 100), ("BC", "bc-wide", "dense", 100), ("DT", "dt", "dense", 1))
    )
    assert found == ["BC (bc)", "BC (bc-wide)", "DT, 1 % of the data"]
