"""The paper's Tables 2 and 3: rows, averages and what is quoted from other papers."""

from __future__ import annotations

import statistics

import pytest

from bench.paper import Quoted, cells, quoted


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
