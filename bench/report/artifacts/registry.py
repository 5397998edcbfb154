"""The pages of evidence: each is a table, most with a figure, made of one suite's scores.

A page is a module of this package with `make(scores, scale) -> Sheet`. This file says which there
are; it imports nothing, so that the workflow can be planned without pandas.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TEXTS = (".html", ".csv", ".md", ".tex")
PICTURES = (".png", ".svg")
DEFAULT_PAGES = ("table2",)
MUJOCO, ATARI, CREDIT = "MuJoCo", "Atari", "Long-term credit assignment"


@dataclass(frozen=True)
class Page:
    """A page of evidence.

    Attributes:
        title: what it shows, for the report's list.
        pictures: whether it has a figure.
        sweep: whether it is made of a sweep over target returns.
        probe: what else of a policy it shows, a key of `bench.runs.identity.PROBES`; empty: nothing.
        category: in the report; a page that is asked of MuJoCo and of Atari games alike stands under
            MuJoCo here and is put where its suite belongs.
        reward: that its suite must run; empty: any.
        whole: whether its suite must run on all of the data.
    """

    title: str
    pictures: bool = True
    sweep: bool = False
    probe: str = ""
    category: str = MUJOCO
    reward: str = "dense"
    whole: bool = True

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The formats that it is written in."""
        return TEXTS + PICTURES if self.pictures else TEXTS


PAGES = {
    "table2": Page("Table 2"),
    "figure3": Page("Figure 3, overview"),
    "aggregates": Page("Aggregates: mean, median, IQM, optimality gap"),
    "profiles": Page("Performance profiles"),
    "improvement": Page("Probability of improvement"),
    "peers": Page("Results of other implementations", pictures=False),
    "table3": Page("Table 3, percent BC"),
    "table5": Page("Table 5, context length"),
    "table7": Page("Table 7, sparse reward", reward=""),
    "fractions": Page("Share of the data", whole=False),
    "figure4": Page("Figure 4, target and achieved return", sweep=True),
    "variants": Page("Variants"),
    "table1": Page("Table 1, Atari", category=ATARI),
    "table12": Page("Table 12, Atari, raw scores", pictures=False, category=ATARI),
    "table4": Page("Table 4, percent BC on Atari", category=ATARI),
    "table13": Page("Table 13, percent BC on Atari, raw scores", pictures=False, category=ATARI),
    "table11": Page("Table 11, normalisation of Atari scores", pictures=False, category=ATARI),
    "table6": Page("Table 6, Key-to-Door", category=CREDIT),
    "figure5": Page("Figure 5, DT as a critic", probe="critic", category=CREDIT),
    "figure2": Page("Figure 2, a stitched path", probe="paths", category=CREDIT),
    "figure6": Page("Figure 6, shortest paths", probe="paths", category=CREDIT),
}


def page_file(name: str) -> Path:
    """Return the module that makes a page, relative to the repository."""
    return Path("bench", "report", "artifacts", f"{name}.py")
