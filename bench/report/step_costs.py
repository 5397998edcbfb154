"""What an update and a step of an environment cost, measured on the records of finished runs.

A record belongs to a run that is planned if it has the same module, the same domain and the same settings,
apart from those that change no cost, such as a learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from bench.core.files import DamagedFile, intact, read_json
from bench.methods.loader import load_method
from bench.runs import archive
from bench.runs.clock import CLOCK, read_clock, updates_taken
from bench.runs.code import learns_online
from bench.runs.identity import RESULT
from bench.tasks.registry import FAMILIES

# settings that change the numbers and not the time of an update; every other setting counts
FREE = frozenset(
    (
        "learning_rate",
        "weight_decay",
        "warmup_steps",
        "warmup_tokens",
        "cosine_length",
        "schedule",
        "gradient_clip",
        "average_decay",
        "adam_epsilon",
        "return_scale",
        "target_return",
        "temperature",
        "discount",
        "top_percent",
        "min_return",
        "conservative_weight",
        "expectile",
        "inverse_temperature",
        "max_weight",
        "return_range",
        "alpha",
        "target_noise",
        "target_noise_clip",
        "target_rate",
        "target_interval",
        "epsilon",
        "prior_power",
        "least_probability",
        "clip_decrement",
        "embedding_order",
    )
)
FREE_ENDINGS = ("_std", "_learning_rate")


@dataclass(frozen=True)
class Measured:
    """The sums over some finished runs.

    Attributes:
        runs: their number.
        updates, training: gradient steps, and their core-seconds.
        steps, evaluation: steps of environments, and their core-seconds.
        start: core-seconds of the start of the two processes of a run; NaN if a record lacks it.
        lengths: task -> the mean length of an episode.
        source: where the records lie.
    """

    runs: int
    updates: int
    training: float
    steps: int
    evaluation: float
    start: float
    lengths: dict[str, float]
    source: str

    @property
    def update(self) -> float:
        """Core-seconds of an update; 0 for a method that takes none."""
        return self.training / self.updates if self.updates else 0.0

    @property
    def step(self) -> float:
        """Core-seconds of a step of one environment; 0 for a method whose episodes are recorded ones."""
        return self.evaluation / self.steps if self.steps else 0.0


@dataclass(frozen=True)
class Record:
    """What is read of a finished run."""

    scale: str
    task: str
    module: str
    settings: dict[str, Any]
    result: dict[str, Any]
    clock: dict[str, Any]
    source: str

    @property
    def domain(self) -> str:
        """The domain of its task."""
        return self.task.partition("-")[0]


def costly(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that can change what an update or an action costs."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in settings.items()
        if name not in FREE and not name.endswith(FREE_ENDINGS)
    }


def settings_of(module: str, options: dict[str, Any], device: str) -> dict[str, Any]:
    """Return the settings of a method with these options that can change its cost.

    Raises:
        BadMethod: the method cannot be imported, or an option does not fit it.
    """
    config = load_method(module).configure(options)
    return costly(asdict(config.on(device) if hasattr(config, "on") else config))


def learns_in_environment(module: str, settings: Mapping[str, Any]) -> bool:
    """Return whether a method with these settings takes environment steps; an option `environment_steps` of 0 says that
    it does not.
    """
    return learns_online(module) and settings.get("environment_steps") != 0


def read_records(results: Path, damaged: list[str] | None = None) -> list[Record]:
    """Return the finished runs below `results`, and those of the packed records; runs without times are
    left out.

    Args:
        results: the folder `results`.
        damaged: gets a line for each damaged file, which is then left out; None: a damaged file is an error.

    Raises:
        DamagedFile: a file is damaged.
    """
    found = []
    for path in sorted(results.glob(f"*/runs/*/*/*/*/*/{RESULT}")):
        if not path.with_name(CLOCK).exists():
            continue
        try:
            result, clock = read_json(path), read_json(path.with_name(CLOCK))
            if damaged is not None and not (intact(result) and read_clock(path)):
                raise DamagedFile(f"{path} was changed after it was written (digest differs)")
        except DamagedFile as error:
            if damaged is None:
                raise
            damaged.append(str(error))
            continue
        found.append(_record(path.parts[-8], path.parts[-6], result, clock, str(results)))
    for scale in archive.scales():
        packed = archive.read(archive.archive_of(scale), [RESULT, CLOCK])
        for name, result in packed.items():
            place = PurePosixPath(name)
            clock = packed.get(str(place.with_name(CLOCK)))
            if place.name == RESULT and clock is not None:
                found.append(_record(scale, place.parts[3], result, clock, f"records of {scale}"))
    return found


def _record(scale: str, task: str, result: Any, clock: Any, source: str) -> Record:
    return Record(scale, task, result["module"], costly(result["config"]), result, clock, source)


def measured(
    records: list[Record], module: str, settings: dict[str, Any], domain: str
) -> Measured | None:
    """Return the sums over the records of a module with these settings on a domain; None: there are none.

    Without records on the domain, those on other domains of its family count; `source` then says so. A
    setting that a record lacks is of a later version of the method, and does not count.
    """
    family = domain_family(domain)
    mine = [
        record
        for record in records
        if record.module == module
        and domain_family(record.domain) == family
        and all(settings[key] == record.settings[key] for key in settings.keys() & record.settings)
    ]
    if own := [record for record in mine if record.domain == domain]:
        return sums(own)
    if not mine:
        return None
    whole, others = sums(mine), ", ".join(sorted({record.domain for record in mine}))
    return replace(whole, source=f"{whole.source}, on {others}")


def differences(records: list[Record], module: str, settings: dict[str, Any]) -> str:
    """Return in what the nearest record of a module differs; empty if there is no record of it."""
    found = {
        ", ".join(
            f"{key} {record.settings[key]}"
            for key in sorted(settings.keys() & record.settings)
            if settings[key] != record.settings[key]
        )
        for record in records
        if record.module == module
    }
    return min(found, key=lambda text: (text.count(","), text), default="")


def domain_family(domain: str) -> str:
    """Return the name of the family of a domain; of imported data, the domain itself."""
    names = [name for name, family in FAMILIES.items() if domain in family.domains]
    return names[0] if names else domain


def sums(records: list[Record]) -> Measured:
    """Return the sums over some records."""
    updates = steps = 0
    training = evaluation = start = 0.0
    lengths: dict[str, list[float]] = {}
    for record in records:
        updates += updates_taken(record.result)
        training += record.clock["training"]["cpu_seconds"]
        start += sum(
            record.clock[part].get("start_seconds", math.nan) for part in ("training", "evaluation")
        )
        if record.result["protocol"]["rolled_out"]:
            evaluation += record.clock["evaluation"]["cpu_seconds"]
            steps += sum(sum(each["lengths"]) for each in record.result["evaluations"])
            last = record.result["evaluations"][-1]["lengths"]
            lengths.setdefault(record.task, []).extend(last)
    return Measured(
        len(records),
        updates,
        training,
        int(steps),
        evaluation,
        start / len(records),
        {task: sum(each) / len(each) for task, each in lengths.items()},
        ", ".join(sorted({record.source for record in records})),
    )
