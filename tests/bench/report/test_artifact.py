"""The formats of an artifact."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from bench.report.artifact import Artifact, latex, markdown, numbers, web, write_artifact
from bench.report.artifacts import table2 as table2_artifact
from bench.report.tables import as_artifact, table2
from tests.helpers.evidence import FULL, Frame, frame, made, whole
from tests.helpers.tables import EXPERT, HALF, Scored, rows_of, three_seeds

__all__ = ["frame", "whole"]  # fixtures


def test_markdown(scored: Scored) -> None:
    runs = three_seeds() | {
        ("hopper-medium-expert", "bc10"): [1.0, 1.0],
        ("hopper-medium-expert", "behaviour"): [2.5],
        ("hopper-medium", "behaviour"): [3.5],
    }
    text = markdown(as_artifact(table2(scored(runs), "test"), "A caption."))
    heading, rule, expert, medium, average = rows_of(text)
    assert heading[:6] == ["Data", "Environment", "DT", "DT, paper", "BC", "BC, paper"]
    assert heading[6:] == ["10%BC", "10%BC, paper", "Behaviour"]  # no verdict on other data
    assert set("".join(rule)) <= {"-", ":"}
    assert expert[:4] == ["Medium-Expert", "Hopper", "50.0 [47.5, 52.5]", "107.6 ± 1.8"]
    assert expert[4:] == ["20.0 [17.5, 22.5]", "79.6", "1.0", "—", "2.5 (1 seed)"]
    assert medium[6:] == ["—", "65.9", "3.5 (1 seed)"]
    assert average[:5] == ["Average", "", "40.0 [38.9, 41.1]", "—", "30.0 [28.9, 31.1]"]
    assert average[-1] == "3.0 (no interval)"
    assert text.startswith("A caption.\n")
    assert "\n- D4RL-normalised score" in text


def test_latex(scored: Scored) -> None:
    runs = three_seeds() | {
        ("hopper-medium", "bc10"): [1.0, 2.0, 3.0],
        ("hopper-medium-expert", "bc10"): [1.0, 2.0, 3.0],
    }
    text = latex(as_artifact(table2(scored(runs, diverged=("bc10",)), "test"), "A 50% caption_."))
    assert r"\caption{A 50\% caption\_. D4RL-normalised" in text
    assert r"Data & Environment & DT & DT, paper & BC & BC, paper & 10\%BC & " in text
    expert = (
        r"Medium-Expert & Hopper & 50.0 [47.5, 52.5] & 107.6 $\pm$ 1.8 & 20.0 [17.5, 22.5] & 79.6 "
        r"& 2.0 [-0.5, 4.5]\dag{} & -- \\"
    )
    assert expert in text
    assert text.count(r"\midrule") == 2
    assert text.index(r"\toprule") < text.index(expert) < text.index(r"\bottomrule")
    columns = text[text.index(r"\begin{tabular}{") :].split("{")[2].split("}")[0]
    assert {line.count(" & ") + 1 for line in text.splitlines() if " & " in line} == {len(columns)}
    assert not set("±†—") & set(text)


@pytest.mark.parametrize(
    ("label", "escaped"),
    [("A&B", r"A\&B"), ("no. #1", r"no. \#1"), ("a_b", r"a\_b"), ("50%", r"50\%")],
)
def test_latex_of_any_label(scored: Scored, label: str, escaped: str) -> None:
    frame = scored(three_seeds())
    frame.loc[frame["method"] == "bc", "label"] = label
    heading = f"Data & Environment & DT & DT, paper & {escaped} & {escaped}, paper"
    assert heading in latex(as_artifact(table2(frame, "test"), "A caption."))


def test_csv(scored: Scored, tmp_path: Path) -> None:
    write_artifact(table2_artifact.make(scored(three_seeds()), "test"), [tmp_path / "table2.csv"])
    content = (tmp_path / "table2.csv").read_bytes()
    assert b"\r" not in content
    frame = pd.read_csv(io.BytesIO(content))
    assert len(frame) == 6
    first = frame.iloc[0]
    assert (first["data"], first["environment"], first["method"]) == (*EXPERT, "dt")
    assert (first["mean"], first["std"], first["runs"], first["diverged"]) == (50, 1, 3, 0)
    assert (first["low"], first["high"]) == pytest.approx((50 - HALF, 50 + HALF), abs=1e-4)
    assert (first["paper_mean"], first["paper_std"]) == (107.6, 1.8)
    assert math.isnan(frame.iloc[1]["paper_std"])
    average = frame.iloc[4]
    assert (average["data"], average["mean"], average["runs"]) == ("Average", 40, 6)
    assert math.isnan(average["paper_mean"])


def test_all_artifacts_say_the_same(scored: Scored, tmp_path: Path) -> None:
    files = [tmp_path / f"table2{suffix}" for suffix in (".md", ".tex", ".csv")]
    write_artifact(table2_artifact.make(scored(three_seeds()), "test"), files)
    assert all("50.0" in path.read_text() for path in files)
    first = [path.read_bytes() for path in files]
    write_artifact(table2_artifact.make(scored(three_seeds()), "test"), files)
    assert [path.read_bytes() for path in files] == first


def test_an_unknown_format_is_refused(scored: Scored, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"table2\.docx: known formats are \.md, \.html, \.tex"):
        write_artifact(
            table2_artifact.make(scored(three_seeds()), "test"), [tmp_path / "table2.docx"]
        )


def test_a_sheet_without_a_figure_refuses_one(frame: Frame, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"peers\.png: known formats are \.md, \.html"):
        write_artifact(made("peers", frame((FULL, {}))), [tmp_path / "peers.png"])


PLAIN = Artifact(
    "Runs & <scores>.",
    ["Data", "DT"],
    [["a_b", "1.0"], ["Average", "2.0"]],
    ["50 % of <all>."],
    pd.DataFrame({"data": ["a_b", "Average"], "mean": [1.0, 2.00006]}),
    foot=1,
)


def test_html_is_escaped_and_loads_nothing() -> None:
    text = web(PLAIN)
    assert "<h1>Runs &amp; &lt;scores&gt;.</h1>" in text
    assert "<li>50 % of &lt;all&gt;.</li>" in text
    assert "<title>Runs &amp; &lt;scores&gt;.</title>" in text
    assert text.count("<tr>") == 1 + 2
    for word in ("http", "src=", "<script", "<link"):
        assert word not in text


def test_a_line_separates_the_rows_at_the_foot_in_latex() -> None:
    lines = latex(PLAIN).splitlines()
    body = lines[lines.index(r"\toprule") :]
    assert body[:6] == [
        r"\toprule",
        r"Data & DT \\",
        r"\midrule",
        r"a\_b & 1.0 \\",
        r"\midrule",
        r"Average & 2.0 \\",
    ]
    assert latex(replace(PLAIN, foot=0)).count(r"\midrule") == 1


def test_numbers_have_four_decimals() -> None:
    assert numbers(PLAIN) == "data,mean\na_b,1.0000\nAverage,2.0001\n"


def test_markdown_without_notes_ends_after_the_table() -> None:
    assert markdown(replace(PLAIN, notes=[])).endswith("| Average | 2.0  |\n")


def test_nothing_is_written_if_one_of_the_files_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.png: known formats are \.md, \.html, \.tex, \.csv$"):
        write_artifact(PLAIN, [tmp_path / "a.md", tmp_path / "a.png"])
    assert list(tmp_path.iterdir()) == []


def test_pictures_are_drawn_together_and_only_where_they_are_asked_for(tmp_path: Path) -> None:
    drawn: list[list[Path]] = []
    artifact = replace(PLAIN, draw=drawn.append)
    write_artifact(artifact, [tmp_path / "a.md"])
    assert drawn == []
    files = [tmp_path / name for name in ("a.svg", "a.md", "a.png")]
    write_artifact(artifact, files)
    assert drawn == [[files[0], files[2]]]
