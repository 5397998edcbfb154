"""Did a change of the code or of the settings move any score? Two sets of records of one scale, compared run by run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.core.files import DamagedFile, intact
from bench.report.artifact import Artifact
from bench.report.cells import MISSING, spell
from bench.runs import archive, record
from bench.runs.identity import RESULT, Identity
from bench.stats.intervals import Estimate, estimate, estimate_over_tasks
from bench.stats.verdicts import holm
from bench.tasks.registry import task_by_name

Cell = tuple[str, str, float, str]  # task, reward, percent of the data, method
LEVEL = 0.05  # the probability of any wrong `higher` or `lower`, if nothing moved
NAMED = 6  # runs that only one set has, in a note
WHOLE = "all suites"


@dataclass(frozen=True)
class RecordSet:
    """The records of one scale.

    Attributes:
        name: as the user gave it.
        scale: the name of the scale.
        scores: cell -> seed -> normalised score.
        returns: cell -> seed -> the returns of the episodes.
    """

    name: str
    scale: str
    scores: dict[Cell, dict[int, float]]
    returns: dict[Cell, dict[int, list[float]]]

    def runs(self) -> set[tuple[Cell, int]]:
        """Return every run."""
        return {(cell, seed) for cell, seeds in self.scores.items() for seed in seeds}


def read_set(name: str) -> RecordSet:
    """Return the records at a place.

    Args:
        name: a folder of results (`results/quick`), a file of packed records, or the name of a scale whose records are
            packed in this repository.

    Raises:
        FileNotFoundError: there is no such place.
        ValueError: it holds no records of runs, or records of several scales.
        DamagedFile: a record is damaged.
    """
    contents = dict(_contents(name))
    if not contents:
        raise ValueError(f"{name} holds no {RESULT} of a run; run the scale first")
    scales = {content["identity"]["scale"] for content in contents.values()}
    if len(scales) > 1:
        raise ValueError(
            f"{name} holds records of several scales: {', '.join(sorted(scales))}; name the folder of one of them"
        )
    scores: dict[Cell, dict[int, float]] = {}
    returns: dict[Cell, dict[int, list[float]]] = {}
    for content in contents.values():
        identity = Identity(**content["identity"])
        cell = (identity.task, identity.reward, identity.data_percent, identity.method)
        played = next(each["returns"] for each in content["evaluations"] if each["final"])
        task = task_by_name(identity.task, described=content["protocol"].get("task"))
        score = task.domain.normalised(float(np.mean(played)))
        scores.setdefault(cell, {})[identity.seed] = score
        returns.setdefault(cell, {})[identity.seed] = played
    return RecordSet(name, scales.pop(), scores, returns)


def _contents(name: str) -> Iterable[tuple[str, dict[str, Any]]]:
    path = Path(name)
    if path.is_dir():
        for each in sorted(path.rglob(RESULT)):
            yield str(each), record.read(each)
        return
    packed = path if name.endswith(archive.SUFFIX) else archive.archive_of(name)
    if not packed.exists():
        raise FileNotFoundError(
            f"there are no records at {name}: give a folder that holds some, as results/SCALE does after a run, "
            f"a file that ends in {archive.SUFFIX}, or a scale whose records are packed "
            f"({', '.join(archive.scales()) or 'none'})"
        )
    for place, content in archive.read(packed).items():
        if PurePosixPath(place).name != RESULT:
            continue
        if not intact(content):
            raise DamagedFile(
                f"{place} in {packed} was changed after it was written (digest differs)"
            )
        yield place, content


@dataclass(frozen=True)
class Change:
    """The change of a cell, or of the mean over cells.

    Attributes:
        before, after: the mean scores of the runs that both sets have.
        gap: after minus before, with the interval of the paired differences.
        p: of the paired t test that nothing moved; NaN with one seed.
        equal: whether every episode of every run has the same return.
    """

    before: float
    after: float
    gap: Estimate
    p: float
    equal: bool


def change_of(pairs: Sequence[tuple[float, float]], equal: bool) -> Change:
    """Return the change of a cell.

    Args:
        pairs: the scores before and after, of each seed.
        equal: as the attribute.
    """
    before, after = np.asarray(pairs, dtype=np.float64).T
    gap = estimate(list(after - before))
    return Change(float(before.mean()), float(after.mean()), gap, _p(gap), equal)


def mean_change(cells: Sequence[Sequence[tuple[float, float]]], equal: bool) -> Change:
    """Return the mean change over cells. The cells are not resampled."""
    means = np.array([np.asarray(pairs, dtype=np.float64).mean(axis=0) for pairs in cells])
    gap = estimate_over_tasks([[after - before for before, after in pairs] for pairs in cells])
    before, after = means.mean(axis=0)
    return Change(float(before), float(after), gap, _p(gap), equal)


def _p(gap: Estimate) -> float:
    if math.isnan(gap.error):
        return math.nan
    if gap.error == 0:
        return 1.0 if gap.mean == 0 else 0.0
    return float(2 * stats.t.sf(abs(gap.mean) / gap.error, gap.freedom))


def make(before: RecordSet, after: RecordSet, suites: dict[str, set[Cell]]) -> Artifact:
    """Return the table of changes from one set of records to the other.

    Args:
        before: the first set.
        after: the second one.
        suites: suite -> its cells, in the order of the table. A cell in no suite stands at the end, under `other`.

    Raises:
        ValueError: no run is in both sets.
    """
    shared = before.runs() & after.runs()
    if not shared:
        raise ValueError(
            f"no run is in both {before.name} and {after.name}: a run is a task, a reward, a percent of the data, a "
            "method and a seed"
        )
    seeds: dict[Cell, list[int]] = {}
    for cell, seed in sorted(shared):
        seeds.setdefault(cell, []).append(seed)
    pairs = {
        cell: [(before.scores[cell][seed], after.scores[cell][seed]) for seed in each]
        for cell, each in seeds.items()
    }
    same = {
        cell: all(before.returns[cell][seed] == after.returns[cell][seed] for seed in each)
        for cell, each in seeds.items()
    }
    known = set().union(*suites.values())
    groups = {suite: [cell for cell in pairs if cell in cells] for suite, cells in suites.items()}
    groups["other"] = [cell for cell in pairs if cell not in known]
    groups = {suite: cells for suite, cells in groups.items() if cells}
    changes = {cell: change_of(each, same[cell]) for cell, each in pairs.items()}
    tested = [cell for cell, each in changes.items() if not (each.equal or math.isnan(each.p))]
    corrected = dict(zip(tested, holm([changes[cell].p for cell in tested]), strict=True))
    body, rows = [], []
    for suite, cells in groups.items():
        for cell in cells:
            word = _word(changes[cell], corrected.get(cell, math.nan))
            body.append(_text(suite, cell, changes[cell], word))
            rows.append(_row(suite, cell, changes[cell], word))
    feet = {suite: cells for suite, cells in groups.items() if len(groups) > 1} | {
        WHOLE: list(pairs)
    }
    single = [cell for cell in pairs if len(pairs[cell]) == 1]
    for suite, cells in feet.items():
        # a cell with one seed has no spread; it would leave the mean without an interval
        several = [cell for cell in cells if len(pairs[cell]) > 1] or cells
        whole = mean_change([pairs[cell] for cell in several], all(same[cell] for cell in cells))
        word = _word(whole, whole.p)
        body.append(_text(suite, None, whole, word))
        rows.append(_row(suite, None, whole, word))
    moved = [
        cell for cell in tested if _word(changes[cell], corrected[cell]) in ("higher", "lower")
    ]
    notes = [
        _answer(
            len(shared), sum(len(seeds[c]) for c in pairs if same[c]), moved, whole, len(pairs)
        ),
        "A and B: mean normalised scores of the runs that both have. B - A: the mean difference of runs with the same "
        "seed, with the 95 % interval of Student's t; the last rows are means over the cells above, with the interval "
        "of Welch and Satterthwaite.",
        f"`higher` and `lower`: p of the paired t test is at most {LEVEL}"
        + (f", in single cells after Holm's correction for {len(tested)} tests" if tested else "")
        + ". `equal`: every episode of every run has the same return.",
        *_left_out(single, len(pairs)),
        *_only(before, after),
        *_only(after, before),
    ]
    if before.scale != after.scale:
        notes.append(
            f"A is of scale {before.scale} and B of scale {after.scale}: their data, budgets and protocols may differ."
        )
    headings = ["Suite", "Task", "Reward", "Data", "Method", "Seeds", "A", "B", "B - A", "Moved"]
    title = f"Change of the scores from A ({before.name}) to B ({after.name})."
    return Artifact(title, headings, body, notes, pd.DataFrame(rows), foot=len(feet))


def _answer(runs: int, equal: int, moved: Sequence[Cell], whole: Change, cells: int) -> str:
    if whole.equal:
        return f"Nothing moved: all {runs:,} runs have the same returns in every episode."
    listed = ", ".join(f"{method} on {task}" for task, _, _, method in moved[:NAMED])
    more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
    which = (
        f"{len(moved)} of {cells} cells moved ({listed}{more})"
        if moved
        else "no cell moved beyond chance"
    )
    return (
        f"Of {runs:,} runs {equal:,} have the same returns in every episode; {which}. The mean over all cells changed "
        f"by {_signed(whole.gap)}."
    )


def _left_out(single: Sequence[Cell], cells: int) -> list[str]:
    """Return a note on the cells with one seed, if others have more."""
    if len(single) in (0, cells):
        return []
    return [f"Cells with one seed have no interval, and the means leave them out: {len(single)}."]


def _only(one: RecordSet, other: RecordSet) -> list[str]:
    """Return a note on the runs that one set has and the other lacks."""
    lacking = sorted(one.runs() - other.runs())
    if not lacking:
        return []
    methods = Counter(cell[3] for cell, _ in lacking)
    named = ", ".join(
        f"{task}/{reward}/{percent:g}/{method}/{seed}"
        for (task, reward, percent, method), seed in lacking[:NAMED]
    )
    more = f" and {len(lacking) - NAMED} more" if len(lacking) > NAMED else ""
    counts = ", ".join(f"{count} of {method}" for method, count in methods.items())
    return [f"Only {one.name} has {len(lacking)} runs ({counts}): {named}{more}."]


def _word(change: Change, p: float) -> str:
    if change.equal:
        return "equal"
    if math.isnan(p):
        return "one seed"
    if p > LEVEL:
        return "no"
    return "higher" if change.gap.mean > 0 else "lower"


def _signed(gap: Estimate) -> str:
    text = spell(gap)
    return text if gap.mean < 0 else f"+{text}"


def _text(suite: str, cell: Cell | None, change: Change, word: str) -> list[str]:
    task, reward, percent, method = cell or ("mean", "", math.nan, "")
    return [
        suite,
        task,
        reward or MISSING,
        MISSING if math.isnan(percent) else f"{percent:g} %",
        method or MISSING,
        str(change.gap.runs),
        f"{change.before:.1f}",
        f"{change.after:.1f}",
        _signed(change.gap),
        word,
    ]


def _row(suite: str, cell: Cell | None, change: Change, word: str) -> dict[str, Any]:
    task, reward, percent, method = cell or ("mean", "", math.nan, "")
    return {
        "suite": suite,
        "task": task,
        "reward": reward,
        "data_percent": percent,
        "method": method,
        "runs": change.gap.runs,
        "before": change.before,
        "after": change.after,
        "difference": change.gap.mean,
        "low": change.gap.low,
        "high": change.gap.high,
        "p": change.p,
        "moved": word,
    }
