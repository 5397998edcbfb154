"""Scores that other implementations publish for D4RL's nine -v2 MuJoCo data sets.

Only -v2: d3rlpy's CQL, run on -v0, is not here. Budgets, networks and simulators differ from the
paper's and from ours.
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
        source: the implementation, short.
        citation: where it is printed, and at which commit.
        method: `DT`, `CQL`, `BC` or `10%BC`.
        task: as in tasks.toml.
        mean: over seeds, D4RL-normalised.
        std: over seeds, as printed.
        ddof: 0: the population's standard deviation, 1: the sample's; None: the source does not
            say. CORL and d3rlpy-benchmarks leave NumPy's default, 0.
        seeds: how many.
        rule: the checkpoint that is scored: `last`, `mean of the last 10 evaluations` or
            `best of the evaluations`.
        note: what a reader must know; CORL's DT score is the run with the highest target return.
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
        """Whether it may stand beside our scores: the best of many evaluations is chosen with the
        environment that scores it, which lifts it.
        """
        return self.rule != BEST

    def __str__(self) -> str:
        return f"{self.mean:.1f} ± {self.std:.1f}"


@cache
def peers() -> tuple[PeerCell, ...]:
    """Return all of them, by source.

    CORL, JAX-CORL and OfflineRL-Kit: their READMEs; d3rlpy: d4rl_table.csv of d3rlpy-benchmarks;
    min-DT: computed here from the logs of its three runs, since its README pools episodes.
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
    """Return what others publish for a method on a task; empty where nobody does."""
    return [cell for cell in peers() if (cell.task, cell.method) == (task, method)]


def seeds_of(cell: PeerCell) -> list[float]:
    """Return the score of every seed behind a cell, where the source publishes them (d3rlpy and
    min-DT); empty elsewhere.
    """
    return [
        float(row["score"])
        for row in rows_of("peer_seeds.csv")
        if (row["source"], row["method"], row["task"], row["rule"])
        == (cell.source, cell.method, cell.task, cell.rule)
    ]
