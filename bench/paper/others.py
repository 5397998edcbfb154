"""Scores that other implementations publish for D4RL's nine -v2 MuJoCo data sets.

Scores on -v0 data, such as those of d3rlpy's CQL, are left out. Budgets, networks and simulators differ
from those of the paper and from ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from bench.paper.rows import rows_of

BEST = "best of the evaluations"


@dataclass(frozen=True)
class PeerCell:
    """One score of one implementation.

    Attributes:
        source: a short name of the implementation.
        citation: the place of publication and the commit.
        method: `DT`, `CQL`, `BC` or `10%BC`.
        task: a name such as `hopper-medium`.
        mean: over seeds, D4RL-normalised.
        std: over seeds, as printed.
        ddof: 0 for the population standard deviation, 1 for the sample standard deviation, None if the
            source does not say. CORL and d3rlpy-benchmarks use NumPy's default, 0.
        seeds: number of seeds.
        rule: which evaluation gives the score: `last`, `mean of the last 10 evaluations` or
            `best of the evaluations`.
        note: a remark for the reader. CORL's DT score is that of the run with the highest target return.
    """

    source: str
    citation: str
    method: str
    task: str
    mean: float
    std: float
    ddof: int | None
    seeds: int
    rule: str
    note: str

    @property
    def ranked(self) -> bool:
        """Return whether the score may be compared with ours. The best of many evaluations may not: the
        choice uses the environment that also gives the score, so the score is too high.
        """
        return self.rule != BEST

    def __str__(self) -> str:
        return f"{self.mean:.1f} ± {self.std:.1f}"


@cache
def peers() -> tuple[PeerCell, ...]:
    """Return all scores, ordered by source.

    The scores of CORL, JAX-CORL and OfflineRL-Kit are in their READMEs. Those of d3rlpy are in
    d4rl_table.csv of d3rlpy-benchmarks. Those of min-DT are computed here from the logs of its three runs,
    because its README pools the episodes of all runs.
    """
    return tuple(
        PeerCell(
            source=row["source"],
            citation=row["citation"],
            method=row["method"],
            task=row["task"],
            mean=float(row["mean"]),
            std=float(row["std"]),
            ddof=int(row["ddof"]) if row["ddof"] else None,
            seeds=int(row["seeds"]),
            rule=row["rule"],
            note=row["note"],
        )
        for row in rows_of("peers.csv")
    )


def peers_of(task: str, method: str) -> list[PeerCell]:
    """Return the published scores of a method on a task; the list may be empty."""
    return [cell for cell in peers() if (cell.task, cell.method) == (task, method)]


def seeds_of(cell: PeerCell) -> list[float]:
    """Return the score of each seed of a cell. Only d3rlpy and min-DT publish them; for other sources the
    list is empty.
    """
    return [
        float(row["score"])
        for row in rows_of("peer_seeds.csv")
        if (row["source"], row["method"], row["task"], row["rule"])
        == (cell.source, cell.method, cell.task, cell.rule)
    ]
