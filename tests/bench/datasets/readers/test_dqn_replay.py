"""A data set of DQN-replay's logs: which games are drawn, and what becomes of their rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.cli.main import main
from bench.core.files import DiskFull
from bench.datasets import storage
from bench.datasets.consistency import check
from bench.datasets.readers import dqn_replay
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.dqn_replay import GAMES, LOGS, Sampling, draw, obtain
from bench.tasks.registry import Task, task_by_name
from tests.helpers.dopamine import Buffer, Row, games, marks_of
from tests.helpers.dqn_replay import CAPACITY, LENGTHS, TASK, small


def stream() -> list[Row]:
    return [row for game in games(LENGTHS) for row in [Row()] * 3 + game]


# --- the draw -------------------------------------------------------------------------------------


def as_in_the_paper(
    terminals: dict[int, list[int]], draws: Iterator[int], steps: int, rows: int
) -> list[tuple[int, int]]:
    """Return the rows (log, row) that the paper's loop collects, one row after the other."""
    taken: list[tuple[int, int]] = []
    left = dict.fromkeys(range(LOGS), 0)
    while len(taken) < steps:
        log = next(draws)
        i, before, to_load, done = left[log], len(taken), GAMES - 1, log not in terminals
        while not done:
            taken.append((log, i))
            if terminals[log][i]:
                done = to_load == 0
                to_load -= not done
            i += 1
            if i >= rows:
                taken, i, done = taken[:before], left[log], True
        left[log] = i
    return taken


@pytest.mark.parametrize("seed", range(20))
def test_the_draw_takes_the_rows_that_the_papers_loop_takes(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(seed)
    rows, steps = 300, 600
    logs = random.choice(LOGS, 12, replace=False).tolist()
    terminals = {log: (random.random(rows) < 0.06).astype(int).tolist() for log in logs}
    draws = random.integers(LOGS, size=5000)

    class Given:
        def __init__(self) -> None:
            self.draws = iter(draws)

        def integers(self, high: int) -> int:
            assert high == LOGS
            return int(next(self.draws))

    monkeypatch.setattr(dqn_replay, "generator", lambda *names: Given())

    def ends(log: int) -> Any:
        return np.flatnonzero(terminals[log][:-1]) + 1 if log in terminals else None

    ours = draw(ends, "breakout-replay", Sampling(steps, 0, rows))
    theirs = as_in_the_paper(terminals, iter(draws.tolist()), steps, rows)
    expected = [(log, row) for log, stop in ours.items() for row in range(stop)]
    assert sorted(theirs) == expected
    assert list(ours) == sorted(ours)


def test_the_draw_is_uniform_and_belongs_to_seed_and_task() -> None:
    def ends(log: int) -> Any:
        return np.arange(1, 1001)  # games of one step

    def drawn(seed: int, task: str = "breakout-replay") -> dict[int, int]:
        return draw(ends, task, Sampling(GAMES * 1000, seed))

    visits = np.array([drawn(0).get(log, 0) / GAMES for log in range(LOGS)])
    assert visits.sum() == 1000
    # 1,000 visits to 50 logs: 20 each, standard deviation 4.4; chi-squared over 50 cells
    assert 25 < ((visits - 20) ** 2 / 20).sum() < 95
    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
    assert drawn(0) != drawn(0, "pong-replay")


def test_a_log_without_eleven_more_games_gives_nothing_more() -> None:
    """Two logs of 25 games of 4 rows each have two visits each in them, 176 rows together."""

    def ends(log: int) -> Any:
        return np.arange(4, 101, 4) if log in (3, 30) else None

    assert draw(ends, "a", Sampling(176)) == {3: 88, 30: 88}
    with pytest.raises(WrongData, match=r"2 of 50 logs exist\. .* 176 rows, not 177\. Choose"):
        draw(ends, "a", Sampling(177))
    with pytest.raises(WrongData, match="a: none of the 50 logs exists"):
        draw(lambda log: None, "a", Sampling(1))


# --- from a folder --------------------------------------------------------------------------------


def test_episodes_are_the_games_without_their_zeros(root: Path, tmp_path: Path) -> None:
    lines = obtain(TASK, tmp_path / "set", root, small())
    data = storage.load(tmp_path / "set")
    check(data, "data")
    origin = storage.read_manifest(tmp_path / "set")["origin"]
    written, expected, headless, zeros = stream(), [], 0, 0
    for log, rows in sorted((int(log), rows) for log, rows in origin["rows_taken"].items()):
        piece = written[log * CAPACITY : log * CAPACITY + rows]
        assert piece[-1].terminal
        headless += piece[0].mark > 1 and written[log * CAPACITY - 1].mark != 0
        zeros += sum(row.mark == 0 for row in piece)
        expected += [row for row in piece if row.mark]
    assert marks_of(data.observations) == [row.mark for row in expected]
    assert data.actions.tolist() == [row.action for row in expected]
    assert data.rewards.tolist() == [row.reward for row in expected]
    assert data.terminals.tolist() == [row.terminal for row in expected]
    assert not data.timeouts.any()
    assert data.steps + zeros >= 500
    assert data.episodes % GAMES == 0
    assert (data.scores, data.final_observations, data.n_actions) == (None, None, 4)
    assert origin["rows_of_zeros_left_out"] == zeros
    assert origin["episodes_without_their_beginning"] == headless > 0
    assert origin["files"] == "Breakout/1/replay_logs"
    assert f"steps: {data.steps:,}; " in lines[-1]


def test_stacks_never_show_another_game(root: Path, tmp_path: Path) -> None:
    obtain(TASK, tmp_path, root, small())
    data = storage.load(tmp_path)
    for start, stop in zip(data.episode_starts[:-1], data.episode_starts[1:], strict=True):
        first = marks_of(data.observations[start : start + 1])[0]
        for step, stack in enumerate(data.stacked(np.arange(start, stop))):
            newest = first + step
            assert marks_of(stack) == [
                m if m >= first else 0 for m in range(newest - 3, newest + 1)
            ]


def test_the_same_seed_gives_the_same_bytes_and_another_other_games(
    root: Path, tmp_path: Path
) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        obtain(TASK, tmp_path / name, root, small(200, seed))
    contents = {
        name: {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in "abc"
    }
    assert contents["a"] == contents["b"]
    assert contents["a"]["actions.npy"] != contents["c"]["actions.npy"]


def own_logs(folder: Path, rows: list[list[Row]]) -> None:
    """Write logs that each hold these rows."""
    buffer = Buffer(folder / "Breakout" / "1" / "replay_logs", 40)
    for number, some in enumerate(rows):
        buffer.rows, buffer.count = (some + [Row()] * 40)[:40], 39
        buffer.write(number)


def lasting(horizon: int) -> Task:
    """The task, of games that last at most so many steps."""
    return replace(TASK, domain=replace(TASK.domain, horizon=horizon))


def test_the_clocks_end_is_a_timeout(tmp_path: Path) -> None:
    """Of a game that may last 3 steps only those of 3 were ended by the clock."""
    lengths = [1, 3, 2, 3, 1, 1, 1, 1, 1, 1, 1]
    rows = [Row(1, 1, 0.0, int(i == n - 1)) for n in lengths for i in range(n)]
    own_logs(tmp_path, [rows] * LOGS)
    obtain(lasting(3), tmp_path / "set", tmp_path, Sampling(1))
    data = storage.load(tmp_path / "set")
    assert data.lengths.tolist() == lengths
    assert data.timeouts[data.episode_starts[1:] - 1].tolist() == [n == 3 for n in lengths]
    assert data.terminals[data.episode_starts[1:] - 1].tolist() == [n != 3 for n in lengths]


def test_a_game_that_ends_in_the_last_row_that_is_read_does_not_count(tmp_path: Path) -> None:
    """Each log holds 12 games of 2 steps; a visit takes 11, whose last row is row 21."""
    own_logs(tmp_path, [[Row(1, 1, 0.0, i % 2) for i in range(24)]] * LOGS)
    with pytest.raises(WrongData, match=r"first 22 rows .* give 0 rows, not 1"):
        obtain(TASK, tmp_path / "set", tmp_path, Sampling(1, rows=22))
    obtain(TASK, tmp_path / "set", tmp_path, Sampling(1, rows=23))
    assert storage.load(tmp_path / "set").lengths.tolist() == [2] * GAMES


def test_an_end_that_is_not_marked(tmp_path: Path) -> None:
    rows = [Row(1, 1, 0.0, int(i > 7)) for i in range(30)]
    own_logs(tmp_path, [rows] * LOGS)
    with pytest.raises(
        WrongData, match="rows 0 to 8 are one episode, but a game has at most 5 steps"
    ):
        obtain(lasting(5), tmp_path / "set", tmp_path, Sampling(1))


def test_actions_that_the_game_lacks_are_refused(tmp_path: Path) -> None:
    own_logs(tmp_path, [[Row(1, 4, 0.0, 1)] * 30] * LOGS)
    with pytest.raises(ValueError, match="actions hold 4, but the environment takes 0 to 3"):
        obtain(TASK, tmp_path / "set", tmp_path, Sampling(1))


def test_too_little_space_is_said_before(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("bench.datasets.recorder.shutil.disk_usage", lambda path: usage)
    with pytest.raises(DiskFull, match="bytes, but 10 are free"):
        obtain(TASK, tmp_path / "set", root, small())


def test_a_task_of_no_game() -> None:
    with pytest.raises(ValueError, match="no data for 'hopper-medium'; it has breakout-replay"):
        obtain(task_by_name("hopper-medium"), Path("set"))


# --- the verb -------------------------------------------------------------------------------------


def test_fetch_from_a_folder(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    fetch = ["data", "fetch", "breakout-replay", "--from", str(root)]
    assert main([*fetch, "--steps", "300", "--seed", "2"]) == 0
    out = "data/dqn_replay/breakout-replay/300-2"
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == out
    assert lines[0].startswith("logs: ")
    assert main(["data", "verify", out]) == 0
    assert main([*fetch, "--steps", "300", "--rows", "200"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("/300-0-of-200")
    assert main(fetch) == 1
    assert "not 500,000. Choose fewer --steps" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["breakout-replay", "--file", "a"], "--file does not apply to source dqn_replay"),
        (["hopper-medium", "--from", "a"], "--from does not apply to source d4rl"),
        (["hopper-medium", "--seed", "0"], "--seed does not apply to source d4rl"),
        (["hopper-medium", "--source", "dqn_replay"], "DQN-replay has no data for 'hopper-medium'"),
        (["breakout-replay", "--source", "d4rl"], "D4RL has no data for 'breakout-replay'"),
    ],
)
def test_options_of_the_other_source(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "fetch", *arguments]) == 1
    assert message in capsys.readouterr().err
