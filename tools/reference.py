"""Keep a finished scale's tables and records as reference output: `python tools/reference.py quick`.

What is kept under reports/reference was made by the pipeline, never by hand: the pages as they are, the
records packed into one file. tests/tools/test_reference.py builds the tables again from the packed records. A
suite without its pages is left out.

`python tools/reference.py quick --rewrite` writes the tables and figures again from the packed records:
after a change of their words, or where a scale was run in parts (`bench records pack --add`) and no
pages are kept yet. A suite that lacks a record is left as it is. Pages that need data sets
or policies (data.md, videos) stay as they are.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.cli.configs import config_of_scale, read_config  # noqa: E402
from bench.core.files import DamagedFile  # noqa: E402
from bench.report import cost, finished, scores, two_scales  # noqa: E402
from bench.report.artifact import Artifact, write_artifact  # noqa: E402
from bench.report.claims import ledger, two_ledgers  # noqa: E402
from bench.report.claims.registry import suites_of_claims  # noqa: E402
from bench.runs import archive  # noqa: E402
from bench.runs.identity import RESULT  # noqa: E402
from bench.runs.plan import make_plan  # noqa: E402

KEPT = ROOT / "reports" / "reference"
FORMATS = (".md", ".csv", ".png", ".gif")
LAYERS = {"desk": ("open", "desk", "layers/open_desk", "layers/reasons_desk")}  # all of its records
BESIDE = {"desk": "quick"}  # the scale that is put beside it once all of its suites are complete
GROUPS = {"open": "open_questions"}  # of which suites pages are kept; default: of all
REWRITTEN = (".md", ".csv", ".png")


def main() -> None:
    """Copy a scale's pages and pack its records, or write the pages again."""
    parser = argparse.ArgumentParser(description="Keep a scale as what the repository shows.")
    parser.add_argument("scale")
    parser.add_argument("--rewrite", action="store_true", help="pages again, from packed records")
    arguments = parser.parse_args()
    try:
        (rewrite if arguments.rewrite else keep)(arguments.scale)
    except (ValueError, FileNotFoundError, DamagedFile) as error:
        sys.exit(f"error: {error}")


def keep(scale: str) -> None:
    """Copy pages of a scale and pack its records, replacing what was kept of it before.

    Raises:
        FileNotFoundError: the scale has no records or no pages; nothing is changed.
    """
    if not any((ROOT / "reports" / scale).rglob("*.md")):
        raise FileNotFoundError(
            f"reports/{scale} holds no tables: make them first, for example with `make mujoco SCALE={scale}`"
        )
    archive.pack(ROOT / "results" / scale / "runs", archive.archive_of(scale))
    shutil.rmtree(KEPT / scale, ignore_errors=True)
    for path in sorted((ROOT / "reports" / scale).rglob("*")):
        ledger_of_family = path.stem.startswith("claims_")  # claims.md has all of it
        if path.suffix in FORMATS and path.stem != "partial" and not ledger_of_family:
            target = KEPT / scale / path.relative_to(ROOT / "reports" / scale)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)


def rewrite(scale: str) -> None:
    """Write every kept page of a scale that is made of records alone again."""
    with tempfile.TemporaryDirectory() as name:
        archive.unpack(archive.archive_of(scale), Path(name))
        for page, artifact in pages(scale, Path(name)):
            suffixes = REWRITTEN if artifact.draw else (".md", ".csv")
            files = [KEPT / scale / f"{page}{suffix}" for suffix in suffixes]
            write_artifact(artifact, [path for path in files if path.exists()] or files)


def config_of(scale: str) -> dict[str, Any]:
    """Return the merged config of a scale."""
    layers = LAYERS.get(scale, (scale if scale != "quick" else "config",))
    return read_config([ROOT / "config" / f"{layer}.yaml" for layer in layers])


def pages(scale: str, unpacked: Path) -> Iterator[tuple[str, Artifact]]:
    """Yield the pages that are made of records alone: path below the scale's folder, and content.

    Args:
        scale: its config's name.
        unpacked: the folder in which the records lie, as results/SCALE/runs/...
    """
    config = config_of(scale)
    plan = make_plan(config)
    # as the workflow hands it to the verbs; it decides the order of methods and of their settings
    given = make_plan(json.loads(json.dumps(config, sort_keys=True)))
    frames = {}
    chosen = plan.groups[GROUPS[scale]] if scale in GROUPS else plan.runs
    for suite in plan.runs:
        if suite not in chosen:
            continue
        records = [unpacked / path for path in plan.records(suite)]
        if not all(path.exists() for path in records):
            continue
        frames[suite] = scores.collect(records, given, suite)
        for name in plan.artifacts[suite]:
            module = import_module(f"bench.report.artifacts.{name}")
            yield f"{suite}/{name}", module.make(frames[suite], scale)
        results = [path for path in records if path.name == RESULT]
        yield f"{suite}/cost", cost.make(results, given, suite)
        if suite in plan.tables:
            table = import_module(f"bench.report.{plan.tables[suite]}")
            yield f"{suite}/{plan.tables[suite]}", table.make(results, given, suite)
    judged = {suite: frames[suite] for suite in suites_of_claims(plan) if suite in frames}
    if judged:
        yield "claims", ledger.make(judged, scale)
    if scale in BESIDE:
        yield from side_by_side(BESIDE[scale], scale)


def side_by_side(first: str, second: str) -> Iterator[tuple[str, Artifact]]:
    """Yield the means and the verdicts of two scales side by side; nothing while a suite of one is incomplete.

    Args:
        first: the name of a scale whose records are packed.
        second: another one.
    """
    ends = []
    for name in (second, first):
        config = read_config(config_of_scale(name))
        ends.insert(0, finished.read_finished(name, config))
        if ends[0].complete != set(make_plan(config).runs):
            return
    yield "scales", two_scales.make(*ends)
    yield "scales_claims", two_ledgers.make(*ends)


if __name__ == "__main__":
    main()
