"""What a site is made of: a config, records of runs, and the tables and figures that were made of them.

A site is made in the working folder of a pipeline, or of the packed records of a scale that the repository keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.core.code import ROOT
from bench.core.files import json_text
from bench.runs import archive
from bench.runs.identity import RESULT, Identity, identity_of
from bench.runs.plan import Plan, make_plan

KEPT = ROOT / "reports" / "reference"
RUN = "*/*/*/*/*"  # below results/SCALE/runs: task, reward, percent, method, seed


@dataclass(frozen=True)
class Inputs:
    """What a site is made of.

    Attributes:
        config: the merged config.
        plan: its plan.
        home: the folder that holds `results/SCALE/runs`; record paths of the plan begin there.
        reports: the folder with the tables and figures, `reports/SCALE`.
        data: the folder of the data sets; None: it is not here.
        packed: whether the records come from the repository. Then no page links to a record file.
    """

    config: dict[str, Any]
    plan: Plan
    home: Path
    reports: Path
    data: Path | None = None
    packed: bool = field(default=False)

    @property
    def scale(self) -> str:
        """The name of the scale."""
        return self.plan.scale

    def runs(self) -> list[Identity]:
        """Return the runs of the plan, and then those with a record that no suite of the plan has."""
        planned = dict.fromkeys(self.plan.all_runs())
        below = self.home / "results" / self.scale / "runs"
        for path in sorted(below.glob(f"{RUN}/{RESULT}")):
            try:
                planned.setdefault(identity_of(path.parent))
            except ValueError:  # not the folder of a run
                continue
        return list(planned)

    def suites_of(self) -> dict[Identity, list[str]]:
        """Return each planned run with the suites that use it."""
        found: dict[Identity, list[str]] = {}
        for suite, runs in self.plan.runs.items():
            for run in runs:
                found.setdefault(run, []).append(suite)
        return found


def of_working_folder(
    config: dict[str, Any], results: Path, reports: Path, data: Path | None = None
) -> Inputs:
    """Return what a pipeline left in its folders.

    Args:
        config: merged and checked.
        results: the folder `results`. It need not exist.
        reports: the folder `reports`.
        data: the folder `data`.

    Raises:
        FileNotFoundError: the folder of the results lies in a folder that does not exist.
        ValueError: the folder of the results is not called `results`, so that the paths in its records would not be
            those of its runs.
    """
    if not results.absolute().parent.is_dir():
        raise FileNotFoundError(
            f"--results {results}: there is no folder {results.absolute().parent}; name the folder `results` that "
            "holds your scale"
        )
    if results.absolute().name != "results":
        raise ValueError(
            f"--results {results}: the folder must be called `results`, as in results/SCALE/runs; rename it, or name "
            "the one that holds your scale"
        )
    plan = make_plan(config)
    there = data if data is not None and data.is_dir() else None
    return Inputs(config, plan, results.absolute().parent, reports / plan.scale, there)


@contextmanager
def of_packed_records(config: dict[str, Any]) -> Iterator[Inputs]:
    """Yield the records of a scale that the repository keeps, in a temporary folder, beside its kept tables.

    Args:
        config: merged and checked; its name is the scale.

    Raises:
        FileNotFoundError: the repository has no records of this scale.
        DamagedFile: the packed records are damaged.
    """
    plan = make_plan(config)
    files = archive.read(archive.archive_of(plan.scale))
    with TemporaryDirectory() as name:
        home = Path(name).resolve()
        for path, content in files.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            # as archive.unpack, without waiting for the disk: the folder is removed at the end
            (home / path).write_text(json_text(content), encoding="utf-8")
        yield Inputs(config, plan, home, KEPT / plan.scale, None, packed=True)
