"""The verdicts on the claims at two scales side by side."""

from __future__ import annotations

import math

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import MISSING
from bench.report.claims import ledger
from bench.report.claims.ledger import NOT_RUN
from bench.report.claims.rules import UNDECIDED
from bench.report.finished import Finished

KEYS = ["id", "claim", "suite", "check", "rule"]


def make(first: Finished, second: Finished) -> Artifact:
    """Return the table of the claims and of the checks that decide them, at both scales.

    Only complete suites count: a check of another one is not run.
    """
    ours, theirs = (_checks(scale) for scale in (first, second))
    both = ours.merge(theirs, on=KEYS, how="inner", suffixes=("_first", "_second"))
    both = both[(both["value_first"].notna()) | (both["value_second"].notna())]
    body, shown = [], ""
    for _, row in both.iterrows():
        head = [f"{row['id']}", row["claim"], row["verdict_first"], row["verdict_second"]]
        body.append(
            [
                *(head if row["id"] != shown else [""] * len(head)),
                row["check"],
                row["rule"],
                _measured(row, "_first"),
                _measured(row, "_second"),
            ]
        )
        shown = row["id"]
    a, b = first.name, second.name
    headings = ["", "Claim", f"Verdict, {a}", f"Verdict, {b}", "Check", "Rule", a, b]
    return Artifact(
        f"The verdicts on the claims at scales {a} and {b}.",
        headings,
        body,
        _notes(both, a, b),
        both.reset_index(drop=True),
    )


def _checks(scale: Finished) -> pd.DataFrame:
    """Return the checks with a rule, with the verdict on their claim."""
    frames = {suite: frame for suite, frame in scale.frames.items() if suite in scale.complete}
    numbers = ledger.make(frames, scale.name).numbers
    kept = [*KEYS, "verdict", "value", "low", "high", "result", "why"]
    ruled: pd.DataFrame = numbers.loc[numbers["rule"] != MISSING, kept]
    return ruled


def _measured(row: pd.Series, end: str) -> str:
    value, low, high = (float(row[f"{name}{end}"]) for name in ("value", "low", "high"))
    if math.isnan(value):
        return MISSING
    text = f"{value:.2f}" if math.isnan(low) else f"{value:.2f} [{low:.2f}, {high:.2f}]"
    word = row[f"result{end}"]
    return f"{text}: {word}, {row[f'why{end}']}" if row[f"why{end}"] else f"{text}: {word}"


def _notes(both: pd.DataFrame, a: str, b: str) -> list[str]:
    verdicts = both.drop_duplicates("id")[["id", "verdict_first", "verdict_second"]]
    changed = [
        f"{name} ({before} -> {after})"
        for name, before, after in verdicts.itertuples(index=False)
        if before != after and NOT_RUN not in (before, after)
    ]
    open_ones = (UNDECIDED, NOT_RUN)
    counts = [
        int((~verdicts[f"verdict_{end}"].isin(open_ones)).sum()) for end in ("first", "second")
    ]
    return [
        f"Decided: {counts[0]} claims at {a}, {counts[1]} at {b}, of {len(verdicts)}.",
        f"Verdicts that differ: {', '.join(changed) or 'none'}.",
        "Only the checks with a rule are shown; the ledger of each scale has all of them, with their gates and prices.",
    ]
