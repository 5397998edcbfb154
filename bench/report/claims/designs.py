"""The statistics of the claims as data: their arguments, the runs that they need, and their unit.

This file imports no heavy library, so that claims can be checked when the workflow is parsed. The functions
stand in `bench.report.claims.statistics` under the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

POINTS = "points"


@dataclass(frozen=True)
class Design:
    """What a statistic needs.

    Attributes:
        arguments: names that must be given.
        optional: names that may be given.
        arms: of the arguments, those that name methods, one for each compared arm. One arm: a mean over
            data sets; two arms: a difference.
        needs: `scores`, or which other numbers of the runs: `sweep`, `diagnostic`, `curve`, `sparse` (runs with either
            reward), `sparse alone`.
        parts: for each data set, how many numbers a rule about every data set is applied to; 0: the
            statistic has no number for a data set.
        spread: the standard deviation over seeds that is assumed without records, in the statistic's own
            unit (of a ratio: of its logarithm); None: it is in normalised points, and the caller chooses.
        log: the rule is applied on a logarithmic scale.
        spreads: the numbers are standard deviations over seeds, and the interval is over data sets.
        by_seed: a number is of a data set and a seed, and takes the runs of all arms on all fractions of the data. So
            there is one arm, of these numbers.
        pairs: of how many data sets a number is: 2 for a difference of differences, whose arms hold doubled scores.
    """

    arguments: tuple[str, ...]
    optional: tuple[str, ...] = ()
    arms: tuple[str, ...] = ("method",)
    needs: str = "scores"
    parts: int = 0
    spread: float | None = None
    log: bool = False
    spreads: bool = False
    pairs: int = 1
    by_seed: bool = False


TWO = ("method", "against")
DESIGNS: dict[str, Design] = {
    "difference": Design(TWO, ("kinds",), TWO),
    "difference_each": Design(TWO, ("share", "kinds"), TWO, parts=1),
    "difference_to_best": Design(TWO, (), TWO),
    "difference_at_equal_cost": Design(TWO, (), TWO, needs="curve"),
    "lead": Design(("methods", "against"), (), ("methods", "against"), parts=1),
    "reward_difference": Design(("method",), (), ("method", "method"), needs="sparse"),
    "sparse_difference": Design(TWO, (), TWO, needs="sparse alone"),
    "improvement": Design(TWO, (), TWO),
    "interaction": Design((*TWO, "family", "base"), (), TWO, pairs=2),
    "difference_on_fractions": Design((*TWO, "data_percents"), (), TWO, by_seed=True),
    "lead_on_few_data": Design((*TWO, "data_percent"), (), TWO, by_seed=True),
    "spread_ratio": Design(TWO, (), TWO, log=True, spreads=True),
    "rank_correlation": Design(("method",), needs="sweep", spread=0.15),
    "slope": Design(("method",), needs="sweep", spread=0.2),
    "target_deviation": Design(("method", "near"), needs="sweep", parts=4),
    "drop": Design(("method", "near", "far"), needs="sweep", parts=1),
    "excess": Design(("method", "near"), ("best",), needs="sweep", parts=1),
    "correlation_over_methods": Design(
        ("methods", "measure", "to"), (), ("methods",), needs="diagnostic", parts=1, spread=0.1
    ),
    "context_trend": Design((), (), (), spread=0.15),
    "measured": Design(
        ("method", "measure", "group"), ("only",), needs="diagnostic", parts=1, spread=0.1
    ),
    "measured_ratio": Design(
        ("method", "measure", "group", "to"),
        ("steps",),
        needs="diagnostic",
        spread=0.5,
        log=True,
    ),
}


def rewards_of(statistic: str) -> tuple[str, ...]:
    """Return the rewards of the runs that a statistic needs."""
    needs = DESIGNS[statistic].needs
    return {"sparse": ("dense", "sparse"), "sparse alone": ("sparse",)}.get(needs, ("dense",))


def percents_of(arguments: Mapping[str, Any]) -> list[float]:
    """Return the percents of the data of the runs that a statistic needs."""
    if "data_percent" in arguments:  # this part of the data, and all of them
        return [float(arguments["data_percent"]), 100.0]
    return [float(percent) for percent in arguments.get("data_percents", [100])]


def check_arguments(statistic: str, arguments: Mapping[str, Any]) -> None:
    """Refuse a statistic that does not exist, and arguments that it does not take.

    Raises:
        ValueError: names the statistic or the argument, and the known ones.
    """
    if statistic not in DESIGNS:
        raise ValueError(f"unknown statistic {statistic!r}; known: {', '.join(DESIGNS)}")
    design = DESIGNS[statistic]
    known = [*design.arguments, *design.optional]
    if unknown := sorted(set(arguments) - set(known)):
        raise ValueError(
            f"statistic {statistic} takes no argument {', '.join(unknown)}; known: {', '.join(known) or 'none'}"
        )
    if missing := [name for name in design.arguments if name not in arguments]:
        raise ValueError(f"statistic {statistic} needs the argument {', '.join(missing)}")


def arms_of(statistic: str, arguments: Mapping[str, Any]) -> list[list[str]]:
    """Return the methods of each compared arm of a statistic."""
    named = [arguments[name] for name in DESIGNS[statistic].arms]
    return [list(value) if isinstance(value, list) else [value] for value in named]


def methods_of(statistic: str, arguments: Mapping[str, Any]) -> list[str]:
    """Return every method that a statistic compares, once."""
    return list(dict.fromkeys(name for arm in arms_of(statistic, arguments) for name in arm))
