"""The zoo: the snapshots of one online training whose roll-outs are the data sets.

`zoo/<domain>/` holds the weights (float16 safetensors) and a manifest with the training step, the score and the SHA-256
of each snapshot. The levels follow D4RL (Fu et al. 2020, section 5): `medium` has a third to a half of the score of the
expert, and `expert` is the best snapshot. The snapshots of a game are at even distances over its training
(bench/behaviours/atari_zoo.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.behaviours import ZOO
from bench.behaviours.log import learning_curve
from bench.core.files import DamagedFile, read_json, sha256, write_json
from bench.datasets.trajectories import F64, I64
from bench.environments.vector import simulator_versions
from bench.tasks.families import Domain


@dataclass(frozen=True)
class Snapshot:
    """One behaviour policy.

    Attributes:
        file: the file name in the folder of the zoo.
        step: environment steps of its training.
        share: the fraction of the training (up to `medium`) that the snapshot represents; 0 for an expert after
            `medium`. The fractions sum to 1.
        score: the normalised mean return over the episodes of the manifest's `evaluation`.
        return_mean: the same, raw.
        return_std: the sample standard deviation over episodes.
        length_mean: the mean number of steps of an episode.
        sha256: the SHA-256 of the file.
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
    """The snapshots of one domain.

    Attributes:
        folder: the folder of the zoo.
        replay: the snapshots of the replay data, in the order of training. The last one is the medium policy; for a
            game, it is the end of the training.
        expert: the best snapshot.
    """

    folder: Path
    replay: tuple[Snapshot, ...]
    expert: Snapshot

    @property
    def medium(self) -> Snapshot:
        """Return the medium policy. Games have none."""
        return self.replay[-1]

    def intact(self, snapshot: Snapshot) -> Path:
        """Return the path of a snapshot after a check of its bytes.

        Raises:
            DamagedFile: the file is missing, or its SHA-256 is not that of the manifest.
        """
        path = self.folder / snapshot.file
        if not path.exists() or sha256(path) != snapshot.sha256:
            raise DamagedFile(
                f"behaviour policy {path} is missing or damaged; restore it from version control"
            )
        return path


def read(domain: Domain, root: Path = ZOO) -> Zoo:
    """Read the zoo of a domain.

    Raises:
        FileNotFoundError: the domain has no zoo.
        DamagedFile: the manifest is damaged.
    """
    path = root / domain.name / "manifest.json"
    if not path.exists():
        raise FileNotFoundError(
            f"no behaviour policies at {path.parent}; `bench behaviours train {domain.name}` trains them"
        )
    manifest = read_json(path)
    try:
        return Zoo(
            folder=path.parent,
            replay=tuple(Snapshot(**row) for row in manifest["replay"]),
            expert=Snapshot(**manifest["expert"]),
        )
    except (KeyError, TypeError) as error:
        raise DamagedFile(
            f"{path} is not the manifest of a zoo ({error}); restore it from version control"
        ) from error


def emptied(folder: Path) -> Path:
    """Create the folder of a zoo, or delete the snapshots in it. Return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.safetensors"):
        stale.unlink()
    return folder


def described(
    domain: Domain, path: Path, step: int, share: float, returns: F64, lengths: I64
) -> Snapshot:
    """Return the entry of the manifest about a snapshot, from its evaluation episodes."""
    mean = float(returns.mean())
    return Snapshot(
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
    """Write the manifest of a zoo. The snapshots are already in its folder.

    Args:
        zoo: the zoo.
        domain: its domain.
        training: the folder of the training.
        command: the command that made the zoo.
        evaluation: the settings of the evaluation of the snapshots.
    """
    manifest = {
        "domain": domain.name,
        "environment": domain.environment,
        "command": command,
        "training": read_json(training / "identity.json"),
        "evaluation": evaluation | {"simulator": simulator_versions(domain.environment)},
        "replay": [asdict(snapshot) for snapshot in zoo.replay],
        "expert": asdict(zoo.expert),
        "learning_curve": learning_curve(training),
    }
    write_json(zoo.folder / "manifest.json", manifest)
