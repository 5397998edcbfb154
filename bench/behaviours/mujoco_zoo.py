"""The zoo of a MuJoCo domain: train online, then choose the medium policy, the expert, and the snapshots of
medium-replay.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.behaviours import ZOO
from bench.behaviours.actor import Actor
from bench.behaviours.collect import roll_out
from bench.behaviours.zoo import Snapshot, Zoo, described, emptied, write
from bench.core.files import read_json, write_json
from bench.datasets.trajectories import F64, I64
from bench.tasks.families import Domain

ALGORITHMS = ("tqc", "sac")
KEEP_EVERY = 1_000  # steps between two snapshots
MEDIUM = (38.0, 50.0)  # range of the normalised score of the medium policy, over EPISODES episodes
EPISODES = 100
SCREENING = 20  # evaluation episodes of a snapshot before the choice
SCREENED = 100  # snapshots of the whole training that are screened, and then of those near MEDIUM
NEAR = 10.0  # points
FINALISTS = 8  # medium policies that are compared over EPISODES episodes
REPLAY_SNAPSHOTS = 24


def training_steps(domain: Domain) -> int:
    """Return the default number of training steps."""
    return 400_000


def train(
    domain: Domain,
    work: Path,
    root: Path,
    *,
    algorithm: str,
    steps: int,
    seed: int,
    keep_every: int,
    options: dict[str, Any],
    command: str,
) -> str:
    """Train, write the zoo, and return a summary line.

    Args:
        domain: the environment.
        work: folder of the training. A second call with the same folder resumes.
        root: the folder of all zoos.
        algorithm: one of ALGORITHMS.
        steps: environment steps.
        seed: the seed of the training.
        keep_every: steps between two snapshots.
        options: settings of the algorithm.
        command: the command that makes the zoo, for the manifest.
    """
    from bench.behaviours.sac import train_online

    train_online(
        domain.environment,
        work,
        algorithm=algorithm,
        steps=steps,
        seed=seed,
        keep_every=keep_every,
        options=options,
    )
    built = build(domain, work, command, root)
    return f"{built.folder}: medium {built.medium.score:.1f}, expert {built.expert.score:.1f} (normalised)"


def build(
    domain: Domain,
    training: Path,
    command: str,
    root: Path = ZOO,
    report: Callable[[str], None] = print,
) -> Zoo:
    """Choose snapshots from a training, evaluate them, and write the zoo.

    Snapshots at even distances over the whole training are screened: each plays SCREENING episodes. So are the
    snapshots between those that score within NEAR of MEDIUM.

    - The medium policy has a score within MEDIUM, and returns with the smallest spread. A policy whose returns have two
      modes, such as one that fails or plays like an expert, has a large spread. The FINALISTS with the smallest spreads
      in the screening play EPISODES new episodes, and the one with the smallest spread there is chosen.
    - Medium-replay has REPLAY_SNAPSHOTS snapshots at even distances over the training up to the medium policy, which is
      the last one. Each stands for an equal part of the training.
    - The expert is the best, over EPISODES new episodes, of the five snapshots with the highest returns in the
      screening.

    Raises:
        ValueError: no snapshot is medium, or too few snapshots come before it.
    """
    actors = {int(path.stem): path for path in sorted((training / "actors").glob("*.safetensors"))}
    screening = Screening(domain, actors, training / "screening.json", report)
    steps = sorted(actors)
    screening.play(_evenly(steps, SCREENED))
    screening.play(_evenly(_between(steps, screening.near()), SCREENED))

    def play(step: int) -> tuple[F64, I64]:
        episodes = roll_out(
            Actor.load(actors[step]),
            domain.environment,
            name=f"score-{domain.name}-{step}",
            episodes=EPISODES,
        )
        returns = np.array([episode.rewards.sum(dtype=np.float64) for episode in episodes])
        lengths = np.array([episode.steps for episode in episodes])
        mean, spread = _score(domain, returns)
        report(f"step {step}: normalised {mean:.1f} ± {spread:.1f}")
        return returns, lengths

    candidates = [
        step for step in steps[REPLAY_SNAPSHOTS - 1 :] if _within(screening.scores.get(step), 0.0)
    ]
    finalists = sorted(candidates, key=lambda step: screening.scores[step][1])[:FINALISTS]
    played = {step: _score(domain, play(step)[0]) for step in finalists}
    confirmed = [step for step in finalists if _within(played[step], 0.0)]
    if not confirmed:
        low, high = MEDIUM
        raise ValueError(
            f"{training} has no snapshot with a score of {low:.0f} to {high:.0f} and {REPLAY_SNAPSHOTS} snapshots "
            "up to it; train longer, or keep snapshots more often (--keep-every)"
        )
    medium = min(confirmed, key=lambda step: played[step][1])
    best = sorted(screening.scores, key=lambda step: screening.scores[step][0])[-5:]
    expert = max(best, key=lambda step: float(play(step)[0].mean()))

    folder = emptied(root / domain.name)

    def keep(step: int, share: float) -> Snapshot:
        path = folder / f"{step:07d}.safetensors"
        Actor.load(actors[step]).save(path, dtype=np.float16)
        actors[step] = path  # evaluate the committed float16 weights
        return described(domain, path, step, share, *play(step))

    chosen = even_steps([step for step in steps if step <= medium], REPLAY_SNAPSHOTS)
    replay = tuple(keep(step, 1 / REPLAY_SNAPSHOTS) for step in chosen)
    zoo = Zoo(folder, replay, keep(expert, 0.0))
    write(zoo, domain, training, command, {"episodes": EPISODES, "actions": "sampled"})
    return zoo


class Screening:
    """The normalised scores of snapshots in a few episodes, mean and sample standard deviation, kept in a file.

    Attributes:
        scores: step -> mean and standard deviation over SCREENING episodes.
    """

    def __init__(
        self, domain: Domain, actors: dict[int, Path], cache: Path, report: Callable[[str], None]
    ) -> None:
        self.domain, self.actors, self.cache, self.report = domain, actors, cache, report
        saved = read_json(cache) if cache.exists() else {}
        self.scores: dict[int, tuple[float, float]] = {
            int(step): (mean, spread) for step, (mean, spread) in saved.items()
        }

    def play(self, steps: list[int]) -> None:
        """Screen the snapshots of these steps that have no score yet."""
        for step in steps:
            if step in self.scores:
                continue
            episodes = roll_out(
                Actor.load(self.actors[step]),
                self.domain.environment,
                name=f"screen-{self.domain.name}-{step}",
                episodes=SCREENING,
            )
            returns = np.array([episode.rewards.sum(dtype=np.float64) for episode in episodes])
            self.scores[step] = mean, spread = _score(self.domain, returns)
            self.report(f"screening step {step}: normalised {mean:.1f} ± {spread:.1f}")
            write_json(self.cache, self.scores)

    def near(self) -> list[tuple[int, int]]:
        """Return the ranges of steps, without their ends, between screened neighbours of which one is near MEDIUM."""
        steps = sorted(self.scores)
        return [
            (before, after)
            for before, after in itertools.pairwise(steps)
            if _within(self.scores[before], NEAR) or _within(self.scores[after], NEAR)
        ]


def even_steps(steps: list[int], count: int) -> list[int]:
    """Return `count` of the steps at even distances, the last one among them.

    The distance is the last step divided by `count`. Each multiple of it is replaced by the nearest step that leaves
    enough steps for the others.

    Raises:
        ValueError: there are fewer steps.
    """
    if len(steps) < count:
        raise ValueError(f"{len(steps)} snapshots are too few: {count} are needed")
    chosen: list[int] = []
    first = 0
    for number in range(1, count + 1):
        left = len(steps) - (count - number)  # so many are before the ones that the others need
        aim = number * steps[-1] / count
        index = min(range(first, left), key=lambda i: abs(steps[i] - aim))
        chosen.append(steps[index])
        first = index + 1
    return chosen


def _evenly(steps: list[int], most: int) -> list[int]:
    """Return all steps, or `most` of them at even distances in their order, the last one among them."""
    if len(steps) <= most:
        return steps
    return [steps[(number + 1) * len(steps) // most - 1] for number in range(most)]


def _between(steps: list[int], ranges: list[tuple[int, int]]) -> list[int]:
    return [step for step in steps if any(low < step < high for low, high in ranges)]


def _score(domain: Domain, returns: F64) -> tuple[float, float]:
    """Return the normalised mean of returns, and their normalised sample standard deviation."""
    spread = float(returns.std(ddof=1))
    return domain.normalised(float(returns.mean())), domain.normalised_spread(spread)


def _within(score: tuple[float, float] | None, margin: float) -> bool:
    """Return whether a mean score lies in MEDIUM, widened by a margin."""
    return score is not None and MEDIUM[0] - margin <= score[0] <= MEDIUM[1] + margin
