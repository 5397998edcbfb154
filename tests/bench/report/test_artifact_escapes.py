"""Labels are text in every format: no HTML, no links, no formulas, no mathematics, no broken columns."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest

from bench.report.artifact import Artifact, latex, markdown, numbers, web
from bench.report.style import pyplot, save

LABELS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></tr></table><h1>x",
    "<!-- open",
    "a|b|c",
    "[here](javascript:alert(1))",
    "![](http://127.0.0.1/pixel.png)",
    "two\nlines",
    "costs $5",
    "$x_1$ and $\\frac{1}{0",
    "\\input{/etc/passwd}",
    "100 % & #1 {x} ~ ^",
]


def artifact(label: str) -> Artifact:
    frame = pd.DataFrame({"method": [label], "score": [1.5]})
    return Artifact(
        f"About {label}.", ["Method", label], [[label, "1.5"]], [f"Note: {label}"], frame
    )


CONTROL = ["\x1b[2Jx", "a\x07\x00b", "\u202egnp", "\x9b31m"]


@pytest.mark.parametrize("label", CONTROL)
def test_control_characters_are_codes(label: str) -> None:
    for write in (markdown, web, latex, numbers):
        text = write(artifact(label))
        assert all(character.isprintable() or character == "\n" for character in text)
        assert "x1b" in text or label != CONTROL[0]


@pytest.mark.parametrize("label", LABELS)
def test_markdown(label: str) -> None:
    text = markdown(artifact(label))
    for part in ("<script", "<img", "</td", "<!--", "](javascript", "](http"):
        assert part not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 3
    assert {line.replace("\\|", "").count("|") for line in rows} == {3}
    assert len([line for line in text.splitlines() if line.startswith("- ")]) == 1


@pytest.mark.parametrize("label", LABELS)
def test_html(label: str) -> None:
    text = web(artifact(label))
    assert text.count("<td") == 2
    assert text.count("<th") == 2 + 1  # and <thead>
    assert "<script" not in text
    assert "<img" not in text
    assert "<!--" not in text


@pytest.mark.parametrize("label", LABELS)
def test_latex(label: str) -> None:
    text = latex(artifact(label))
    assert r"\input" not in text
    assert r"\frac" not in text
    unescaped = text.replace(r"\$", "").replace("$<$", "").replace("$>$", "")
    assert "$" not in unescaped


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ('=HYPERLINK("http://127.0.0.1")', '\'=HYPERLINK("http://127.0.0.1")'),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=x", "' =x"),
        ("\rx", " x"),
        ("-", "-"),
        ("—", "—"),
        ("-20.3 ± 1.0", "-20.3 ± 1.0"),
        ("-1.3 [-2.0, 4.5]", "-1.3 [-2.0, 4.5]"),
        ("BC, 10 %", "BC, 10 %"),
        ('a, "b"', 'a, "b"'),
    ],
)
def test_csv_holds_no_formula(value: str, written: str) -> None:
    frame = pd.DataFrame({"method": [value], value: [-1.5], "task": pd.Categorical([value])})
    text = numbers(Artifact("t", [], [], [], frame))
    heading, row = csv.reader(io.StringIO(text, newline=""))
    assert heading == ["method", written, "task"]
    assert row == [written, "-1.5000", written]


@pytest.mark.parametrize("label", LABELS)
def test_a_figure_draws_any_label(label: str, tmp_path: Path) -> None:
    with pyplot() as plt:
        figure, (left, right) = plt.subplots(1, 2, layout="constrained")
        left.plot([1, 2], [10, 1000], label=label)
        left.set_yscale("log")
        left.set_title(label)
        left.legend()
        right.set_xticks([0, 1], [label, "other"])
        right.text(0, 0, label)
        save(figure, [tmp_path / "figure.svg", tmp_path / "figure.png"])
    assert (tmp_path / "figure.png").stat().st_size
    svg = re.sub("<!--.*?-->", "", (tmp_path / "figure.svg").read_text(), flags=re.DOTALL)
    assert "<script>" not in svg
    assert "mathdefault" not in svg  # the numbers of an axis are still set as numbers
