"""The zoo of a game: snapshots of an agent at even distances over one training, from its start to its end.

Together they represent the whole training, as the DQN-replay data contain all games of a training. The agents play a
data set one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.behaviours import ZOO
from bench.behaviours.atari_agent import AtariAgent
from bench.behaviours.atari_games import evaluate_agent
from bench.behaviours.zoo import Snapshot, Zoo, described, emptied, write
from bench.environments.atari import STICKY
from bench.tasks.families import Domain

ALGORITHMS = ("ppo",)
KEEP_EVERY = 50_000  # steps between two snapshots
AGENTS = 10
EPISODES = 20  # whole games in the score of an agent


def training_steps(domain: Domain) -> int:
    """Return the default number of training steps."""
    from bench.behaviours.atari_training import STEPS

    return STEPS[domain.name]


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
    """Train, write the zoo, and return a summary line. The arguments are those of
    `bench.behaviours.mujoco_zoo.train`.
    """
    from bench.behaviours.atari_training import train_agent

    train_agent(domain.name, work, steps=steps, seed=seed, keep_every=keep_every, options=options)
    built = build(domain, work, command, root)
    first, best = built.replay[0], built.expert
    return (
        f"{built.folder}: scores {first.return_mean:,.1f} to {best.return_mean:,.1f}, normalised "
        f"{first.score:.1f} to {best.score:.1f}"
    )


def build(
    domain: Domain,
    training: Path,
    command: str,
    root: Path = ZOO,
    report: Callable[[str], None] = print,
) -> Zoo:
    """Choose the agents of a zoo from a training, evaluate them, and write the zoo.

    Each agent gives the same fraction of the data. The evaluation is like the play for the data: sampled actions,
    sticky actions, whole games. The expert is the best agent.

    Args:
        domain: the domain of a game.
        training: the folder in which `train_agent` kept snapshots.
        command: the command that made them.
        root: the folder of all zoos.
        report: called with a line for each agent.

    Raises:
        ValueError: the training has fewer snapshots than a zoo.
    """
    kept = {int(path.stem): path for path in (training / "actors").glob("*.safetensors")}
    chosen = spread(sorted(kept), AGENTS)
    agents = {step: AtariAgent.load(kept[step]) for step in chosen}
    folder = emptied(root / domain.name)

    def keep(step: int) -> Snapshot:
        path = folder / f"{step:09d}.safetensors"
        agents[step].save(path, dtype=np.float16)
        shipped = AtariAgent.load(path)  # evaluate the committed float16 weights
        name = f"score-{domain.name}-{step}"
        scores, lengths = evaluate_agent(shipped, domain.name, name=name, episodes=EPISODES)
        report(
            f"step {step:,}: score {scores.mean():.1f} ± {scores.std(ddof=1):.1f}, {scores.min():.0f} to "
            f"{scores.max():.0f} in {EPISODES} games of {lengths.mean():,.0f} steps"
        )
        return described(domain, path, step, 1 / AGENTS, scores, lengths)

    replay = tuple(keep(step) for step in chosen)
    zoo = Zoo(folder, replay, max(replay, key=lambda snapshot: snapshot.return_mean))
    evaluation = {"episodes": EPISODES, "actions": "sampled", "sticky": STICKY}
    write(zoo, domain, training, command, evaluation)
    return zoo


def spread(steps: list[int], count: int) -> list[int]:
    """Return `count` of the steps (ascending): those nearest to `count` evenly spaced numbers from the first step to
    the last.

    Raises:
        ValueError: there are too few steps.
    """
    ends = (steps[0], steps[-1]) if steps else (0, 0)
    levels = np.linspace(*ends, count).tolist()
    chosen = sorted({min(steps, key=lambda s: abs(s - level), default=0) for level in levels})
    if len(chosen) < count:
        raise ValueError(
            f"the training has {len(steps)} snapshots, but a zoo needs {count} at even distances: "
            "train longer, or keep snapshots more often (--keep-every)"
        )
    return chosen
