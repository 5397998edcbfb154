from __future__ import annotations

import io
import json
import math
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.paper import Quoted, cells, quoted
from bench.report.artifact import latex, markdown, write_artifact
from bench.report.artifacts import table2 as table2_artifact
from bench.report.artifacts.partial import write_partial
from bench.report.cells import AVERAGE, Cell
from bench.report.cost import write_cost
from bench.report.tables import as_artifact, row_of, table2, tidy
from bench.runs.identity import Identity
from bench.runs.plan import Plan
from bench.stats.intervals import Estimate

Scored = Callable[..., pd.DataFrame]
WriteRuns = Callable[..., list[Path]]

EXPERT, MEDIUM = ("Medium-Expert", "Hopper"), ("Medium", "Hopper")
# t(0.975, 2 degrees) / sqrt(3): half a width of three seeds with standard deviation 1
HALF = 4.302652729911275 / math.sqrt(3)


def three_seeds() -> dict[tuple[str, str], list[float]]:
    """Means 50 and 30 for DT, 20 and 40 for BC; standard deviation 1 each."""
    return {
        ("hopper-medium-expert", "dt"): [49.0, 50.0, 51.0],
        ("hopper-medium-expert", "bc"): [19.0, 20.0, 21.0],
        ("hopper-medium", "dt"): [29.0, 30.0, 31.0],
        ("hopper-medium", "bc"): [39.0, 40.0, 41.0],
    }


@pytest.mark.parametrize(
    ("ours", "diverged", "text"),
    [
        (Estimate(57.34, 3.0, 50.06, 64.55, 3), 0, "57.3 [50.1, 64.5]"),
        (Estimate(57.34, 3.0, 50.06, 64.55, 3), 2, "57.3 [50.1, 64.5]†"),
        (Estimate(-3.26, 1.0, -8.0, 1.5, 3), 0, "-3.3 [-8.0, 1.5]"),
        (Estimate(12.3, math.nan, math.nan, math.nan, 1), 0, "12.3 (1 seed)"),
        (Estimate(12.3, math.nan, math.nan, math.nan, 1), 1, "12.3 (1 seed)†"),
        (Estimate(34.0, 0.0, 34.0, 34.0, 3), 0, "34.0"),
        (None, 0, "—"),
    ],
    ids=["plain", "diverged", "negative", "one-seed", "one-diverged", "no-variance", "missing"],
)
def test_text_of_a_cell(ours: Estimate | None, diverged: int, text: str) -> None:
    assert Cell(ours, None, diverged).text() == text


def test_layout(scored: Scored) -> None:
    table = table2(scored(three_seeds()), "test")
    assert list(table.rows) == [EXPERT, MEDIUM, (AVERAGE, "")]
    assert table.labels == {"dt": "DT", "bc": "BC"}
    texts = {row: [cell.text() for cell in line.values()] for row, line in table.rows.items()}
    assert texts[EXPERT] == ["50.0 [47.5, 52.5]", "20.0 [17.5, 22.5]"]
    assert texts[MEDIUM] == ["30.0 [27.5, 32.5]", "40.0 [37.5, 42.5]"]
    # 4 degrees of freedom, standard error sqrt(2/3) / 2: 2.776 * 0.408 = 1.13
    assert texts[(AVERAGE, "")] == ["40.0 [38.9, 41.1]", "30.0 [28.9, 31.1]"]


def test_methods_stand_in_the_order_of_the_plan(scored: Scored) -> None:
    backwards = dict(reversed(three_seeds().items()))
    assert list(table2(scored(backwards), "test").labels) == ["dt", "bc"]


def test_the_papers_cells_stand_beside_ours(scored: Scored) -> None:
    rows = table2(scored(three_seeds()), "test").rows
    assert str(rows[EXPERT]["dt"].paper) == "107.6 ± 1.8"
    assert str(rows[MEDIUM]["bc"].paper) == "63.9"
    assert rows[(AVERAGE, "")]["dt"].paper is None


def test_one_seed_has_no_interval_and_no_average_interval(scored: Scored) -> None:
    runs = three_seeds() | {("hopper-medium", "dt"): [30.0]}
    rows = table2(scored(runs), "test").rows
    assert rows[MEDIUM]["dt"].text() == "30.0 (1 seed)"
    assert rows[(AVERAGE, "")]["dt"].ours.mean == pytest.approx(40)
    assert math.isnan(rows[(AVERAGE, "")]["dt"].ours.low)
    assert rows[(AVERAGE, "")]["bc"].text() == "30.0 [28.9, 31.1]"


def test_a_task_without_runs_leaves_no_average(scored: Scored) -> None:
    runs = three_seeds()
    del runs[("hopper-medium", "dt")]
    rows = table2(scored(runs), "test").rows
    assert rows[MEDIUM]["dt"].text() == "—"
    assert rows[(AVERAGE, "")]["dt"].text() == "—"
    assert rows[(AVERAGE, "")]["bc"].text() == "30.0 [28.9, 31.1]"


# the mean of three such scores differs from them in the last bit
@pytest.mark.parametrize("score", [34.0, 3.3585575305464355, 91.27555772777217])
def test_seeds_that_agree_need_no_interval(scored: Scored, score: float) -> None:
    frame = scored({("hopper-medium", "behaviour"): [score] * 3}, rolled_out=False)
    cells_of = table2(frame, "test").rows[MEDIUM]
    assert cells_of["behaviour"].text() == f"{score:.1f}"


def test_diverged_runs_are_marked_and_counted(scored: Scored) -> None:
    table = table2(scored(three_seeds(), diverged=("bc",)), "test")
    assert table.rows[EXPERT]["bc"].text() == "20.0 [17.5, 22.5]†"
    assert table.rows[EXPERT]["dt"].text() == "50.0 [47.5, 52.5]"
    assert any("6 run(s) diverged" in note for note in table.notes)


def test_the_average_of_diverged_runs_is_marked_too(scored: Scored) -> None:
    table = table2(scored(three_seeds(), diverged=("bc",)), "test")
    assert table.rows[(AVERAGE, "")]["bc"].text() == "30.0 [28.9, 31.1]†"


@pytest.mark.parametrize(
    ("source", "expert", "mentions"),
    [
        ("generated", "other data", True),
        # 50 against 107.6 ± 1.8, and a cell without a spread of the paper's
        ("d4rl", "differs: DT; not comparable: BC", False),
    ],
)
def test_verdict(scored: Scored, source: str, expert: str, mentions: bool) -> None:
    table = table2(scored(three_seeds(), source=source), "test")
    assert table.verdicts[EXPERT] == expert
    assert table.verdicts[(AVERAGE, "")] == ""
    assert any("Holm-corrected" in note for note in table.notes) != mentions
    assert any("neither reproduced nor refuted" in note for note in table.notes) == mentions
    assert any(f"data: {source}" in note for note in table.notes)


def test_notes_say_what_was_run(scored: Scored) -> None:
    runs = three_seeds() | {("hopper-medium", "bc10"): [1.0, 2.0, 3.0]}
    notes = table2(scored(runs), "test").notes
    assert any("Scale test: 3 seeds, 1 evaluation episodes each" in note for note in notes)
    assert not any("not rolled out" in note for note in notes)


def test_recorded_episodes_have_a_note(scored: Scored) -> None:
    frame = scored({("hopper-medium", "behaviour"): [34.0, 34.0]}, rolled_out=False)
    notes = table2(frame, "test").notes
    assert any(note.startswith("Behaviour: scores of the recorded episodes") for note in notes)


@pytest.mark.parametrize(
    "variant", [{"reward": "sparse"}, {"data_percent": 10.0}], ids=["sparse", "part-of-the-data"]
)
def test_other_variants_are_not_in_table_2(scored: Scored, variant: dict[str, Any]) -> None:
    plain = scored(three_seeds())
    other = scored({key: [99.0, 99.0] for key in three_seeds()}, **variant)
    table = table2(pd.concat([plain, other]), "test")
    pd.testing.assert_frame_equal(tidy(table), tidy(table2(plain, "test")))
    with pytest.raises(ValueError, match="nothing for Table 2"):
        table2(other, "test")


def test_kept_checkpoints_and_other_targets_are_not_in_table_2(scored: Scored) -> None:
    plain = scored(three_seeds())
    other = plain.assign(score=999.0, final=False, kind="curve")
    table = table2(pd.concat([other, plain]), "test")
    pd.testing.assert_frame_equal(tidy(table), tidy(table2(plain, "test")))


def test_the_interval_is_over_seeds_not_over_episodes(scored: Scored) -> None:
    frame = scored(three_seeds()).assign(score_std=500.0, episodes=1000)
    assert table2(frame, "test").rows[EXPERT]["dt"].text() == "50.0 [47.5, 52.5]"


def rows_of(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_markdown(scored: Scored) -> None:
    runs = three_seeds() | {
        ("hopper-medium-expert", "bc10"): [1.0, 1.0],
        ("hopper-medium-expert", "behaviour"): [2.5],
        ("hopper-medium", "behaviour"): [3.5],
    }
    text = markdown(as_artifact(table2(scored(runs), "test"), "A caption."))
    heading, rule, expert, medium, average = rows_of(text)
    assert heading[:6] == ["Data", "Environment", "DT", "DT, paper", "BC", "BC, paper"]
    assert heading[6:] == ["10%BC", "10%BC, paper", "Behaviour", "Verdict"]
    assert set("".join(rule)) <= {"-", ":"}
    assert expert[:4] == ["Medium-Expert", "Hopper", "50.0 [47.5, 52.5]", "107.6 ± 1.8"]
    assert expert[4:] == ["20.0 [17.5, 22.5]", "79.6", "1.0", "—", "2.5 (1 seed)", "other data"]
    assert medium[6:] == ["—", "65.9", "3.5 (1 seed)", "other data"]
    assert average[:5] == ["Average", "", "40.0 [38.9, 41.1]", "—", "30.0 [28.9, 31.1]"]
    assert average[-1] == ""
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
        r"& 2.0 [-0.5, 4.5]\dag{} & -- & other data \\"
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
    heading = f"Data & Environment & DT & DT, paper & {escaped} & {escaped}, paper & Verdict"
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


@pytest.fixture
def partial(tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    monkeypatch.chdir(tmp_path)

    def write() -> str:
        write_partial(plan, "mujoco", tmp_path / "partial.md")
        return (tmp_path / "partial.md").read_text()

    return write


def test_partial_shows_what_is_there_and_names_what_is_not(
    write_runs: WriteRuns, partial: Callable[[], str]
) -> None:
    write_runs({("hopper-medium", "dt"): [29.0, 31.0], ("hopper-medium", "bc"): [40.0]})
    text = partial()
    assert text.startswith("3 of the 16 runs of mujoco at scale test are finished.")
    medium = next(row for row in rows_of(text) if row[0] == "Medium")
    assert medium[2].startswith("30.0 [")
    assert medium[4] == "40.0 (1 seed)"
    missing = [line[2:] for line in text.splitlines() if line.startswith("- results/")]
    assert len(missing) == 13
    assert "results/test/runs/hopper-medium/dense/100/bc/1" in missing
    assert "results/test/runs/hopper-medium/dense/100/bc/0" not in missing


def test_partial_of_nothing(partial: Callable[[], str]) -> None:
    text = partial()
    assert text.startswith("0 of the 16 runs")
    assert rows_of(text) == []
    assert text.count("- results/") == 16


def test_partial_of_everything(
    write_runs: WriteRuns, plan: Plan, partial: Callable[[], str]
) -> None:
    runs: dict[tuple[str, str], list[float]] = {}
    for run in plan.runs["mujoco"]:
        runs.setdefault((run.task, run.method), []).append(float(run.seed))
    write_runs(runs)
    text = partial()
    assert text.startswith("16 of the 16 runs")
    assert "Missing" not in text


def test_partial_before_any_run_of_the_dense_reward(
    write_runs: WriteRuns, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_runs({("hopper-medium", "bc"): [40.0]}, reward="sparse")
    sparse = Identity("test", "hopper-medium", "sparse", 100.0, "bc", 0)
    both = replace(plan, runs={"mujoco": (sparse, *plan.runs["mujoco"])})
    monkeypatch.chdir(tmp_path)
    write_partial(both, "mujoco", tmp_path / "partial.md")
    text = (tmp_path / "partial.md").read_text()
    assert text.startswith("1 of the 17 runs")
    assert text.count("- results/") == 16


def test_partial_of_an_unknown_suite(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown suite 'atari'; known: mujoco"):
        write_partial(plan, "atari", tmp_path / "partial.md")


def test_cost_by_hand(
    write_record: Callable[..., Path], plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    records = []
    for seed, seconds in enumerate([10.0, 20.0, 60.0]):
        path = write_record(Identity("test", "hopper-medium", "dense", 100.0, "bc", seed))
        clock = {
            "training": {
                "cpu_seconds": seconds,
                "steps_per_second": 100 * seconds,
                "peak_memory_mb": 300.0 + seed,
            },
            "evaluation": {"seconds": 9.0, "cpu_seconds": 5.0},
        }
        (path.parent / "run.json").write_text(json.dumps(clock))
        records.append(path)
    write_cost(records, plan, "mujoco", tmp_path / "cost.md")
    text = (tmp_path / "cost.md").read_text()
    assert text.startswith(
        "Cost of the runs of suite mujoco at scale test: 1.8 core-minutes."
    )  # 105 s
    row = rows_of(text)[2]
    assert row[:7] == ["BC", "3", "50", "20.0 (60.0)", "2,000", "5.0 (5.0)", "302"]


@pytest.mark.parametrize(
    ("task", "row"),
    [
        ("hopper-medium-expert", ("Medium-Expert", "Hopper")),
        ("hopper-medium-replay", ("Medium-Replay", "Hopper")),
        ("key_to_door-1k", ("1K random trajectories", "Key-to-Door")),
        ("key_to_door-10k", ("10K random trajectories", "Key-to-Door")),
        ("graph3-walks", ("Random walks", "Graph 3")),
    ],
)
def test_names_of_rows(task: str, row: tuple[str, str]) -> None:
    assert row_of(task) == row


def test_a_row_of_the_papers_table_2() -> None:
    assert quoted("Table 2", "hopper-medium-replay", "DT") == Quoted(82.7, 7.0, "")
    assert quoted("Table 2", "hopper-medium-replay", "BC") == Quoted(27.6, None, "")
    assert quoted("Table 3", "hopper-medium", "10%BC") == Quoted(65.9, None, "")
    assert quoted("Table 2", "hopper-medium", "TD3") is None
    assert quoted("", "hopper-medium", "") is None


def columns(table: str) -> list[str]:
    return list(dict.fromkeys(method for name, _, method in cells() if name == table))


def rows_average(table: str, method: str, without: str = "none") -> float:
    rows = [
        cell.mean
        for (name, task, column), cell in cells().items()
        if (name, column) == (table, method)
        and not task.startswith("average")
        and not task.startswith(without)
    ]
    return statistics.fmean(rows)


@pytest.mark.parametrize(("table", "environments"), [("Table 2", 12), ("Table 3", 8)])
def test_the_paper_prints_as_many_rows(table: str, environments: int) -> None:
    tasks = {task for name, task, _ in cells() if name == table and not task.startswith("average")}
    assert len(tasks) == environments


def errata() -> dict[tuple[str, str, str], tuple[float, float]]:
    """Averages that do not follow from the rows of their table: printed, and from the rows."""
    wrong = {}
    for (table, task, method), cell in cells().items():
        if task.startswith("average"):
            without = "reacher2d" if task == "average-without-reacher" else "none"
            rows = rows_average(table, method, without)
            if abs(rows - cell.mean) > 0.05 + 1e-9:
                wrong[(table, task, method)] = (cell.mean, round(rows, 1))
    return wrong


def test_the_papers_averages_follow_from_its_rows_but_for_the_known_errata() -> None:
    assert errata() == {
        ("Table 2", "average-without-reacher", "BC"): (46.4, 47.7),
        ("Table 2", "average", "BC"): (47.7, 46.4),
        ("Table 3", "average", "DT"): (56.1, 54.9),
        ("Table 3", "average", "100%BC"): (39.5, 39.6),
    }


def test_every_erratum_is_noted_beside_its_number() -> None:
    for key, (_, rows) in errata().items():
        assert f"{rows}" in cells()[key].note, key


def test_all_averages_are_there() -> None:
    averages = {key for key in cells() if key[1].startswith("average")}
    expected = {("Table 2", "average-without-reacher", method) for method in columns("Table 2")}
    expected |= {("Table 2", "average", method) for method in ("DT", "CQL", "BC")}
    expected |= {("Table 3", "average", method) for method in columns("Table 3")}
    assert averages == expected


def test_tables_2_and_3_agree_but_for_one_cell() -> None:
    same = {"DT": "DT", "CQL": "CQL", "100%BC": "BC"}
    different = {
        (task, method): (cell.mean, other.mean)
        for (table, task, method), cell in cells().items()
        if table == "Table 3" and method in same and task != "average"
        for other in [cells()[("Table 2", task, same[method])]]
        if other.mean != cell.mean
    }
    assert different == {("reacher2d-medium", "100%BC"): (58.4, 48.9)}
    assert cells()[("Table 2", "reacher2d-medium", "BC")].note
    assert cells()[("Table 3", "reacher2d-medium", "100%BC")].note


OF_D4RLS_PAPER = ("BEAR", "BRAC-v", "AWR")


def test_numbers_quoted_from_other_papers_say_so() -> None:
    # all numbers of Table 6 are the paper's own, printed without a spread
    own = {
        (table, task, method): cell
        for (table, task, method), cell in cells().items()
        if table != "Table 6" and not task.startswith("average")
    }
    d4rl = [cell.note for (_, _, method), cell in own.items() if method in OF_D4RLS_PAPER]
    assert {method for _, _, method in own} >= set(OF_D4RLS_PAPER)
    assert [note for note in d4rl if "D4RL paper" not in note] == []
    cql = {key: cell.note for key, cell in own.items() if key[2] == "CQL"}
    cql = {key: note for key, note in cql.items() if not key[1].startswith("reacher")}
    assert {table for table, _, _ in cql} >= {"Table 1", "Table 2"}
    assert [key for key, note in cql.items() if "CQL paper" not in note] == []
    # Table 7 repeats Table 2's dense column without its spread
    spreads = {key: cell.std for key, cell in own.items() if key[2] == "DT" and key[0] != "Table 7"}
    assert {table for table, _, _ in spreads} >= {"Table 1", "Table 2", "Table 3", "Table 4"}
    assert [key for key, std in spreads.items() if std is None] == []


def test_one_row_has_no_average(scored: Scored) -> None:
    runs = {key: value for key, value in three_seeds().items() if key[0] == "hopper-medium"}
    table = table2(scored(runs), "test")
    assert list(table.rows) == [MEDIUM]
    assert as_artifact(table, "A caption.").foot == 0
