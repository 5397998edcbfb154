"""What the paper (arXiv 2106.01345v2) and other implementations print, as data: quoted, never
computed here, but for what says so.

- `tables`: the paper's tables, their averages and the errors in them;
- `drawn`: Figures 3 and 4 as numbers;
- `critic`: Figure 5 as numbers;
- `others`: published scores of other implementations on the same data.
"""

from bench.paper.critic import Band, Look, figure5, figure5_looks
from bench.paper.drawn import Bar, Curve, figure3, figure4
from bench.paper.others import PeerCell, peers, peers_of, seeds_of
from bench.paper.tables import (
    Erratum,
    Quoted,
    average_of_rows,
    cells,
    errata,
    printed_average,
    quoted,
)

__all__ = [
    "Band",
    "Bar",
    "Curve",
    "Erratum",
    "Look",
    "PeerCell",
    "Quoted",
    "average_of_rows",
    "cells",
    "errata",
    "figure3",
    "figure4",
    "figure5",
    "figure5_looks",
    "peers",
    "peers_of",
    "printed_average",
    "quoted",
    "seeds_of",
]
