"""The probe of a run: what else is measured of a trained policy than its returns.

`critic`: how well it foresees an episode's reward, and what it looks at (Figure 5). `paths`: the
paths that it finds on a graph (Figures 2 and 6).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.evaluate import checked_training, write_record
from bench.identity import PROBES, identity_of
from bench.machine import prepare
from bench.method import BadMethod, blaming, load_method
from bench.tasks import task_by_name
from bench.train import POLICY, load_data

NEEDS = {
    "critic": "predict_success",
    "paths": "generate",
}  # kind -> the method that its policies have


def probe_run(folder: Path, data_folder: Path, kind: str, episodes: int, device: str) -> None:
    """Look into a trained policy; write the probe's record into the run's folder.

    Args:
        folder: the run's folder.
        data_folder: the data set that it learned from.
        kind: a key of `bench.identity.PROBES`.
        episodes: that the critic judges, or paths that are generated.
        device: a torch device.

    Raises:
        FileNotFoundError: the run was not trained.
        DamagedFile: a file of the training or the data set is damaged.
        BadMethod: the method's policies cannot be probed so.
    """
    identity = identity_of(folder.absolute())
    training = checked_training(folder)
    task, method = task_by_name(identity.task), load_method(training["module"])
    prepare(device)
    policy: Any = method.load(folder / POLICY, device)
    if not hasattr(policy, NEEDS[kind]):
        raise BadMethod(
            f"method {method.name}: its policy has no `{NEEDS[kind]}`, which the probe {kind!r} needs; "
            "leave `probe` out of the suite"
        )
    with blaming(identity.method):
        if kind == "critic":
            from bench import critic

            measures = critic.probe(policy, episodes)
        else:
            from bench import paths

            data = load_data(data_folder, identity)
            measures = paths.probe(policy, task, data, paths=episodes, seed=identity.seed)
    write_record(
        folder,
        identity,
        training,
        task,
        name=PROBES[kind],
        half=Path("bench/probe.py"),
        protocol={"target": None, "episodes": episodes, "lanes": episodes, "rolled_out": True},
        evaluations=[],
        measures=measures,
    )
