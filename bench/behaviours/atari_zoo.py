"""The zoo of a game: players spread evenly over one training, from untrained to its end.

Together they stand for the whole training, as the DQN-replay data hold all of an agent's games; the
data sets are played by one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.behaviours import ZOO
from bench.behaviours.atari_agent import Player
from bench.behaviours.atari_games import scored
from bench.behaviours.zoo import Checkpoint, Zoo, described, emptied, write
from bench.environments.atari import STICKY
from bench.tasks.registry import Domain

PLAYERS = 10
EPISODES = 20  # whole games that score a player


def build(
    domain: Domain,
    training: Path,
    command: str,
    root: Path = ZOO,
    report: Callable[[str], None] = print,
) -> Zoo:
    """Take players of equal share out of a training, score them, write the zoo.

    They are scored as they play for the data: sampled actions, sticky, whole games. The expert is
    the best of them.

    Args:
        domain: of a game.
        training: folder in which `train_player` kept players.
        command: what made them.
        root: where zoos lie.
        report: called with a line for each player.

    Raises:
        ValueError: fewer players were kept than a zoo has.
    """
    kept = {int(path.stem): path for path in (training / "actors").glob("*.safetensors")}
    chosen = spread(sorted(kept), PLAYERS)
    players = {step: Player.load(kept[step]) for step in chosen}
    folder = emptied(root / domain.name)

    def keep(step: int) -> Checkpoint:
        path = folder / f"{step:09d}.safetensors"
        players[step].save(path, dtype=np.float16)
        shipped = Player.load(path)  # score what is shipped: the float16 weights
        name = f"score-{domain.name}-{step}"
        scores, lengths = scored(shipped, domain.name, name=name, episodes=EPISODES)
        report(
            f"step {step:,}: score {scores.mean():.1f} ± {scores.std(ddof=1):.1f}, {scores.min():.0f} to "
            f"{scores.max():.0f} in {EPISODES} games of {lengths.mean():,.0f} steps"
        )
        return described(domain, path, step, 1 / PLAYERS, scores, lengths)

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
            f"{len(steps)} players were kept, and a zoo has {count} spread evenly over the "
            "training: train longer, or keep players more often (--keep-every)"
        )
    return chosen
