"""Train and evaluate the run of a record again, and compare the results.

If processor, instruction set and library versions are those of the record, all bytes must agree: the
policy, the losses, returns and lengths, and every other field of the record. Otherwise bytes cannot be
compared: other instructions round differently, and a simulator with contacts turns this into different
returns. Then the first losses must agree within a tolerance.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.core.code import ROOT, method_file
from bench.core.files import read_json, sha256
from bench.core.machine import machine
from bench.datasets import storage
from bench.methods.contract import BadMethod
from bench.runs import archive, record
from bench.runs.compare import compare_losses, first_difference
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.identity import RESULT, SWEEP, Identity
from bench.tasks.registry import TASKS, task_by_name


class NotReproduced(ValueError):
    """A run gave other numbers than its record, or cannot be run again here. The message names the first
    difference or the reason.
    """


@dataclass(frozen=True)
class Record:
    """A record that was found.

    Attributes:
        name: as the user wrote it.
        file: `result.json`, `sweep.json`, or the record of a diagnostic.
        content: of the record, checked.
    """

    name: str
    file: str
    content: dict[str, Any]

    @property
    def identity(self) -> Identity:
        """Return the identity of its run."""
        return Identity(**self.content["identity"])


@dataclass(frozen=True)
class Reproduction:
    """The result of running a record's run again.

    Attributes:
        outcome: `equal`: all bytes agree; `close`: bytes cannot be compared here, and the first losses
            agree; `different`: they do not agree; `failed`: the run cannot be run again here.
        text: a description of the outcome.
        again: the record of the second run; None if it was not evaluated.
    """

    outcome: str
    text: str
    again: dict[str, Any] | None = None


def find(name: str) -> Record:
    """Return a record.

    Args:
        name: a path, or `SCALE:TASK/REWARD/PERCENT/METHOD/SEED` for a packed record, with
            `/sweep.json` or another file name at the end for a record other than `result.json`.

    Raises:
        FileNotFoundError: there is no such record.
        DamagedFile: it is damaged.
        ValueError: the name is not that of a record.
    """
    scale, colon, inside = name.partition(":")
    if colon and not Path(name).exists():
        file = Path(inside).name if inside.endswith(".json") else RESULT
        path = f"results/{scale}/runs/{inside.strip('/').removesuffix(f'/{file}')}/{file}"
        _check_name(file, name)
        packed = archive.archive_of(scale)
        files = archive.read(packed)
        if path not in files:
            raise FileNotFoundError(
                f"{packed} does not hold {path}; `bench records unpack --scale {scale} --out FOLDER` "
                "writes the records that it holds"
            )
        content = record.checked(files[path], f"{path} in {packed}", Path(path).parent)
        return Record(name, file, content)
    _check_name(Path(name).name, name)
    if not Path(name).exists():
        raise FileNotFoundError(f"there is no record at {name}; check the path")
    return Record(name, Path(name).name, record.read(Path(name)))


def _check_name(file: str, name: str) -> None:
    known = [RESULT, SWEEP, *(diagnostic.record for diagnostic in DIAGNOSTICS.values())]
    if file not in known:
        raise ValueError(
            f"{name} is not a record: give a path that ends in {', '.join(known)}, or a packed record as "
            "SCALE:TASK/REWARD/PERCENT/METHOD/SEED"
        )


def reproduce_all(
    records: Iterable[Record], work: Path, data: Path = Path("data")
) -> Iterator[tuple[Record, Reproduction]]:
    """Run the runs of records again, one after the other. Records of the same run share its training.

    Args:
        records: the records.
        work: folder for the runs, and for data sets that must be generated; it must not hold these runs.
        data: the folder of all data sets, or of the data set of the records.

    Yields:
        Each record and its reproduction.

    Raises:
        DamagedFile: a data set is damaged.
    """
    trained: set[Identity] = set()
    for found in records:
        try:
            with redirect_stdout(io.StringIO()):  # what training and evaluation print
                reproduction = _reproduce(found, work, data, trained)
        except (ValueError, ModuleNotFoundError, BadMethod) as error:  # such as a missing device
            reproduction = Reproduction("failed", str(error))
        yield found, reproduction


def _reproduce(found: Record, work: Path, data: Path, trained: set[Identity]) -> Reproduction:
    from bench.runs.train import TRAINING, train_run

    content, training = found.content, found.content["training"]
    _check_exists(found)
    run = work / found.identity.folder()
    if run.exists() and found.identity not in trained:
        raise NotReproduced(f"{run} already exists; give another folder with --work")
    data_folder = data_set(found, data, work)
    steps = training["steps"]
    kept = [one["step"] / steps for one in content["evaluations"] if steps and not one["final"]]
    curve = tuple(training.get("curve", kept))
    module, config, device = content["module"], content["config"], content["device"]
    if found.identity not in trained:
        train_run(run, data_folder, module, config, steps, curve, device)
        trained.add(found.identity)
    if reason := why_elsewhere(content):
        losses = read_json(run / TRAINING)["losses"]
        agree, text = compare_losses(training["losses"], losses)
        text = f"bytes cannot be compared here ({reason}); {text}"
        return Reproduction("close" if agree else "different", text)
    _evaluate(found, run, data_folder)
    again = record.read(run / found.file)
    if difference := first_difference(content, again):
        return Reproduction("different", difference, again)
    return Reproduction("equal", f"policy, {_counts(again)}every other field", again)


def _counts(content: dict[str, Any]) -> str:
    episodes = sum(len(one["returns"]) for one in content["evaluations"])
    counted = {
        "losses": len(content["training"]["losses"]),
        "episodes": episodes,
        "measures": len(content.get("measures", [])),
    }
    return "".join(f"{count} {name}, " for name, count in counted.items() if count)


def _check_exists(found: Record) -> None:
    module = found.content["module"]
    if not (ROOT / method_file(module)).is_file():
        raise NotReproduced(
            f"its method {module!r} no longer exists: there is no {method_file(module)}"
        )
    try:
        task_by_name(found.identity.task)
    except ValueError as error:
        raise NotReproduced(str(error).split(";")[0]) from error


def _evaluate(found: Record, run: Path, data_folder: Path) -> None:
    """Write the record of a trained run with the settings of the found record."""
    content, protocol = found.content, found.content["protocol"]
    episodes, num_envs = protocol["episodes"], protocol["num_envs"]
    device, most = content["device"], protocol.get("max_steps")
    listed = protocol.get("episode_list", "")
    if found.file == RESULT:
        from bench.runs.evaluate import evaluate_run

        curve = protocol["curve_episodes"]
        evaluate_run(run, episodes, num_envs, curve, device, most, listed)
    elif found.file == SWEEP:
        from bench.runs.sweep import sweep_run

        points = protocol.get("points")
        sweep_run(run, data_folder, episodes, num_envs, points, device, most, listed)
    else:
        from bench.runs.diagnose import diagnose_run

        diagnose_run(run, data_folder, Path(found.file).stem, episodes, device)


def why_elsewhere(content: dict[str, Any]) -> str | None:
    """Return why the bytes of a record cannot be compared on this machine; None if they can."""
    then, now = content.get("machine"), machine(content["device"])
    if then is None:
        return "unknown processor: the record does not name it"
    for each in then.values():
        for key in sorted({*each, *now}):
            unused = key == "instruction_set" and each[key] is None  # the run did not use PyTorch
            if not unused and each.get(key) != now.get(key):
                name = key.replace("_", " ")
                return f"{name} {each.get(key)} in the record, {now.get(key)} here"
    for name, recorded in sorted(content["versions"].items()):
        try:
            here = version(name)
        except PackageNotFoundError:
            here = "not installed"
        if here != recorded:
            return f"{name} {recorded} in the record, {here} here"
    return None


def data_set(found: Record, data: Path, work: Path) -> Path:
    """Return the folder of a record's data set: one with the recorded digest, or a new one.

    Args:
        found: the record.
        data: the folder of all data sets, or of the record's data set.
        work: where a missing data set is generated.

    Raises:
        NotReproduced: the data set is missing and cannot be generated here with equal bytes.
    """
    digest = found.content["hashes"]["data"]
    spelt = found.content["training"].get("data_folder", "")
    likely = [data / spelt, data, work / "data" / spelt] if spelt else [data]
    there = (path.parent for path in sorted(data.rglob(storage.MANIFEST)))
    for known in (*likely, *there):
        manifest = known / storage.MANIFEST
        if manifest.exists() and sha256(manifest) == digest:
            return known
    source, _, name = spelt.partition("/")
    steps, _, seed = Path(name).name.partition("-")
    task = found.identity.task
    way_out = "copy it here and give its folder with --data"
    if source != "generated" or not (steps.isdigit() and seed.isdigit()) or task not in TASKS:
        raise NotReproduced(
            f"its data set (source {found.content['protocol']['source']}, manifest "
            f"{digest[:12]}) is not in {data}; {way_out}"
        )
    from bench.behaviours.generate import generate

    folder: Path = work / "data" / spelt
    generate(task_by_name(task), int(steps), int(seed), folder)
    if sha256(folder / storage.MANIFEST) != digest:
        raise NotReproduced(
            f"its data set {spelt} is not in {data}, and has other bytes when generated here "
            f"({why_elsewhere(found.content) or 'the code that generates it has changed'}); {way_out}"
        )
    return folder
