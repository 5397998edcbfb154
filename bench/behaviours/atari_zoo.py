"""The zoo of a game: agents spread evenly over one training, from untrained to its end.

Together they stand for the whole training, as the DQN-replay data hold all of an agent's games; the
data sets are played by one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.behaviours import ZOO
from bench.behaviours.atari_agent import AtariAgent
from bench.behaviours.atari_games import scored
from bench.behaviours.zoo import Checkpoint, Zoo, described, emptied, write
from bench.environments.atari import STICKY
from bench.tasks.families import Domain

ALGORITHMS = ("ppo",)
KEEP_EVERY = 50_000  # steps between two agents that are kept
AGENTS = 10
EPISODES = 20  # whole games that score an agent


def training_steps(domain: Domain) -> int:
    """Return how many steps a training takes unless it is told otherwise."""
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
    """Train, write the zoo, and return what to say of it; arguments are those of
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
    """Take agents of equal share out of a training, score them, write the zoo.

    They are scored as they play for the data: sampled actions, sticky, whole games. The expert is
    the best of them.

    Args:
        domain: of a game.
        training: folder in which `train_agent` kept agents.
        command: what made them.
        root: where zoos lie.
        report: called with a line for each agent.

    Raises:
        ValueError: fewer agents were kept than a zoo has.
    """
    kept = {int(path.stem): path for path in (training / "actors").glob("*.safetensors")}
    chosen = spread(sorted(kept), AGENTS)
    agents = {step: AtariAgent.load(kept[step]) for step in chosen}
    folder = emptied(root / domain.name)

    def keep(step: int) -> Checkpoint:
        path = folder / f"{step:09d}.safetensors"
        agents[step].save(path, dtype=np.float16)
        shipped = AtariAgent.load(path)  # score what is shipped: the float16 weights
        name = f"score-{domain.name}-{step}"
        scores, lengths = scored(shipped, domain.name, name=name, episodes=EPISODES)
        report(
            f"step {step:,}: score {scores.mean():.1f} ± {scores.std(ddof=1):.1f}, {scores.min():.0f} to "
            f"{scores.max():.0f} in {EPISODES} games of {lengths.mean():,.0f} steps"
        )
        return described(domain, path, step, 1 / AGENTS, scores, lengths)

    replay = tuple(keep(step) for step in chosen)
    zoo = Zoo(folder, replay, max(replay, key=lambda checkpoint: checkpoint.return_mean))
    evaluation = {"episodes": EPISODES, "actions": "sampled", "sticky": STICKY}
    write(zoo, domain, training, command, evaluation)
    return zoo


def spread(steps: list[int], count: int) -> list[int]:
    """Return `count` of the steps (ascending), each the nearest to one of as many even spaced ones
    from the first to the last.

    Raises:
        ValueError: there are too few.
    """
    ends = (steps[0], steps[-1]) if steps else (0, 0)
    wanted = np.linspace(*ends, count).tolist()
    chosen = sorted({min(steps, key=lambda s: abs(s - goal), default=0) for goal in wanted})
    if len(chosen) < count:
        raise ValueError(
            f"{len(steps)} agents were kept, and a zoo has {count} spread evenly over the "
            "training: train longer, or keep agents more often (--keep-every)"
        )
    return chosen
