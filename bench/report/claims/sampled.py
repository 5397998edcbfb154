"""A measure together with the numbers of the runs that it averages: what more seeds would buy is computed
from their spread.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from bench.report.claims.measure import Groups, Measure

AT = " at "  # between the data set and the target in the name of a part
Arms = Mapping[str, tuple[list[float], ...]]


@dataclass(frozen=True)
class Sampled(Measure):
    """A measure that is a mean over data sets of one arm, or of the difference of two arms.

    Attributes:
        arms: for each data set, the numbers of the runs of each arm. If the measure has parts, the keys are
            those of the parts.
    """

    arms: Arms = field(default_factory=dict)


def with_arms(measure: Measure, names: list[str], *arms: Groups) -> Sampled:
    """Return a measure with the numbers of its runs.

    Args:
        measure: of these runs.
        names: of the data sets.
        arms: for each arm, the numbers of the runs on each data set, in the order of `names`.
    """
    numbers = dict(zip(names, zip(*arms, strict=True), strict=True))
    own = {name: getattr(measure, name) for name in measure.__dataclass_fields__ if name != "arms"}
    return Sampled(**own, arms=numbers)


def without(measure: Measure, closed: Collection[str]) -> Measure:
    """Return a measure with parts, in which these data sets count as data sets without runs. Its value
    stays that of all data sets.
    """
    kept = {name: one for name, one in measure.parts.items() if data_set_of(name) not in closed}
    cells = len({data_set_of(name) for name in kept})
    missing = measure.missing + measure.cells - cells
    fewer = replace(measure, parts=kept, cells=cells, missing=missing)
    if not isinstance(fewer, Sampled):
        return fewer
    return replace(fewer, arms={name: fewer.arms[name] for name in kept})


def data_set_of(part: str) -> str:
    """Return the data set that a part of a measure is about."""
    return part.split(AT)[0]
