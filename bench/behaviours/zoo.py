"""The zoo: the checkpoints of one online training that the data sets are rolled out from.

`zoo/<domain>/` holds the weights (float16 safetensors) and a manifest with each checkpoint's
training step, score, and SHA-256. Levels follow D4RL's idea (Fu et al. 2020, section 5): `medium`
is about a third of the expert, `expert` the best.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.behaviours import ZOO
from bench.behaviours.actor import Actor
from bench.behaviours.rollout import roll_out
from bench.environments import simulator_versions
from bench.files import DamagedFile, read_json, sha256, write_json
from bench.tasks import Domain

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
        share: the part of the training up to `medium` that it stands for; 0 for the expert. The
            shares sum to 1.
        score: D4RL-normalised mean return over EPISODES sampled episodes.
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
    """The checkpoints of one domain, oldest first; `replay` ends with the medium policy."""

    folder: Path
    replay: tuple[Checkpoint, ...]
    expert: Checkpoint

    @property
    def medium(self) -> Checkpoint:
        """Return the checkpoint of level medium."""
        return self.replay[-1]

    def actor(self, checkpoint: Checkpoint) -> Actor:
        """Load a checkpoint's policy.

        Raises:
            DamagedFile: its bytes are not those of the manifest.
        """
        path = self.folder / checkpoint.file
        if not path.exists() or sha256(path) != checkpoint.sha256:
            raise DamagedFile(
                f"behaviour policy {path} is missing or damaged; restore it from version control"
            )
        return Actor.load(path)


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
    """Choose checkpoints among the actors that `train_online` kept in `training`, score them, write
    the zoo.

    Every kept actor is screened with a few episodes. Medium is the first whose score over 100 fresh
    episodes lies in MEDIUM; the replay checkpoints are spaced evenly in return from the start of
    training up to medium; the expert is the best over 100 fresh episodes among the five best of the
    screening.

    Raises:
        ValueError: no actor is medium, or too few actors lie before it.
    """
    actors = {int(path.stem): path for path in sorted((training / "actors").glob("*.safetensors"))}
    curve = _screen(domain, actors, training / "screening.json", report)
    steps = sorted(actors)

    def score(step: int) -> tuple[float, Any]:
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
    candidates = [step for step in steps if low <= domain.normalised(curve[step]) <= high]
    medium = next((step for step in candidates if low <= score(step)[0] <= high), None)
    if medium is None:
        raise ValueError(
            f"no kept actor of {training} scores {low:.0f} to {high:.0f}; train longer or keep actors more often"
        )
    expert = max(sorted(steps, key=lambda step: curve[step])[-5:], key=lambda step: score(step)[0])
    chosen = _evenly_spaced([step for step in steps if step <= medium], curve, REPLAY_CHECKPOINTS)

    folder = root / domain.name
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.safetensors"):
        stale.unlink()

    def keep(step: int, share: float) -> Checkpoint:
        path = folder / f"{step:07d}.safetensors"
        Actor.load(actors[step]).save(path, dtype=np.float16)
        actors[step] = path  # score what is shipped: the float16 weights
        normalised, (returns, lengths) = score(step)
        return Checkpoint(
            file=path.name,
            step=step,
            share=share,
            score=round(normalised, 2),
            return_mean=round(float(returns.mean()), 2),
            return_std=round(float(returns.std(ddof=1)), 2),
            length_mean=round(float(lengths.mean()), 1),
            sha256=sha256(path),
        )

    shares = np.diff([0, *chosen]) / medium
    replay = tuple(keep(step, float(share)) for step, share in zip(chosen, shares, strict=True))
    zoo = Zoo(folder, replay, keep(expert, 0.0))
    manifest = {
        "domain": domain.name,
        "environment": domain.environment,
        "command": command,
        "training": read_json(training / "identity.json"),
        "evaluation": {
            "episodes": EPISODES,
            "actions": "sampled",
            "simulator": simulator_versions(),
        },
        "replay": [asdict(checkpoint) for checkpoint in replay],
        "expert": asdict(zoo.expert),
        "learning_curve": _progress(training / "progress.jsonl"),
    }
    write_json(folder / "manifest.json", manifest)
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


def _evenly_spaced(steps: list[int], curve: dict[int, float], count: int) -> list[int]:
    """Return `count` of the steps, first and last among them, whose returns climb by about the same
    amount.
    """
    if len(steps) < count:
        raise ValueError(
            f"only {len(steps)} actors were kept up to medium, {count} are needed; keep them more often"
        )
    first, last = curve[steps[0]], curve[steps[-1]]
    chosen = [0]
    for i in range(1, count - 1):
        level = first + (last - first) * i / (count - 1)
        room = range(chosen[-1] + 1, len(steps) - (count - 1 - i))
        reached = (j for j in room if curve[steps[j]] >= level)
        chosen.append(next(reached, room[-1]))
    return [steps[j] for j in chosen] + [steps[-1]]


def _progress(path: Path) -> list[list[float | None]]:
    rows = (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        if path.exists()
        else []
    )
    return [[row["step"], row["training_return"]] for row in rows]
