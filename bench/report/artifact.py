"""A sheet of evidence: a table with its notes and the numbers behind it, often with a figure; as
Markdown, web page, LaTeX, CSV, PNG, SVG.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from bench.core.files import write_text
from bench.report.style import FORMATS

STYLE = (
    "body{font:14px/1.5 sans-serif;margin:1.5em}h1{font-size:1.2em}li{max-width:60em}"
    "table{border-collapse:collapse}th,td{padding:.3em .7em;text-align:left}"
    "th{border-bottom:1px solid}tr:last-child td{border-bottom:1px solid}"
)
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
    "<": "$<$",
    ">": "$>$",
    "±": r"$\pm$",
    "—": "--",
    "†": r"\dag{}",
    "∞": r"$\infty$",
    "`": "",
}


@dataclass(frozen=True)
class Sheet:
    """One page of evidence.

    Attributes:
        title: one sentence, the caption.
        headings: of the columns.
        body: rows of text.
        notes: sentences below the table.
        numbers: the same with one number a column, and what the figure draws.
        draw: writes the figure into files; None: there is none.
        foot: how many rows at the end, such as averages, are set off by a rule.
    """

    title: str
    headings: list[str]
    body: list[list[str]]
    notes: list[str]
    numbers: pd.DataFrame
    draw: Callable[[list[Path]], object] | None = None
    foot: int = field(default=0)


def write(sheet: Sheet, files: list[Path]) -> None:
    """Write a sheet in the formats of these files.

    Raises:
        ValueError: a suffix is unknown, or a figure is asked of a sheet without one.
    """
    texts: dict[str, Callable[[Sheet], str]] = {
        ".md": markdown,
        ".html": web,
        ".tex": latex,
        ".csv": numbers,
    }
    known = [*texts, *(FORMATS if sheet.draw else ())]
    for path in files:
        if path.suffix not in known:
            raise ValueError(f"cannot write {path}: known formats are {', '.join(known)}")
    for path in files:
        if path.suffix in texts:
            write_text(path, texts[path.suffix](sheet))
    pictures = [path for path in files if path.suffix in FORMATS]
    if sheet.draw and pictures:
        sheet.draw(pictures)


def markdown(sheet: Sheet) -> str:
    """Return a sheet as Markdown."""
    text = tabulate(sheet.body, headers=sheet.headings, tablefmt="github", disable_numparse=True)
    notes = "\n".join(f"- {note}" for note in sheet.notes)
    return f"{sheet.title}\n\n{text}\n" + (f"\n{notes}\n" if notes else "")


def web(sheet: Sheet) -> str:
    """Return a sheet as a web page that needs nothing from the network."""
    text = tabulate(sheet.body, headers=sheet.headings, tablefmt="html", disable_numparse=True)
    items = "".join(f"<li>{escape(note)}</li>" for note in sheet.notes)
    title = escape(sheet.title)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n{text}\n<ul>{items}</ul>"
        "</body></html>\n"
    )


def latex(sheet: Sheet) -> str:
    """Return a sheet as LaTeX for the package booktabs."""
    lines = [" & ".join(_escape(cell) for cell in row) + r" \\" for row in sheet.body]
    if sheet.foot:
        lines.insert(len(lines) - sheet.foot, r"\midrule")
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escape(' '.join([sheet.title, *sheet.notes]))}}}",
            rf"\begin{{tabular}}{{{'l' * len(sheet.headings)}}}",
            r"\toprule",
            " & ".join(_escape(heading) for heading in sheet.headings) + r" \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def numbers(sheet: Sheet) -> str:
    """Return the numbers behind a sheet as CSV."""
    text: str = sheet.numbers.to_csv(index=False, float_format="%.4f", lineterminator="\n")
    return text


def _escape(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in text)
