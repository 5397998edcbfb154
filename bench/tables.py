"""Tables: our cells with their intervals, the paper's beside them, and a verdict; Markdown, LaTeX,
CSV.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import pandas as pd
from tabulate import tabulate

from bench.quoted import Quoted, quoted
from bench.scores import final
from bench.statistics import Estimate, estimate, estimate_over_tasks
from bench.tasks import task_by_name

OTHER_DATA = "other data"
KIND_LABELS = {
    "medium-expert": "Medium-Expert",
    "medium": "Medium",
    "medium-replay": "Medium-Replay",
}
AVERAGE = "Average"
MISSING = "—"
STYLE = (
    "body{font:14px/1.5 sans-serif;margin:1.5em}h1{font-size:1.2em}li{max-width:60em}"
    "table{border-collapse:collapse}th,td{padding:.3em .7em;text-align:left}"
    "th{border-bottom:1px solid}tr:last-child td{border-bottom:1px solid}"
)


@dataclass(frozen=True)
class Cell:
    """One method on one row of a table."""

    ours: Estimate | None  # None: no run
    paper: Quoted | None  # None: the paper has no such cell
    diverged: int  # how many of the runs diverged

    def text(self) -> str:
        """Return mean and interval, such as `57.3 [50.1, 64.5]`; a dagger marks diverged runs."""
        if self.ours is None:
            return MISSING
        dagger = "†" * bool(self.diverged)
        if math.isnan(self.ours.low):
            return f"{self.ours.mean:.1f} (1 seed){dagger}"
        if self.ours.low == self.ours.high:
            return f"{self.ours.mean:.1f}{dagger}"
        return f"{self.ours.mean:.1f} [{self.ours.low:.1f}, {self.ours.high:.1f}]{dagger}"


@dataclass(frozen=True)
class Table2:
    """The paper's Table 2 layout: a row for each data set, a column for each method, averages at
    the foot.

    Attributes:
        labels: method -> heading.
        rows: (data, environment) -> method -> cell, the average last.
        verdicts: what is said of each row.
        notes: sentences for below the table.
    """

    labels: dict[str, str]
    rows: dict[tuple[str, str], dict[str, Cell]]
    verdicts: dict[tuple[str, str], str]
    notes: list[str]


def headline(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that Table 2 is about: final scores, dense reward, all of the data."""
    rows = final(scores)
    chosen = rows[(rows["reward"] == "dense") & (rows["percent"] == 100)]
    return chosen.sort_values(["position", "seed"])


def table2(scores: pd.DataFrame, scale: str) -> Table2:
    """Lay out final scores of the dense reward and all of the data.

    Raises:
        ValueError: there is no such score.
    """
    chosen = headline(scores)
    if chosen.empty:
        raise ValueError(
            "no score with dense reward and 100 % of the data: nothing to put into Table 2"
        )
    methods = {str(row["method"]): row for _, row in chosen.drop_duplicates("method").iterrows()}
    labels = {name: str(row["label"]) for name, row in methods.items()}
    tasks = list(dict.fromkeys(scores["task"]))
    rows: dict[tuple[str, str], dict[str, Cell]] = {}
    groups: dict[str, list[list[float]]] = {method: [] for method in labels}
    for name in tasks:
        cells = {}
        for method in labels:
            runs = chosen[(chosen["task"] == name) & (chosen["method"] == method)]
            paper = quoted(
                str(methods[method]["quoted_table"]), name, str(methods[method]["quoted_method"])
            )
            values = runs["score"].tolist()
            groups[method].append(values)
            cells[method] = Cell(
                estimate(values) if values else None,
                paper,
                int((runs["status"] == "diverged").sum()),
            )
        rows[row_of(name)] = cells
    verdicts = {row_of(name): _verdict(chosen[chosen["task"] == name]) for name in tasks} | {
        (AVERAGE, ""): _verdict(chosen)
    }
    rows[(AVERAGE, "")] = {
        method: Cell(
            estimate_over_tasks(values) if all(values) else None,
            None,
            sum(cells[method].diverged for cells in rows.values()),
        )
        for method, values in groups.items()
    }
    return Table2(labels, rows, verdicts, _notes(chosen, rows, scale))


def row_of(task: str) -> tuple[str, str]:
    """Return the row of a task: data and environment, as printed."""
    found = task_by_name(task)
    return KIND_LABELS.get(found.kind, found.kind.capitalize()), found.domain.label


def markdown(table: Table2, caption: str) -> str:
    """Return the table as Markdown with its notes."""
    headings, body = _grid(table)
    text = tabulate(body, headers=headings, tablefmt="github", disable_numparse=True)
    notes = "\n".join(f"- {note}" for note in table.notes)
    return f"{caption}\n\n{text}\n\n{notes}\n"


def page(title: str, headings: list[str], body: list[list[str]], notes: list[str]) -> str:
    """Return a table as a web page that needs nothing from the network."""
    text = tabulate(body, headers=headings, tablefmt="html", disable_numparse=True)
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{text}\n<ul>{items}</ul>"
        "</body></html>\n"
    )


def web(table: Table2, caption: str) -> str:
    """Return the table as a web page with its notes."""
    headings, body = _grid(table)
    return page(caption, headings, body, table.notes)


def latex(table: Table2, caption: str) -> str:
    """Return the table as LaTeX for the package booktabs."""
    headings, body = _grid(table)
    columns = "ll" + "l" * (len(headings) - 2)
    lines = [" & ".join(_escape(cell) for cell in row) + r" \\" for row in body]
    notes = " ".join(table.notes)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escape(caption)} {_escape(notes)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(_escape(heading) for heading in headings) + r" \\",
            r"\midrule",
            *lines[:-1],
            r"\midrule",
            lines[-1],
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def tidy(table: Table2) -> pd.DataFrame:
    """Return the table with one number a column: a row for each cell."""
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
                "verdict": table.verdicts[data, environment],
            }
            for (data, environment), cells in table.rows.items()
            for method, cell in cells.items()
        ]
    )


def _grid(table: Table2) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows as text; a method has a column for the paper only where the paper
    has a number.
    """
    with_paper = {m for m in table.labels if any(cells[m].paper for cells in table.rows.values())}
    headings = ["Data", "Environment"]
    for method, label in table.labels.items():
        headings += [label, f"{label}, paper"] if method in with_paper else [label]
    body = []
    for (data, environment), cells in table.rows.items():
        line = [data, environment]
        for method in table.labels:
            cell = cells[method]
            line += [cell.text()] + ([str(cell.paper or MISSING)] if method in with_paper else [])
        body.append([*line, "" if data == AVERAGE else table.verdicts[data, environment]])
    return [*headings, "Verdict"], body


def _verdict(chosen: pd.DataFrame) -> str:
    return OTHER_DATA if set(chosen["source"]) != {"d4rl"} else MISSING


def _notes(
    chosen: pd.DataFrame, rows: dict[tuple[str, str], dict[str, Cell]], scale: str
) -> list[str]:
    seeds, sources = chosen["seed"].nunique(), sorted(set(chosen["source"]))
    rolled = chosen[chosen["rolled_out"]]
    episodes = sorted(set(rolled["episodes"])) or [0]
    notes = [
        "D4RL-normalised score (0: random policy, 100: expert), last checkpoint, declared target return.",
        f"Scale {scale}: {seeds} seeds, {', '.join(map(str, episodes))} evaluation episodes each; "
        f"data: {', '.join(sources)}. "
        "Brackets: 95 % interval of the mean over seeds (Student's t; Welch-Satterthwaite for the average).",
    ]
    if _verdict(chosen) == OTHER_DATA:
        notes.append(
            f"Verdict `{OTHER_DATA}`: the data were generated with this suite's own behaviour policies, "
            "so the paper's numbers stand beside ours for orientation and are neither reproduced nor refuted."
        )
    remarks = dict.fromkeys(
        f"Paper's {label}: {cell.paper.note}."
        for cells in rows.values()
        for method, cell in cells.items()
        if cell.paper and cell.paper.note
        for label in [chosen[chosen["method"] == method]["label"].iloc[0]]
    )
    notes += list(remarks)
    if any(not r for r in chosen["rolled_out"]):
        replayed = sorted(set(chosen[~chosen["rolled_out"]]["label"]))
        notes.append(f"{', '.join(replayed)}: the recorded episodes of the data, not rolled out.")
    if (diverged := int((chosen["status"] == "diverged").sum())) > 0:
        notes.append(f"† {diverged} run(s) diverged and are counted with the last finite policy.")
    return notes


LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "—": "--",
    "†": r"\dag{}",
    "`": "",
}


def _escape(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in text)
