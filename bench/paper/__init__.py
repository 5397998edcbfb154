"""The numbers that the paper (arXiv 2106.01345v2) and other implementations print, as data. All of them
are quoted. Where a number is computed here, its docstring says so.

- `tables`: the paper's tables, their averages, and the errors in them;
- `drawn`: Figures 3 and 4 as numbers;
- `critic`: Figure 5 as numbers;
- `graph`: Figure 6 as numbers;
- `hyperparameters`: those that the paper prints, by method and family of tasks;
- `others`: published scores of other implementations on the same data;
- `d3rlpy_curves`: the learning curves that d3rlpy publishes.
"""

from bench.paper.critic import Attention, Band, figure5, figure5_attention
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
    "Attention",
    "Band",
    "Bar",
    "Curve",
    "Erratum",
    "PeerCell",
    "Quoted",
    "average_of_rows",
    "cells",
    "errata",
    "figure3",
    "figure4",
    "figure5",
    "figure5_attention",
    "peers",
    "peers_of",
    "printed_average",
    "quoted",
    "seeds_of",
]
