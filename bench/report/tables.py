"""Tables: our numbers with their intervals, the paper's numbers beside them, and verdicts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bench.paper import cells, quoted
from bench.report.artifact import Artifact
from bench.report.cells import AVERAGE, MISSING, Cell, Row, Table
from bench.report.frame import distinct_runs, final
from bench.report.table_notes import notes_of
from bench.stats.intervals import Estimate, Range, estimate, estimate_over_tasks
from bench.stats.verdicts import OTHER_DATA, TESTED, compare, verdicts_of
from bench.tasks.families import Unit
from bench.tasks.registry import family_of, family_of_all, task_by_name
from bench.tasks.units import margin, score_range, unit_of

VERDICT = "Verdict"  # heading of the last column


def headline(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of Table 2: final, with dense reward and all of the data."""
    rows = final(scores)
    return by_method(rows[(rows["reward"] == "dense") & (rows["data_percent"] == 100)])


def by_method(rows: pd.DataFrame) -> pd.DataFrame:
    """Return scores with the columns that a table needs: a row for each task, a column for each method."""
    rows = rows.sort_values(["position", "seed"], kind="stable")
    return rows.assign(column=rows["method"], heading=rows["label"], row=rows["task"].map(row_of))


def quoting(runs: pd.DataFrame, table: str, method: str) -> pd.DataFrame:
    """Return the scores of the method that is compared with a column of the paper; if several variants
    are, those of the first one.
    """
    same = runs[(runs["quoted_table"] == table) & (runs["quoted_method"] == method)]
    first: pd.DataFrame = same[same["position"] == same["position"].min()]
    return first


def table2(scores: pd.DataFrame, scale: str) -> Table:
    """Return the table of final scores with dense reward and all of the data.

    Raises:
        ValueError: there is no such score.
    """
    chosen = headline(scores)
    if chosen.empty:
        raise ValueError("no score with dense reward and 100 % of the data: nothing for Table 2")
    return lay_out(chosen, scale, [row_of(task) for task in dict.fromkeys(scores["task"])])


def lay_out(
    chosen: pd.DataFrame,
    scale: str,
    order: list[Row] | None = None,
    *,
    averages: bool = True,
    unit: Unit | None = None,
) -> Table:
    """Return a table of scores with averages and verdicts.

    Args:
        chosen: final scores with the columns of `bench.report.scores.collect`, and `row` (data,
            environment), `column` and its `heading`. Columns are in the order of first appearance.
        scale: for the notes.
        order: of the rows; None: in the order of first appearance.
        averages: whether to add averages over the rows. A table of one row has none.
        unit: of the scores; None: the normalised score of the tasks.
    """
    unit = unit or unit_of(chosen["task"])
    columns = {str(run["column"]): run for _, run in chosen.drop_duplicates("column").iterrows()}
    labels = {name: str(run["heading"]) for name, run in columns.items()}
    tasks = {row: str(task) for row, task in zip(chosen["row"], chosen["task"], strict=True)}
    rows: dict[Row, dict[str, Cell]] = {}
    values: dict[Row, dict[str, list[float]]] = {}
    for row in dict.fromkeys(order or chosen["row"]):
        rows[row], values[row] = {}, {}
        for name, about in columns.items():
            runs = chosen[(chosen["row"] == row) & (chosen["column"] == name)]
            scores: list[float] = runs["score"].tolist()
            source = (
                runs.iloc[0] if len(runs) else about
            )  # the paper's number stands even without runs
            paper = quoted(
                str(source["quoted_table"]), tasks.get(row, ""), str(source["quoted_method"])
            )
            ours = estimate(scores, range_of_scores(runs, unit)) if scores else None
            rows[row][name] = Cell(ours, paper, int((runs["status"] == "diverged").sum()))
            values[row][name] = scores
    rows = _with_verdicts(rows, values, chosen, unit)
    verdicts = {row: row_verdict(line, labels) for row, line in rows.items()}
    within = range_of_scores(chosen, unit)
    foot = (
        _averages(rows, values, columns, tasks, unit, within) if averages and len(rows) > 1 else {}
    )
    whole = rows | foot
    notes = notes_of(chosen, whole, labels, scale, unit)
    return Table(labels, whole, verdicts | dict.fromkeys(foot, ""), notes)


def as_artifact(
    table: Table,
    title: str,
    draw: Callable[[list[Path]], object] | None = None,
    notes: tuple[str, ...] = (),
) -> Artifact:
    """Return a table as an artifact. A column of the paper stands beside ours only if the paper has a
    number there, and a column of verdicts only if a cell was tested. The CSV holds every verdict.

    Args:
        table: the table.
        title: its caption.
        draw: writes its figure.
        notes: sentences before the table's own notes.
    """
    with_paper = {m for m in table.labels if any(cells[m].paper for cells in table.rows.values())}
    headings = ["Data", "Environment"]
    for method, label in table.labels.items():
        headings += [label, f"{label}, paper"] if method in with_paper else [label]
    body = []
    for (data, environment), line in table.rows.items():
        texts = [data, environment]
        for method in table.labels:
            cell = line[method]
            texts += [cell.text()] + ([str(cell.paper or MISSING)] if method in with_paper else [])
        body.append([*texts, table.verdicts[data, environment]] if tested(table.rows) else texts)
    return Artifact(
        title=title,
        headings=[*headings, VERDICT] if tested(table.rows) else headings,
        body=body,
        notes=[*notes, *table.notes],
        numbers=tidy(table),
        draw=draw,
        foot=sum(data == AVERAGE for data, _ in table.rows),
    )


def tested(rows: Mapping[Row, Mapping[str, Cell]]) -> bool:
    """Return whether any cell of a table could be tested against the paper's number."""
    return any(cell.verdict in TESTED for line in rows.values() for cell in line.values())


def range_of_scores(runs: pd.DataFrame, unit: Unit) -> Range:
    """Return the values that the scores of some runs can have."""
    return score_range(unit, int(runs["episodes"].min()) if len(runs) else 0)


def against(runs: pd.DataFrame, axis: str) -> dict[float, Estimate]:
    """Return value of a numeric column -> estimate of the scores with that value; ascending."""
    within = range_of_scores(runs, unit_of(runs["task"]))
    found: dict[float, list[float]] = {}
    for value, score in zip(runs[axis], runs["score"], strict=True):
        found.setdefault(float(value), []).append(float(score))
    return {value: estimate(found[value], within) for value in sorted(found)}


def row_of(task: str) -> Row:
    """Return the row of a task: the labels of its data and its environment."""
    found = task_by_name(task)
    kind = family_of(found).kinds.get(found.kind)
    return kind.label if kind else found.kind.capitalize(), found.domain.label


def tidy(table: Table) -> pd.DataFrame:
    """Return the table in long form: a row for each cell, one number in each column."""
    return pd.DataFrame(
        [
            {
                "data": data,
                "environment": environment,
                "method": method,
                "mean": cell.ours.mean if cell.ours else math.nan,
                "std": cell.ours.std if cell.ours else math.nan,
                "low": cell.ours.low if cell.ours else math.nan,
                "high": cell.ours.high if cell.ours else math.nan,
                "runs": cell.ours.runs if cell.ours else 0,
                "diverged": cell.diverged,
                "paper_mean": cell.paper.mean if cell.paper else math.nan,
                "paper_std": cell.paper.std
                if cell.paper and cell.paper.std is not None
                else math.nan,
                "verdict": cell.verdict,
            }
            for (data, environment), line in table.rows.items()
            for method, cell in line.items()
        ]
    )


def _with_verdicts(
    rows: dict[Row, dict[str, Cell]],
    values: dict[Row, dict[str, list[float]]],
    runs: pd.DataFrame,
    unit: Unit,
) -> dict[Row, dict[str, Cell]]:
    """Return the rows with a verdict in each cell that has our number and the paper's, Holm-corrected
    over these cells.
    """
    places = [
        (row, name)
        for row, line in rows.items()
        for name, cell in line.items()
        if cell.ours and cell.paper
    ]
    comparisons = []
    for row, name in places:
        paper = rows[row][name].paper
        assert paper is not None
        mine = runs[(runs["row"] == row) & (runs["column"] == name)]
        comparisons.append(
            compare(
                values[row][name],
                paper.mean,
                paper.std,
                margin=margin(unit, str(mine["task"].iloc[0])),
                same_data=set(mine["source"]) == {unit.source},
            )
        )
    complete = {row: dict(line) for row, line in rows.items()}
    for (row, name), verdict in zip(places, verdicts_of(comparisons), strict=True):
        complete[row][name] = replace(rows[row][name], verdict=verdict.word)
    return complete


def row_verdict(line: dict[str, Cell], labels: dict[str, str]) -> str:
    """Return the verdict if all cells have the same one, else each verdict with its columns.

    A note below the table names the rows with other data, so they have a dash.
    """
    words: dict[str, list[str]] = {}
    for name, cell in line.items():
        if cell.verdict and cell.verdict != OTHER_DATA:
            words.setdefault(cell.verdict, []).append(labels[name])
    if len(words) <= 1:
        return next(iter(words), MISSING)
    return "; ".join(f"{word}: {', '.join(names)}" for word, names in words.items())


def _averages(
    rows: dict[Row, dict[str, Cell]],
    values: dict[Row, dict[str, list[float]]],
    columns: dict[str, pd.Series],
    tasks: dict[Row, str],
    unit: Unit,
    within: Range,
) -> dict[Row, dict[str, Cell]]:
    """Return the average over all rows. Where the paper also has an average without one domain, that
    one stands before it. The paper's average stands beside ours only if it is over the same rows.
    """
    family = family_of_all(tasks.values())
    omitted = family.average_without
    without = [row for row in rows if omitted and tasks.get(row, "").startswith(f"{omitted}-")]
    groups = {(AVERAGE, ""): ("average", list(rows))}
    if without and len(without) < len(rows):
        others = [row for row in rows if row not in without]
        heading = f"without {family.domains[omitted].label}"
        groups = {(AVERAGE, heading): ("average-without-reacher", others)} | groups
    averages: dict[Row, dict[str, Cell]] = {}
    for place, (key, members) in groups.items():
        averages[place] = {}
        for name, about in columns.items():
            scores = [values[row][name] for row in members]
            if about["step"] == 0 and not unit.bounded and all(scores):
                scores = distinct_runs(scores)
            printed = (str(about["quoted_table"]), str(about["quoted_method"]))
            theirs = {task for table, task, method in cells() if (table, method) == printed}
            theirs -= {"average", "average-without-reacher"}
            if key != "average":
                theirs = {task for task in theirs if not task.startswith(f"{omitted}-")}
            same = theirs == {tasks.get(row, "") for row in members}
            averages[place][name] = Cell(
                estimate_over_tasks(scores, within) if all(scores) else None,
                quoted(printed[0], key, printed[1]) if same else None,
                sum(rows[row][name].diverged for row in members),
            )
    return averages
