"""Figure 5: DT as a critic on Key-to-Door, its predictions of the reward and its attention weights."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from bench.paper import figure5, figure5_attention
from bench.report.artifact import Artifact
from bench.report.artifacts.key_to_door import CHANCE, CHANCE_OF_KEY, CHANCE_WITH_KEY, KEY_TO_DOOR
from bench.report.artifacts.samples import spell
from bench.report.cells import MISSING
from bench.report.frame import seed_count
from bench.report.ranges import range_of
from bench.report.tables import by_method
from bench.runs.diagnostics.critic import LAST_STEPS, OUTCOMES, ROOMS
from bench.stats.intervals import estimate

TITLE = (
    "Figure 5 (Chen, Lu et al. 2021, p.10): Decision Transformer as a critic on Key-to-Door, on new random "
    "episodes."
)
NOTES = (
    "The shapes of the curves can be compared with the paper's, their levels cannot. Our critic was trained on random "
    f"episodes, of which {CHANCE} % succeed. Of the episodes that hold the key in the distractor room, exactly "
    f"{CHANCE_WITH_KEY} % succeed. The paper's curve starts at 0.28. The paper says neither on which data its critic "
    "was trained nor which episodes it averages.",
    "A prediction is made before the action of its step. The end of a room is the last step in it. An outcome is the "
    "outcome of the whole episode.",
    "Attention: weights of the last layer, mean over heads, summed over the three tokens of a step. In our numbers an "
    "event is two steps: the step whose action causes it and the next step, which shows it. They are means over the "
    "predictions after the event up to the next event, and over at most 200 successful episodes. The paper shows one "
    "episode, and counts only the step of the event.",
    "The paper's numbers are read from its vector graphics: the middles of its bands and the weights of its scatter "
    "plot.",
)
HEADINGS = ["Data", "Method", "Measure", "Of", "Ours", "Paper", "For comparison"]
DIGITS = 3
PREDICTION, AUC, MASS, EVEN = "reward probability", "auc", "attention mass", "even attention mass"
PLACES = {"start": 0} | dict(zip((f"end of {room}" for room in ROOMS), LAST_STEPS, strict=True))
# the exact probabilities for an observer who knows the rules of the environment
KNOWN = {("start", outcome): (CHANCE / 100, "all episodes") for outcome in OUTCOMES}
KNOWN["end of distractor room", OUTCOMES[0]] = (0.0, "without the key")
KNOWN |= {
    ("end of distractor room", outcome): (CHANCE_WITH_KEY / 100, "with the key")
    for outcome in OUTCOMES[1:]
}
# there the only useful fact is who holds the key; this share of the failing episodes does
FAILING_HOLDERS = (CHANCE_OF_KEY - CHANCE) / (100 - CHANCE)
BEST = f"; {1 - FAILING_HOLDERS / 2:.{DIGITS}f}: the best possible, which knows who has the key"


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the measures of a suite's critics (`bench.runs.diagnostics.critic.measure`).

    Raises:
        ValueError: the scores hold no diagnostic of a critic on Key-to-Door with dense reward and all
            of the data.
    """
    from bench.report.artifacts.critic_panels import draw

    whole = (scores["reward"] == "dense") & (scores["data_percent"] == 100)
    diagnosed = scores[(scores["kind"] == "diagnostic") & whole & scores["task"].isin(KEY_TO_DOOR)]
    if diagnosed.empty:
        raise ValueError(
            "no diagnostic of a critic on Key-to-Door with dense reward and all of the data; "
            "set `diagnostic: critic` in the suite"
        )
    body: list[list[str]] = []
    critics: list[tuple[str, pd.DataFrame, pd.DataFrame]] = []
    for (task, method), runs in by_method(diagnosed).groupby(["task", "method"], sort=False):
        means = over_seeds(runs)
        means.insert(0, "task", str(task))
        means.insert(1, "method", str(method))
        data, label = runs["row"].iloc[0][0], str(runs["heading"].iloc[0])
        body += [[data, label, *line] for line in _lines(means)]
        critics.append((f"{label}, {data}", means, runs))
    numbers = pd.concat([means for _, means, _ in critics], ignore_index=True)
    return Artifact(
        TITLE,
        HEADINGS,
        body,
        [_source(diagnosed, scale), *NOTES],
        numbers,
        lambda files: draw(critics, files),
    )


def over_seeds(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the measures of one critic as means over its seeds, with the paper's numbers.

    Columns: measure, group, x, value, low, high (95 % interval of the mean), runs, spread (over
    episodes, mean over seeds), paper, paper_low, paper_high (its band). In rows of a calibration x is
    the predicted and value the observed rate; bins of the same rank are averaged. Attention weights
    and ROC curves are not averaged and are left out.

    Args:
        runs: rows of the critic's diagnostics.
    """
    averaged = runs[runs["measure"].isin(["episodes", PREDICTION, "calibration", AUC, MASS, EVEN])]
    rank = averaged.groupby(["seed", "measure", "group"]).cumcount()
    place = rank.where(averaged["measure"] == "calibration", averaged["x"].fillna(-1))
    found = []
    for (measure, group, _), cell in averaged.groupby(["measure", "group", place], sort=False):
        ours = estimate(cell["value"].tolist(), range_of(cell))
        x = float(cell["x"].mean())
        middle, low, high = _printed(str(measure), str(group), x)
        found.append(
            {"measure": measure, "group": group, "x": x, "value": ours.mean}
            | {"low": ours.low, "high": ours.high, "runs": ours.runs}
            | {"spread": float(cell["spread"].mean())}
            | {"paper": middle, "paper_low": low, "paper_high": high}
        )
    return pd.DataFrame(found)


def _printed(measure: str, group: str, x: float) -> tuple[float, float, float]:
    """Return the paper's number and the ends of its band; NaN if the paper has none."""
    if measure == PREDICTION:
        for band in figure5():
            if band.outcome == group:
                return band.middle[int(x)], band.low[int(x)], band.high[int(x)]
    for attention in figure5_attention():
        if attention.event == group and measure in (MASS, EVEN):
            return attention.mass if measure == MASS else attention.even, math.nan, math.nan
    return math.nan, math.nan, math.nan


def _lines(means: pd.DataFrame) -> Iterator[list[str]]:
    """Yield the rows of the table: measure, group, ours, the paper's, and a value to compare with."""
    of = dict(list(means.groupby(["measure", "group"], sort=False)))
    for outcome in OUTCOMES:
        for place, step in PLACES.items() if (PREDICTION, outcome) in of else ():
            found = of[PREDICTION, outcome]
            known = KNOWN.get((place, outcome))
            yield [
                f"Predicted reward probability, {place}",
                outcome,
                *_cells(found[found["x"] == step].iloc[0]),
                f"{known[0]:.{DIGITS}f}: {known[1]}" if known else "",
            ]
    for room in ROOMS:
        if (AUC, room) in of:
            row = of[AUC, room].iloc[0]
            beside = f"0.5: guessing{BEST if room == ROOMS[1] else ''}"
            yield [f"Area under the ROC curve, end of {room}", "", *_cells(row), beside]
    for event in ("key", "door"):
        if (MASS, event) in of:
            even = of[EVEN, event].iloc[0]
            beside = (
                f"even attention: {even['value']:.{DIGITS}f}, paper's {even['paper']:.{DIGITS}f}"
            )
            yield [
                "Share of the attention after the event",
                f"the {event}",
                *_cells(of[MASS, event].iloc[0]),
                beside,
            ]


def _cells(row: pd.Series) -> list[str]:
    paper = MISSING if math.isnan(row["paper"]) else f"{row['paper']:.{DIGITS}f}"
    return [spell(row["value"], row["low"], row["high"], DIGITS), paper]


def _source(diagnosed: pd.DataFrame, scale: str) -> str:
    counts = diagnosed[diagnosed["measure"] == "episodes"].drop_duplicates("group")
    outcomes = ", ".join(
        f"{outcome}: {count:,.0f}"
        for outcome, count in zip(counts["group"], counts["value"], strict=True)
    )
    return (
        f"Scale {scale}: {seed_count(diagnosed)}; {diagnosed['episodes'].max():,} new random "
        f"episodes, the same for all ({outcomes}). Brackets: 95 % interval over seeds (Student's t "
        "on the logit scale, so that it stays between 0 and 1)."
    )
