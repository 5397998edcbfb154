"""Make a data set from DQN-replay data (Agarwal et al. 2020), sampled as in the paper's code.

The paper learns from "1% of the DQN-replay dataset", 500,000 of 50 million transitions (p.6). Its code
(kzl/decision-transformer@e2d82e6 atari/create_dataset.py) repeats two steps until it has 500,000 rows. It draws
one of the 50 logs of run 1 at random, with replacement. Then it reads from this log the next eleven games,
beginning where it last stopped in this log. Of the million rows of each log, it uses only the first 100,000. If
a visit reaches their end, its rows are discarded, and later visits to the log add nothing. The sample is
therefore not uniform, and it depends on the seed. `draw` samples from the same distribution with a NumPy
generator; no seed gives the same draw as the paper's code.

The sample of a log is therefore one piece from its beginning. Here the pieces are in the order of the training.
These are the differences from the paper's code:

- Dopamine inserts rows of zeros before each game. Here they are not transitions; in the paper's code, each game
  has three more steps. They do count towards the 500,000, so that the same games are drawn.
- When the paper's code discards a visit, it keeps the visit's entries in its list of the ends of games. Here
  nothing of a discarded visit is kept.
- The first rows of a log are usually the end of a game that began in the previous log. Both codes use them as
  an episode. The frames before its first steps are lost; here they are zeros.
- If the time limit ended an episode of 27,000 steps, that is a time-out here, not a terminal.

Rewards are as stored, clipped to [-1, 1] (google/dopamine discrete_domains/run_experiment.py). The game scores
and the frames after the last action of each episode are unknown.
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
ROWS = 100_000  # rows used of each log: the buffer size of the paper's code (`replay_capacity`)
GAMES = 11  # games of a visit: `trajectories_per_buffer` plus one


@dataclass(frozen=True)
class Sampling:
    """The size and the seed of a sample.

    Attributes:
        steps: the smallest number of rows of the sample.
        seed: of the draw.
        rows: the number of rows that are used of each log.
    """

    steps: int = STEPS
    seed: int = 0
    rows: int = ROWS

    @property
    def name(self) -> str:
        """Return the folder name of this sample: STEPS-SEED if `rows` is as in the paper's code, otherwise
        STEPS-SEED-of-ROWS.
        """
        return f"{self.steps}-{self.seed}" + (f"-of-{self.rows}" if self.rows != ROWS else "")


def draw(ends: Callable[[int], I64 | None], name: str, sampling: Sampling) -> dict[int, int]:
    """Return number of a log -> number of rows to take from it, in the order of the logs.

    Args:
        ends: number of a log -> the row after the end of each game in it; None if the log does not exist. It is
            called once for each log.
        name: the task; another task gets another draw.
        sampling: the size and the seed.

    Raises:
        WrongData: there is no log, or all logs together have too few rows.
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
        return f"{name}: none of the {LOGS} logs exists"
    return (
        f"{name}: {there} of {LOGS} logs exist. From the first {sampling.rows:,} rows of each, {GAMES} games at a "
        f"time, they give {rows:,} rows, not {sampling.steps:,}. Choose fewer --steps, use more --rows of each log, "
        "or get more logs"
    )


def obtain(
    task: Task,
    out: Path,
    source: str | Path | None = None,
    sampling: Sampling = Sampling(),
    progress: Callable[[int, int], None] = lambda rows, of: None,
) -> list[str]:
    """Make the data set of a task from DQN-replay logs.

    Args:
        task: a task of an Atari game.
        out: folder of the data set.
        source: a folder that contains `Breakout/1/replay_logs`, or such an address. The default is the address
            where the logs were published.
        sampling: the size and the seed of the sample.
        progress: called with the number of rows of each finished episode, and with the total.

    Returns:
        Lines about the data.

    Raises:
        ValueError: the task is not a task of an Atari game.
        FileNotFoundError: the folder holds no logs of the game, or a file of a log is missing.
        DownloadFailed: the server refuses.
        DamagedFile: a file is truncated, or has another format.
        WrongData: the files do not hold DQN-replay data.
        DiskFull: the file system has no space left.
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
    return _summary(data, files, chosen, count)


@dataclass
class _Count:
    """Rows of zeros that were left out, and episodes without their beginning."""

    padding: int = 0
    headless: int = 0


def _ends(files: Files, number: int, rows: int) -> I64 | None:
    """Return the row after the end of each game. A game that ends in the last used row is left out, because the
    paper's code discards such a visit.
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
    """Refuse an episode that is longer than a game can be, before memory is allocated for it."""
    lengths = np.diff(episode_starts)
    longest = int(lengths.argmax())
    if lengths[longest] > horizon + dopamine.PADDING:
        raise WrongData(
            f"{path}: rows {episode_starts[longest]:,} to {episode_starts[longest + 1] - 1:,} are one episode, but a "
            f"game has at most {horizon:,} steps. A terminal is missing in the data"
        )


def _summary(data: Trajectories, files: Files, chosen: dict[int, int], count: _Count) -> list[str]:
    return [
        f"logs: {len(chosen)} of {LOGS} from {files.name}: {', '.join(map(str, chosen))}",
        f"rows: {sum(chosen.values()):,}, of which {count.padding:,} are zeros before a game",
        f"episodes: {data.episodes:,}, of which {count.headless:,} lack their beginning",
        f"steps: {data.steps:,}; mean return of clipped rewards {data.returns.mean():.1f}",
    ]
