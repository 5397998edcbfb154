"""Make a data set of DQN-replay data (Agarwal et al. 2020), sampled as the paper's code does.

The paper learns from "1% of the DQN-replay dataset", 500,000 of 50 million transitions (p.6). Its
code (kzl/decision-transformer@e2d82e6 atari/create_dataset.py) draws one of the 50 logs of run 1 at
random, with replacement; reads on from where that log was left, to the eleventh end of a game from
there; and so on until there are 500,000 rows. Of each log of a million rows it reads the first
100,000: a visit that gets to the end of these is undone, and later visits to that log find nothing
new. So the sample is not uniform, and another seed gives another one. `draw` does the same with a
generator of NumPy: the same distribution, another draw than theirs with any seed.

What one gets of a log is therefore a piece from its beginning; here the pieces stand in the order
of the training. What is otherwise than in the paper's code:

- The rows of zeros that Dopamine puts before each game are no transitions here; theirs has three more
  steps in each game. They do count towards the 500,000, so that the same games are drawn.
- Its list of the games' ends keeps those of a visit that is undone. Here nothing of it remains.
- A log's first rows are mostly the end of a game that began in the log before. As there, they are
  an episode, whose first steps have lost the frames before; here these are zeros.
- Where an episode of 27,000 steps was ended by the clock, that is a time-out, not a terminal.

Rewards are as stored, clipped to [-1, 1] (google/dopamine discrete_domains/run_experiment.py); the
games' scores are not known. Nor is the frame after the last action.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.seeds import generator
from bench.datasets.readers import dopamine
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.dopamine import FRAMES, SIDE, file_name
from bench.datasets.readers.dqn_replay_files import Files, files_of
from bench.datasets.recorder import Video, record, refuse_without_space
from bench.datasets.trajectories import I64, Trajectories
from bench.environments import atari
from bench.tasks.registry import Task, tasks_of

LOGS = 50
STEPS = 500_000  # 1 % of a run
ROWS = 100_000  # of each log: the paper's code makes its buffer of so many (`replay_capacity`)
GAMES = 11  # of a visit: `trajectories_per_buffer`, and one more


@dataclass(frozen=True)
class Sampling:
    """Which rows to take.

    Attributes:
        steps: rows at least.
        seed: of the draw.
        rows: only so many of each log are read.
    """

    steps: int = STEPS
    seed: int = 0
    rows: int = ROWS

    @property
    def name(self) -> str:
        """Return what tells this sample's folder from another's: STEPS-SEED, if the rest is as in the
        paper's code.
        """
        return f"{self.steps}-{self.seed}" + (f"-of-{self.rows}" if self.rows != ROWS else "")


def draw(ends: Callable[[int], I64 | None], name: str, sampling: Sampling) -> dict[int, int]:
    """Return how many rows to take of which log, in the order of their numbers.

    Args:
        ends: number of a log -> the row after each end of a game in it; None: there is no such log.
            Asked once for each.
        name: of the task; another one draws otherwise.
        sampling: how many rows, and with which seed.

    Raises:
        WrongData: there is no log, or all of them together do not hold so many rows.
    """
    random = generator("dqn_replay", name, sampling.seed)
    logs: dict[int, I64 | None] = {}
    taken: dict[int, int] = {}
    games: Counter[int] = Counter()
    spent: set[int] = set()
    while sum(taken.values()) < sampling.steps:
        if len(spent) == LOGS:
            there = sum(log is not None for log in logs.values())
            raise WrongData(_too_few(name, there, sum(taken.values()), sampling))
        number = int(random.integers(LOGS))
        if number not in logs:
            logs[number] = ends(number)
        log = logs[number]
        if log is None or games[number] + GAMES > len(log):
            spent.add(number)
        else:
            games[number] += GAMES
            taken[number] = int(log[games[number] - 1])
    return dict(sorted(taken.items()))


def _too_few(name: str, there: int, rows: int, sampling: Sampling) -> str:
    if there == 0:
        return f"{name}: none of the {LOGS} logs is there"
    return (
        f"{name}: {there} of {LOGS} logs are there, and {GAMES} games at a time from the first {sampling.rows:,} rows "
        f"of each they give {rows:,} rows, not {sampling.steps:,}: ask for fewer --steps, read more --rows of each "
        "log, or get more logs"
    )


def obtain(
    task: Task,
    out: Path,
    source: str | Path | None = None,
    sampling: Sampling = Sampling(),
    progress: Callable[[int, int], None] = lambda rows, of: None,
) -> list[str]:
    """Make a task's data set of DQN-replay logs.

    Args:
        task: of an Atari game.
        out: folder of the data set.
        source: a folder with `Breakout/1/replay_logs`, or an address above it; by default that
            where the logs were published.
        sampling: which rows.
        progress: called with the rows of each finished episode, and with how many there will be.

    Returns:
        What was read, a line each.

    Raises:
        ValueError: the task is not Atari's.
        FileNotFoundError: the folder holds no logs of the game, or a log lacks a file.
        DownloadFailed: the server refuses.
        DamagedFile: a file is truncated, or something else.
        WrongData: the files hold other data than DQN-replay's.
        DiskFull: no space.
    """
    if task.name not in tasks_of("atari"):
        raise ValueError(
            f"DQN-replay has no data for {task.name!r}; it has {', '.join(tasks_of('atari'))}"
        )
    files = files_of(task.domain.name, source)
    chosen = draw(lambda number: _ends(files, number, sampling.rows), task.name, sampling)
    total = sum(chosen.values())
    refuse_without_space(out, total, SIDE * SIDE)
    environment = atari.make(task.domain.name)
    n_actions = int(environment.action_space.n)
    environment.close()
    count = _Count()

    def about() -> dict[str, Any]:
        return {
            "source": "dqn_replay",
            "task": task.name,
            "environment": task.domain.environment,
            "meaning": "transitions of a DQN's training, sampled as the paper's code does",
            "seed": sampling.seed,
            "rewards": "clipped to [-1, 1]; the games' scores are not known",
            "origin": {
                "files": files.name,
                "rows_read_of_each_log": sampling.rows,
                "rows_taken": {str(number): rows for number, rows in chosen.items()},
                "rows_of_zeros_left_out": count.padding,
                "episodes_without_their_beginning": count.headless,
            },
        }

    data = record(
        _episodes(files, chosen, task.domain.horizon, count, lambda rows: progress(rows, total)),
        out,
        about,
        stack=atari.STACK,
        n_actions=n_actions,
    )
    return _said(data, files, chosen, count)


@dataclass
class _Count:
    """What was met on the way."""

    padding: int = 0
    headless: int = 0


def _ends(files: Files, number: int, rows: int) -> I64 | None:
    """Return the row after each end of a game, but not of one in the last row that is read: there the
    paper's code undoes its visit.
    """
    if files(file_name("$store$_terminal", number)) is None:
        return None
    terminals = dopamine.read(files, number, rows).terminals
    return np.flatnonzero(terminals[:-1]) + 1


def _episodes(
    files: Files,
    chosen: dict[int, int],
    horizon: int,
    count: _Count,
    progress: Callable[[int], None],
) -> Iterator[Video]:
    for number, rows in chosen.items():
        log = dopamine.read(files, number, rows)
        path = dopamine.present(files, FRAMES, number)
        episode_starts = np.concatenate([[0], np.flatnonzero(log.terminals) + 1])
        _within(horizon, episode_starts, path)
        spans = dopamine.frames(path, np.diff(episode_starts))
        for start, stop, span in zip(episode_starts[:-1], episode_starts[1:], spans, strict=True):
            zeros = dopamine.padding(log.actions[start:stop], log.rewards[start:stop], span)
            count.padding += zeros
            count.headless += int(start == 0 and zeros == 0)
            progress(int(stop - start))
            yield Video(
                frames=span[zeros:],
                actions=log.actions[start + zeros : stop],
                rewards=log.rewards[start + zeros : stop],
                terminal=bool(stop - start - zeros < horizon),
                final=None,
                score=None,
            )


def _within(horizon: int, episode_starts: I64, path: Path) -> None:
    """Refuse an episode longer than a game may last, before memory is asked for."""
    lengths = np.diff(episode_starts)
    longest = int(lengths.argmax())
    if lengths[longest] > horizon + dopamine.PADDING:
        raise WrongData(
            f"{path}: rows {episode_starts[longest]:,} to {episode_starts[longest + 1] - 1:,} are one episode, "
            f"longer than the {horizon:,} steps that a game may last: its end is not marked"
        )


def _said(data: Trajectories, files: Files, chosen: dict[int, int], count: _Count) -> list[str]:
    return [
        f"logs: {len(chosen)} of {LOGS} from {files.name}: {', '.join(map(str, chosen))}",
        f"rows: {sum(chosen.values()):,}, of which {count.padding:,} are the zeros before a game",
        f"episodes: {data.episodes:,}, of which {count.headless:,} have lost their beginning",
        f"steps: {data.steps:,}; mean return {data.returns.mean():.1f}, of clipped rewards",
    ]
