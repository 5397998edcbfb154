"""An artifact: a table with its notes and its numbers, and often a figure.

It is written as Markdown, HTML, LaTeX, CSV, PNG, SVG and PDF.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
from tabulate import tabulate

from bench.core.files import write_text
from bench.core.printable import printable
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

MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
FORMULA = ("=", "+", "-", "@")  # how a formula begins in a spreadsheet
NUMERIC = re.compile(r"[-+\d.,\s±%\[\]—–]*")


@dataclass(frozen=True)
class Artifact:
    """A table, often with a figure.

    Attributes:
        title: the caption, one sentence.
        headings: of the columns.
        body: rows of text.
        notes: sentences below the table.
        numbers: the values of the table and of the figure, one number in each column.
        draw: writes the figure to files; None: there is no figure.
        foot: number of rows at the end, such as averages, that a line separates from the others.
    """

    title: str
    headings: list[str]
    body: list[list[str]]
    notes: list[str]
    numbers: pd.DataFrame
    draw: Callable[[list[Path]], object] | None = None
    foot: int = field(default=0)


def write_artifact(artifact: Artifact, files: list[Path]) -> None:
    """Write an artifact to files; the suffix of each file decides the format.

    Raises:
        ValueError: a suffix is unknown, or the artifact has no figure and a file is a picture.
    """
    texts: dict[str, Callable[[Artifact], str]] = {
        ".md": markdown,
        ".html": web,
        ".tex": latex,
        ".csv": numbers,
    }
    known = [*texts, *(FORMATS if artifact.draw else ())]
    for path in files:
        if path.suffix not in known:
            raise ValueError(f"cannot write {path}: known formats are {', '.join(known)}")
    for path in files:
        if path.suffix in texts:
            write_text(path, texts[path.suffix](artifact))
    pictures = [path for path in files if path.suffix in FORMATS]
    if artifact.draw and pictures:
        artifact.draw(pictures)


def markdown(artifact: Artifact) -> str:
    """Return an artifact as Markdown."""
    text = tabulate(
        [[markdown_cell(cell) for cell in row] for row in artifact.body],
        headers=[markdown_cell(heading) for heading in artifact.headings],
        tablefmt="github",
        disable_numparse=True,
    )
    notes = "\n".join(f"- {markdown_text(note)}" for note in artifact.notes)
    return f"{markdown_text(artifact.title)}\n\n{text}\n" + (f"\n{notes}\n" if notes else "")


def web(artifact: Artifact) -> str:
    """Return an artifact as an HTML file that loads nothing from the network."""
    text = tabulate(
        [[_line(cell) for cell in row] for row in artifact.body],
        headers=[_line(heading) for heading in artifact.headings],
        tablefmt="html",
        disable_numparse=True,
    )
    items = "".join(f"<li>{escape(_line(note))}</li>" for note in artifact.notes)
    title = escape(_line(artifact.title))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n{text}\n<ul>{items}</ul>"
        "</body></html>\n"
    )


def latex(artifact: Artifact) -> str:
    """Return an artifact as LaTeX; it needs the package booktabs."""
    lines = [" & ".join(_escape(cell) for cell in row) + r" \\" for row in artifact.body]
    if artifact.foot:
        lines.insert(len(lines) - artifact.foot, r"\midrule")
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escape(' '.join([artifact.title, *artifact.notes]))}}}",
            rf"\begin{{tabular}}{{{'l' * len(artifact.headings)}}}",
            r"\toprule",
            " & ".join(_escape(heading) for heading in artifact.headings) + r" \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def numbers(artifact: Artifact) -> str:
    """Return the numbers of an artifact as CSV. A text that a spreadsheet would take for a formula begins with an
    apostrophe.
    """
    frame = artifact.numbers.rename(columns=_no_formula)
    texts = frame.select_dtypes(include=["object", "string", "category"]).columns
    frame = frame.assign(**{name: frame[name].map(_no_formula) for name in texts})
    text: str = frame.to_csv(index=False, float_format="%.4f", lineterminator="\n")
    return text


def _no_formula(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    line = _line(value)
    formula = line.lstrip().startswith(FORMULA) and not NUMERIC.fullmatch(line)
    return f"'{line}" if formula else line


def _line(text: str) -> str:
    """Return a text on one line, without control characters."""
    return printable(re.sub(r"[\t\r\n]+", " ", text))


def markdown_text(text: str) -> str:
    """Return a text in which Markdown finds neither HTML nor links."""
    return MARKUP.sub("&lt;", _line(text)).replace("](", "]\\(")


def markdown_cell(text: str) -> str:
    """Return a text as a cell of a table in Markdown."""
    return markdown_text(text).replace("|", "\\|")


def _escape(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in _line(text))
