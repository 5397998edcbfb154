"""Names of columns and lines: a method with its reward and its fraction of the data, so that none are pooled."""

from __future__ import annotations

import pandas as pd

KEYS = ["method", "reward", "data_percent"]


def series_names(rows: pd.DataFrame) -> list[str]:
    """Return the name of each row's method with its reward and its fraction of the data.

    It is the label of the method. Methods with the same label also have their own name in it. Sparse rewards and a part
    of the data are named; dense rewards and all of the data are not.

    Args:
        rows: scores with the columns of `bench.report.scores.collect`.
    """
    kinds = rows[["label", *KEYS]].drop_duplicates()
    names: dict[tuple[object, ...], str] = {}
    for label, method, reward, percent in kinds.itertuples(index=False, name=None):
        name = str(label)
        if (kinds.loc[kinds["label"] == label, "method"] != method).any():
            name += f" ({method})"
        name += ", sparse" if reward == "sparse" else ""
        name += f", {percent:g} % of the data" if percent != 100 else ""
        names[method, reward, percent] = name
    own = zip(*(rows[key] for key in KEYS), strict=True)
    return [names[key] for key in own]
