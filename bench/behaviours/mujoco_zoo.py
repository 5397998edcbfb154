"""The zoo of a MuJoCo domain: train online, then choose the medium policy, the expert, and the snapshots of
medium-replay.
"""

from __future__ import annotations

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
KEEP_EVERY = 2_000  # steps between two snapshots
MEDIUM = (30.0, 50.0)  # range of the normalised score of the medium policy, over EPISODES episodes
EPISODES = 100
SCREENING = 20  # evaluation episodes of each snapshot before the choice
REPLAY_SNAPSHOTS = 12


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

    First, every snapshot is evaluated in SCREENING episodes. The candidates for the medium policy are the snapshots
    with a score within MEDIUM. For each candidate, REPLAY_SNAPSHOTS snapshots up to it are chosen whose returns rise
    most evenly. The medium policy is the candidate with the most even rise whose score over 100 new episodes is also
    within MEDIUM. Its chosen snapshots are those of medium-replay. The expert is the best of the five snapshots with
    the highest returns in the first evaluation, over 100 new episodes.

    Raises:
        ValueError: no snapshot is medium, or too few snapshots come before it.
    """
    actors = {int(path.stem): path for path in sorted((training / "actors").glob("*.safetensors"))}
    curve = _screen(domain, actors, training / "screening.json", report)
    steps = sorted(actors)

    def score(step: int) -> tuple[float, tuple[F64, I64]]:
        episodes = roll_out(
            Actor.load(actors[step]),
            domain.environment,
            name=f"score-{domain.name}-{step}",
            episodes=EPISODES,
        )
        returns = np.array([episode.rewards.sum(dtype=np.float64) for episode in episodes])
        lengths = np.array([episode.steps for episode in episodes])
        report(
            f"step {step}: return {returns.mean():.1f}, normalised {domain.normalised(returns.mean()):.1f}"
        )
        return domain.normalised(returns.mean()), (returns, lengths)

    low, high = MEDIUM
    paths = {
        step: _evenly_spaced([s for s in steps if s <= step], curve, REPLAY_SNAPSHOTS)
        for step in steps[REPLAY_SNAPSHOTS - 1 :]
        if low <= domain.normalised(curve[step]) <= high
    }
    by_evenness = sorted(paths, key=lambda step: paths[step][0])
    medium = next((step for step in by_evenness if low <= score(step)[0] <= high), None)
    if medium is None:
        raise ValueError(
            f"{training} has no snapshot with a score of {low:.0f} to {high:.0f} and {REPLAY_SNAPSHOTS} snapshots "
            "up to it; train longer, or keep snapshots more often (--keep-every)"
        )
    expert = max(sorted(steps, key=lambda step: curve[step])[-5:], key=lambda step: score(step)[0])
    chosen = paths[medium][1]

    folder = emptied(root / domain.name)

    def keep(step: int, share: float) -> Snapshot:
        path = folder / f"{step:07d}.safetensors"
        Actor.load(actors[step]).save(path, dtype=np.float16)
        actors[step] = path  # evaluate the committed float16 weights
        return described(domain, path, step, share, *score(step)[1])

    shares = np.diff([0, *chosen]) / medium
    replay = tuple(keep(step, float(share)) for step, share in zip(chosen, shares, strict=True))
    zoo = Zoo(folder, replay, keep(expert, 0.0))
    write(zoo, domain, training, command, {"episodes": EPISODES, "actions": "sampled"})
    return zoo


def _screen(
    domain: Domain, actors: dict[int, Path], cache: Path, report: Callable[[str], None]
) -> dict[int, float]:
    curve = {int(step): value for step, value in read_json(cache).items()} if cache.exists() else {}
    for step in sorted(set(actors) - set(curve)):
        episodes = roll_out(
            Actor.load(actors[step]),
            domain.environment,
            name=f"screen-{domain.name}-{step}",
            episodes=SCREENING,
        )
        curve[step] = float(
            np.mean([episode.rewards.sum(dtype=np.float64) for episode in episodes])
        )
        report(f"screening step {step}: return {curve[step]:.1f}")
        write_json(cache, curve)
    return curve


def _evenly_spaced(
    steps: list[int], curve: dict[int, float], count: int
) -> tuple[float, list[int]]:
    """Return the `count` steps, from the first to the last, whose returns rise most evenly.

    The desired returns are evenly spaced between the returns of the first and the last step. Dynamic programming
    finds the steps, in the order of training, with the smallest sum of squared distances to them.

    Returns:
        The mean squared distance, relative to the squared spacing, and the steps.
    """
    returns = np.array([curve[step] for step in steps])
    levels = np.linspace(returns[0], returns[-1], count)
    distance = (returns[None] - levels[:, None]) ** 2  # (count, steps)
    distance[0, 1:] = distance[-1, :-1] = np.inf
    cost, came_from = distance[0], []
    for level in range(1, count):
        best = np.minimum.accumulate(np.concatenate([[np.inf], cost[:-1]]))
        came_from.append([int(np.argmin(cost[:i])) if i else 0 for i in range(len(steps))])
        cost = best + distance[level]
    chosen = [len(steps) - 1]
    for back in reversed(came_from):
        chosen.append(back[chosen[-1]])
    spacing = max(float(levels[1] - levels[0]), 1e-9)
    return float(cost[-1]) / count / spacing**2, [steps[i] for i in reversed(chosen)]
