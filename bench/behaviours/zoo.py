"""The zoo: the checkpoints of one online training that the data sets are rolled out from.

`zoo/<domain>/` holds the weights (float16 safetensors) and a manifest with each checkpoint's
training step, score, and SHA-256. Levels follow D4RL's idea (Fu et al. 2020, section 5): `medium`
is about a third of the expert, `expert` the best. A game's checkpoints are spread evenly over its
training (bench/behaviours/atari_zoo.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.behaviours import ZOO
from bench.behaviours.actor import Actor
from bench.behaviours.atari_agent import F64, I64, Player
from bench.behaviours.collect import roll_out
from bench.behaviours.log import learning_curve
from bench.core.files import DamagedFile, read_json, sha256, write_json
from bench.environments.vector import simulator_versions
from bench.tasks.registry import Domain

MEDIUM = (30.0, 50.0)  # normalised score of the medium level, over EPISODES episodes
EPISODES = 100
SCREENING = 20  # episodes that a kept actor gets before the choice
REPLAY_CHECKPOINTS = 12


@dataclass(frozen=True)
class Checkpoint:
    """One behaviour policy.

    Attributes:
        file: name inside the zoo's folder.
        step: environment steps of training behind it.
        share: the part of the training (up to `medium`) that it stands for; 0 for an expert beyond
            it. The shares sum to 1.
        score: normalised mean return over the sampled episodes of the manifest's `evaluation`.
        return_mean: the same, raw.
        return_std: over episodes, sample standard deviation.
        length_mean: steps per episode.
        sha256: of the file.
    """

    file: str
    step: int
    share: float
    score: float
    return_mean: float
    return_std: float
    length_mean: float
    sha256: str


@dataclass(frozen=True)
class Zoo:
    """The checkpoints of one domain, oldest first; `replay` ends with the medium policy, or where a
    game's training ended.
    """

    folder: Path
    replay: tuple[Checkpoint, ...]
    expert: Checkpoint

    @property
    def medium(self) -> Checkpoint:
        """Return the checkpoint of level medium, which games have not."""
        return self.replay[-1]

    def actor(self, checkpoint: Checkpoint) -> Actor:
        """Load a checkpoint's policy.

        Raises:
            DamagedFile: its bytes are not those of the manifest.
        """
        return Actor.load(self._intact(checkpoint))

    def player(self, checkpoint: Checkpoint) -> Player:
        """Load a checkpoint's policy, of a game.

        Raises:
            DamagedFile: its bytes are not those of the manifest.
        """
        return Player.load(self._intact(checkpoint))

    def _intact(self, checkpoint: Checkpoint) -> Path:
        path = self.folder / checkpoint.file
        if not path.exists() or sha256(path) != checkpoint.sha256:
            raise DamagedFile(
                f"behaviour policy {path} is missing or damaged; restore it from version control"
            )
        return path


def read(domain: Domain, root: Path = ZOO) -> Zoo:
    """Read a domain's zoo.

    Raises:
        FileNotFoundError: there is none; train one.
        DamagedFile: the manifest is damaged.
    """
    path = root / domain.name / "manifest.json"
    if not path.exists():
        raise FileNotFoundError(
            f"no behaviour policies at {path.parent}; `bench behaviours train {domain.name}` makes them"
        )
    manifest = read_json(path)
    try:
        return Zoo(
            folder=path.parent,
            replay=tuple(Checkpoint(**row) for row in manifest["replay"]),
            expert=Checkpoint(**manifest["expert"]),
        )
    except (KeyError, TypeError) as error:
        raise DamagedFile(
            f"{path} is not a zoo's manifest ({error}); restore it from version control"
        ) from error


def build(
    domain: Domain,
    training: Path,
    command: str,
    root: Path = ZOO,
    report: Callable[[str], None] = print,
) -> Zoo:
    """Choose checkpoints among the actors kept in `training`, score them, write the zoo.

    Every kept actor is screened with a few episodes. Among those whose score lies in MEDIUM, medium
    is the one up to which REPLAY_CHECKPOINTS actors climb most evenly in return, if 100 fresh
    episodes confirm its score; these actors are the replay checkpoints. The expert is the best over
    100 fresh episodes among the five best of the screening.

    Raises:
        ValueError: no actor is medium, or too few actors lie before it.
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
        step: _evenly_spaced([s for s in steps if s <= step], curve, REPLAY_CHECKPOINTS)
        for step in steps[REPLAY_CHECKPOINTS - 1 :]
        if low <= domain.normalised(curve[step]) <= high
    }
    by_evenness = sorted(paths, key=lambda step: paths[step][0])
    medium = next((step for step in by_evenness if low <= score(step)[0] <= high), None)
    if medium is None:
        raise ValueError(
            f"no kept actor of {training} scores {low:.0f} to {high:.0f} with {REPLAY_CHECKPOINTS} "
            "kept up to it; train longer or keep actors more often"
        )
    expert = max(sorted(steps, key=lambda step: curve[step])[-5:], key=lambda step: score(step)[0])
    chosen = paths[medium][1]

    folder = emptied(root / domain.name)

    def keep(step: int, share: float) -> Checkpoint:
        path = folder / f"{step:07d}.safetensors"
        Actor.load(actors[step]).save(path, dtype=np.float16)
        actors[step] = path  # score what is shipped: the float16 weights
        return described(domain, path, step, share, *score(step)[1])

    shares = np.diff([0, *chosen]) / medium
    replay = tuple(keep(step, float(share)) for step, share in zip(chosen, shares, strict=True))
    zoo = Zoo(folder, replay, keep(expert, 0.0))
    write(zoo, domain, training, command, {"episodes": EPISODES, "actions": "sampled"})
    return zoo


def emptied(folder: Path) -> Path:
    """Return the folder of a zoo without the checkpoints that it held."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.safetensors"):
        stale.unlink()
    return folder


def described(
    domain: Domain, path: Path, step: int, share: float, returns: F64, lengths: I64
) -> Checkpoint:
    """Return what the manifest says of a checkpoint, from the episodes that it played."""
    mean = float(returns.mean())
    return Checkpoint(
        file=path.name,
        step=step,
        share=share,
        score=round(domain.normalised(mean), 2),
        return_mean=round(mean, 2),
        return_std=round(float(returns.std(ddof=1)), 2),
        length_mean=round(float(lengths.mean()), 1),
        sha256=sha256(path),
    )


def write(
    zoo: Zoo, domain: Domain, training: Path, command: str, evaluation: dict[str, Any]
) -> None:
    """Write the manifest of a zoo whose checkpoints lie in its folder.

    Args:
        zoo: what to write.
        domain: its domain.
        training: the folder of the training.
        command: what made it.
        evaluation: how the checkpoints were scored.
    """
    manifest = {
        "domain": domain.name,
        "environment": domain.environment,
        "command": command,
        "training": read_json(training / "identity.json"),
        "evaluation": evaluation | {"simulator": simulator_versions(domain.environment)},
        "replay": [asdict(checkpoint) for checkpoint in zoo.replay],
        "expert": asdict(zoo.expert),
        "learning_curve": learning_curve(training),
    }
    write_json(zoo.folder / "manifest.json", manifest)


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
    """Return `count` of the steps, from the first to the last, whose returns climb most evenly.

    The returns asked for are evenly spaced between those of the first and the last step. Dynamic
    programming finds the steps, in order of training, with the least sum of squared distances.

    Returns:
        The mean squared distance, relative to the spacing, and the steps.
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
