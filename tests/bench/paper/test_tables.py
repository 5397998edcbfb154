"""The paper's tables as they are quoted, checked against each other."""

from __future__ import annotations

import pytest

from bench.paper import (
    average_of_rows,
    cells,
    errata,
    printed_average,
    quoted,
)
from bench.tasks.registry import DOMAINS, FAMILIES, TASKS
from tests.helpers.quoted import ATARI, KINDS, MUJOCO, achieved, score

GAMES = tuple(FAMILIES["atari"].domains)

KEY_TO_DOOR = ("key_to_door-1k", "key_to_door-10k")
ATARI_TABLES = ("Table 1", "Table 4", "Table 5", "Table 11", "Table 12", "Table 13")


def test_every_row_of_a_gym_table_is_a_task() -> None:
    tasks = {task for table, task, _ in cells() if table not in (*ATARI_TABLES, "Table 6")}
    assert {task for task in tasks if not task.startswith("average")} == set(MUJOCO)


def column(table: str, method: str) -> list[float]:
    return [score(table, task, method) for task in ATARI]


def test_atari_tables_have_a_row_for_each_game() -> None:
    columns = {
        "Table 1": ["DT", "CQL", "QR-DQN", "REM", "BC"],
        "Table 4": ["DT", "10%BC", "25%BC", "40%BC", "100%BC"],
        "Table 11": ["Random", "Gamer"],
    }
    columns |= {"Table 12": columns["Table 1"], "Table 13": columns["Table 4"]}
    for table, methods in columns.items():
        keys = [(task, method) for name, task, method in cells() if name == table]
        assert keys == [(task, method) for task in ATARI for method in methods]


def test_known_cells_of_atari() -> None:
    assert column("Table 1", "CQL") == [211.1, 104.2, 111.9, 1.7]
    assert column("Table 1", "REM") == [8.9, 0.0, 0.5, 0.7]
    assert column("Table 12", "QR-DQN") == [6.8, 156.0, -14.5, 250.1]
    assert column("Table 13", "25%BC") == [22.6, 2302.5, -16.2, 549.3]
    assert str(quoted("Table 4", ATARI[2], "40%BC")) == "72.7 ± 13.3"
    assert str(quoted("Table 12", ATARI[1], "DT")) == "2215.8 ± 1523.7"
    for (table, _, method), cell in cells().items():
        if table in ("Table 1", "Table 12"):
            copied = method in ("CQL", "QR-DQN", "REM")
            assert (cell.std is None, "quoted by the paper from" in cell.note) == (copied, copied)


def test_table_11_is_what_scores_are_normalised_with() -> None:
    for game, task in zip(GAMES, ATARI, strict=True):
        ends = [score("Table 11", task, name) for name in ("Random", "Gamer")]
        assert ends == [DOMAINS[game].reference_min, DOMAINS[game].reference_max]


def test_tables_of_raw_scores_share_their_columns() -> None:
    for method, other in (("DT", "DT"), ("BC", "100%BC")):
        for first, second in (("Table 1", "Table 4"), ("Table 12", "Table 13")):
            for task in ATARI:
                assert str(quoted(first, task, method)) == str(quoted(second, task, other))


# what does not follow from the raw score: (table, game, method) -> what is off, mean or spread.
# 106.1, 2.5 and 11.8 are errata, -0.06 is printed as 0.0; the others are cut where they should be rounded
NOT_ROUNDED = {
    ("Table 1", "qbert", "DT"): "spread",  # 11.46
    ("Table 1", "qbert", "QR-DQN"): "mean",
    ("Table 1", "pong", "DT"): "mean",
    ("Table 1", "seaquest", "DT"): "spread",  # 0.4501
    ("Table 4", "qbert", "DT"): "spread",
    ("Table 4", "qbert", "25%BC"): "mean and spread",  # 16.09 ± 13.87
    ("Table 4", "qbert", "40%BC"): "mean",
    ("Table 4", "pong", "DT"): "mean",
    ("Table 4", "pong", "10%BC"): "mean",
    ("Table 4", "seaquest", "DT"): "spread",
}


@pytest.mark.parametrize(("table", "raw"), [("Table 1", "Table 12"), ("Table 4", "Table 13")])
def test_normalised_cells_follow_from_raw_ones_but_for_those_listed(table: str, raw: str) -> None:
    off = {}
    for (name, task, method), cell in cells().items():
        if name != table:
            continue
        domain, other = TASKS[task].domain, cells()[raw, task, method]
        # either number is within half of its last digit
        half = 0.05 + domain.normalised_spread(0.05) + 1e-9
        mean = abs(domain.normalised(other.mean) - cell.mean) > half
        assert (cell.std is None) == (other.std is None)
        gap = domain.normalised_spread(other.std or 0) - (cell.std or 0)
        words = ["mean"] * mean + ["spread"] * (abs(gap) > half)
        if words:
            off[table, domain.name, method] = " and ".join(words)
    assert off == {key: what for key, what in NOT_ROUNDED.items() if key[0] == table}


def test_table_5() -> None:
    columns = {
        task: [m for t, game, m in cells() if (t, game) == ("Table 5", task)] for task in ATARI
    }
    assert columns == {
        task: ["DT (K=1)", "DT (K=50)" if task == "pong-replay" else "DT (K=30)"] for task in ATARI
    }
    assert str(quoted("Table 5", "breakout-replay", "DT (K=1)")) == "73.9 ± 10.0"
    assert str(quoted("Table 5", "seaquest-replay", "DT (K=30)")) == "2.5 ± 0.4"


@pytest.mark.parametrize(
    ("game", "target"), [("breakout", 90), ("qbert", 2500), ("pong", 20), ("seaquest", 1450)]
)
def test_table_5_is_figure_4_at_the_papers_targets_but_for_two_errata(
    game: str, target: float
) -> None:
    method = "DT (K=50)" if game == "pong" else "DT (K=30)"
    wrong = {erratum.task: erratum.computed for erratum in errata("Table 5")}
    assert set(wrong) == {"qbert-replay", "pong-replay"}
    task = f"{game}-replay"
    expected = wrong.get(task, score("Table 5", task, method))
    assert round(achieved(game, target), 1) == expected


def test_table_6() -> None:
    methods = ("DT", "CQL", "BC", "%BC", "Random")
    keys = [(task, method) for table, task, method in cells() if table == "Table 6"]
    assert keys == [(task, method) for task in KEY_TO_DOOR for method in methods]
    assert set(KEY_TO_DOOR) <= set(TASKS)
    first, second = ([score("Table 6", task, m) for m in methods] for task in KEY_TO_DOOR)
    assert first == [71.8, 13.1, 1.4, 69.9, 3.1]
    assert second == [94.6, 13.3, 1.6, 95.1, 3.1]
    for key, cell in cells().items():
        if key[0] == "Table 6":
            assert cell.std is None
            assert bool(cell.note) == (key[2] == "%BC")


def test_table_7_repeats_tables_2_and_3_but_for_one_cell() -> None:
    for kind in KINDS:
        task = f"hopper-{kind}"
        assert score("Table 7", task, "DT") == score("Table 2", task, "DT")
        assert score("Table 7", task, "CQL") == score("Table 2", task, "CQL")
        if kind != "medium-expert":
            assert score("Table 7", task, "BC") == score("Table 2", task, "BC")
            assert score("Table 7", task, "%BC") == score("Table 3", task, "10%BC")
    assert score("Table 7", "hopper-medium-expert", "BC") == 59.9
    assert score("Table 2", "hopper-medium-expert", "BC") == 79.6
    assert score("Table 2", "halfcheetah-medium-expert", "BC") == 59.9


def test_table_7_with_sparse_rewards() -> None:
    delayed = [str(quoted("Table 7", f"hopper-{kind}", "DT delayed")) for kind in KINDS]
    assert delayed == ["107.3 ± 3.5", "60.7 ± 4.5", "78.5 ± 3.7"]
    assert [score("Table 7", f"hopper-{kind}", "CQL delayed") for kind in KINDS] == [9.0, 5.2, 2.0]


def test_an_average_by_hand() -> None:
    # the DT column of Table 7 with sparse rewards, which has no printed average
    assert average_of_rows("Table 7", "DT delayed") == pytest.approx((107.3 + 60.7 + 78.5) / 3)
    assert printed_average("Table 7", "DT delayed") is None


def test_an_average_of_a_method_without_reacher_rows_is_over_the_others() -> None:
    assert average_of_rows("Table 2", "BEAR") == average_of_rows("Table 2", "BEAR", reacher=False)
    assert average_of_rows("Table 2", "DT") != average_of_rows("Table 2", "DT", reacher=False)


@pytest.mark.parametrize(("table", "method"), [("Table 2", "TD3"), ("Table 8", "DT"), ("", "")])
def test_an_unknown_column_is_refused(table: str, method: str) -> None:
    with pytest.raises(ValueError, match=r"no column .* is quoted; there are: Table 1 DT, "):
        average_of_rows(table, method)


def test_the_printed_averages_are_right_unless_an_erratum_says_otherwise() -> None:
    wrong = {(e.source, e.task, e.method): e for e in errata() if e.task.startswith("average")}
    assert {(*key, e.printed, e.computed) for key, e in wrong.items()} == {
        ("Table 2", "average-without-reacher", "BC", 46.4, 47.7),
        ("Table 2", "average", "BC", 47.7, 46.4),
        ("Table 3", "average", "DT", 56.1, 54.9),
        ("Table 3", "average", "100%BC", 39.5, 39.6),
    }
    compared = 0
    for table, method in dict.fromkeys((table, method) for table, _, method in cells()):
        for reacher, row in ((True, "average"), (False, "average-without-reacher")):
            printed = printed_average(table, method, reacher=reacher)
            if printed is None:
                continue
            compared += 1
            rows = average_of_rows(table, method, reacher=reacher)
            erratum = wrong.get((table, row, method))
            if erratum is None:
                assert rows == pytest.approx(printed.mean, abs=0.05 + 1e-9), (table, row, method)
            else:
                assert printed.mean == erratum.printed
                assert round(rows, 1) == erratum.computed != erratum.printed
    assert compared == 6 + 3 + 6
