"""The common parts of the tables of Atari games: Tables 1 and 12, Tables 4 and 13."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from bench.paper import quoted
from bench.report.artifact import Artifact
from bench.report.artifacts.table3 import HINDSIGHT, best_in_hindsight
from bench.report.cells import Table
from bench.report.tables import VERDICT, as_artifact, headline, lay_out, row_of, tested
from bench.stats.verdicts import MARGIN
from bench.tasks.registry import tasks_of
from bench.tasks.units import margin, raw_unit, unit_of

ATARI = tasks_of("atari")
GAMER = unit_of(ATARI)
RAW = raw_unit("Game score, not clipped", GAMER)

QUOTED_ONLY = ("QR-DQN", "REM")  # columns of Tables 1 and 12
RULES = (
    "Evaluation: whole games without sticky actions, as in the paper's code. In the data, each frame repeats the "
    "previous action with probability 0.25. Methods are trained on rewards clipped to [-1, 1]; scores are not clipped."
)
COPIED = "* Not run here: numbers that the paper quotes from the CQL and REM papers."
NEGATIVE = "The paper prints negative normalised scores as 0.0; we print them as they are."
WIDE = (
    f"On Seaquest {MARGIN:g} points are {margin(RAW, 'seaquest-replay'):,.0f} of the game score, more than the score "
    "of any method in the paper. So equivalence means little for this game."
)


def of_games(scores: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return the final scores on Atari games, to compare with a table of the paper.

    Raises:
        ValueError: there is none with dense reward and all of the data.
    """
    chosen = headline(scores)
    chosen = chosen[chosen["task"].isin(ATARI)]
    if chosen.empty:
        raise ValueError(
            f"no score on an Atari game with dense reward and 100 % of the data: nothing for {table}"
        )
    return chosen.assign(quoted_table=table)


def compared(scores: pd.DataFrame, scale: str, table: str, title: str, *, raw: bool) -> Artifact:
    """Return Table 1, or Table 12 with raw scores: the suite's methods, and columns that the paper
    quotes.
    """
    chosen = of_games(scores, table)
    laid_out = _lay_out(chosen, scale, raw=raw)
    artifact = _artifact(
        laid_out, chosen, title, (RULES, COPIED, *([] if raw else [NEGATIVE])), raw=raw
    )
    tasks = [task for task in ATARI if row_of(task) in laid_out.rows]
    last = len(artifact.headings) - (VERDICT in artifact.headings)
    headings = [f"{method}*, paper" for method in QUOTED_ONLY]
    theirs = {task: [quoted(table, task, method) for method in QUOTED_ONLY] for task in tasks}
    body = [
        [*line[:last], *map(str, theirs[task]), *line[last:]]
        for task, line in zip(tasks, artifact.body, strict=True)
    ]
    lines = [
        dict(zip(("data", "environment"), row_of(task), strict=True))
        | {"method": f"{method}*", "runs": 0, "diverged": 0, "verdict": ""}
        | {"paper_mean": cell.mean if cell else None}
        for task in tasks
        for method, cell in zip(QUOTED_ONLY, theirs[task], strict=True)
    ]
    numbers = pd.concat([artifact.numbers, pd.DataFrame(lines)], ignore_index=True)
    headings = [*artifact.headings[:last], *headings, *artifact.headings[last:]]
    return replace(artifact, headings=headings, body=body, numbers=numbers)


def percent_bc(scores: pd.DataFrame, scale: str, table: str, title: str, *, raw: bool) -> Artifact:
    """Return Table 4, or Table 13 with raw scores: DT beside BC on the best X % of the data."""
    chosen = of_games(scores, table)
    whole = chosen["quoted_method"] == "BC"  # the same method as in Table 1
    chosen = chosen.assign(
        heading=chosen["heading"].mask(whole, "100%BC"),
        quoted_method=chosen["quoted_method"].mask(whole, "100%BC"),
    )
    laid_out = _lay_out(chosen, scale, raw=raw)
    data_percents = chosen[chosen["quoted_method"].str.endswith("%BC")]
    best = best_in_hindsight(laid_out, list(dict.fromkeys(data_percents["column"])))
    return _artifact(laid_out, chosen, title, (HINDSIGHT, *best, RULES), raw=raw)


def _lay_out(chosen: pd.DataFrame, scale: str, *, raw: bool) -> Table:
    if raw:
        chosen = chosen.assign(score=chosen["return_mean"])
    order = [row_of(task) for task in ATARI if task in set(chosen["task"])]
    # no average: a single game would dominate it. Figure 3 shows the paper's
    return lay_out(chosen, scale, order, averages=False, unit=RAW if raw else GAMER)


def _artifact(
    table: Table, chosen: pd.DataFrame, title: str, notes: tuple[str, ...], *, raw: bool
) -> Artifact:
    from bench.report.figures import bars

    notes = (*notes, *([WIDE] if tested(table.rows) else []))
    if raw:
        return as_artifact(table, title, None, notes)
    return as_artifact(table, title, lambda files: bars(table, chosen, files, apart=True), notes)
