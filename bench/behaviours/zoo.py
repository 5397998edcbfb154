"""The zoo: the checkpoints of one online training that the data sets are rolled out from.

`zoo/<domain>/` holds the weights (float16 safetensors) and a manifest with each checkpoint's
training step, score, and SHA-256. Levels follow D4RL's idea (Fu et al. 2020, section 5): `medium`
is about a third of the expert, `expert` the best. A game's checkpoints are spread evenly over its
training (bench/behaviours/atari_zoo.py).
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

    def intact(self, checkpoint: Checkpoint) -> Path:
        """Return the file of a checkpoint's policy.

        Raises:
            DamagedFile: its bytes are not those of the manifest.
        """
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
