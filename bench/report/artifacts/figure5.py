"""Figure 5: DT as a critic on Key-to-Door. Does it foresee the reward, and what does it look at?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from bench.paper import figure5, figure5_attention
from bench.report.artifact import Artifact
from bench.report.artifacts.key_to_door import CHANCE, CHANCE_OF_KEY, CHANCE_WITH_KEY, KEY_TO_DOOR
from bench.report.artifacts.samples import spell
from bench.report.cells import MISSING
from bench.report.tables import by_method
from bench.runs.diagnostics.critic import LAST_STEPS, OUTCOMES, ROOMS
from bench.stats.intervals import estimate

TITLE = (
    "Figure 5 (Chen, Lu et al. 2021, p.10): Decision Transformer as a critic on Key-to-Door, in random episodes that "
    "it did not learn from."
)
NOTES = (
    f"Shapes compare, levels do not. Our critic learned from random episodes, of which {CHANCE} % succeed, and is to "
    f"be calibrated to them: with the key, in the distractor room, exactly {CHANCE_WITH_KEY} % go on to succeed. The "
    "paper's curve starts at 0.28; what its critic learned from, and which episodes it averages, is not stated.",
    "A prediction stands before its step's action, so the end of a room is the last step in it. An outcome is that of "
    "the whole episode.",
    "Attention: the last layer's, mean over heads, a step's three tokens together. Ours counts an event as two steps, "
    "the one whose action brings it about and the next, which shows it, and the predictions after these up to the next "
    "event; mean over up to 200 successful episodes. The paper's is of one episode, and of the event's step alone.",
    "The paper's numbers are read from its vector graphics: the middles of its bands, the weights of its scatter plot.",
)
HEADINGS = ["Data", "Method", "Measure", "Of", "Ours", "Paper", "For comparison"]
DIGITS = 3
ALONG, AUC, MASS, EVEN = "reward probability", "auc", "attention mass", "even attention mass"
PLACES = {"start": 0} | dict(zip((f"end of {room}" for room in ROOMS), LAST_STEPS, strict=True))
# what whoever knows the rules would say, where that is known exactly
KNOWN = {("start", outcome): (CHANCE / 100, "all episodes") for outcome in OUTCOMES}
KNOWN["end of distractor room", OUTCOMES[0]] = (0.0, "without the key")
KNOWN |= {
    ("end of distractor room", outcome): (CHANCE_WITH_KEY / 100, "with the key")
    for outcome in OUTCOMES[1:]
}
# there nothing can be known but who holds the key: of the episodes that fail, this share does
FAILING_HOLDERS = (CHANCE_OF_KEY - CHANCE) / (100 - CHANCE)
BEST = f"; {1 - FAILING_HOLDERS / 2:.{DIGITS}f}: knowing who has the key, all there is to know"


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return what the probes of a suite's critics measured (`bench.runs.diagnostics.critic.probe`).

    Raises:
        ValueError: the suite has no probe of a critic on Key-to-Door, dense reward and all of the
            data.
    """
    from bench.report.artifacts.critic_panels import draw

    whole = (scores["reward"] == "dense") & (scores["data_percent"] == 100)
    diagnosed = scores[(scores["kind"] == "diagnostic") & whole & scores["task"].isin(KEY_TO_DOOR)]
    if diagnosed.empty:
        raise ValueError(
            "no probe of a critic on Key-to-Door with dense reward and all of the data: "
            "say `diagnostic: critic` in the suite"
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
    """Return the measures of one critic as means over its seeds, the paper's beside them.

    Columns: measure, group, x, value, low, high (95 % interval of the mean), runs, spread (over
    episodes, mean over seeds), paper, paper_low, paper_high (its band). A calibration's x and value
    are what was predicted and observed in the bins of the same rank. Attention weights and ROC
    curves are not averaged and not here.

    Args:
        runs: rows of the critic's probes.
    """
    kept = runs[runs["measure"].isin(["episodes", ALONG, "calibration", AUC, MASS, EVEN])]
    rank = kept.groupby(["seed", "measure", "group"]).cumcount()
    place = rank.where(kept["measure"] == "calibration", kept["x"].fillna(-1))
    found = []
    for (measure, group, _), cell in kept.groupby(["measure", "group", place], sort=False):
        ours, x = estimate(cell["value"].tolist()), float(cell["x"].mean())
        middle, low, high = _printed(str(measure), str(group), x)
        found.append(
            {"measure": measure, "group": group, "x": x, "value": ours.mean}
            | {"low": ours.low, "high": ours.high, "runs": ours.runs}
            | {"spread": float(cell["spread"].mean())}
            | {"paper": middle, "paper_low": low, "paper_high": high}
        )
    return pd.DataFrame(found)


def _printed(measure: str, group: str, x: float) -> tuple[float, float, float]:
    """Return the paper's number and the ends of its band; NaN where it has none."""
    if measure == ALONG:
        for band in figure5():
            if band.outcome == group:
                return band.middle[int(x)], band.low[int(x)], band.high[int(x)]
    for attention in figure5_attention():
        if attention.event == group and measure in (MASS, EVEN):
            return attention.mass if measure == MASS else attention.even, math.nan, math.nan
    return math.nan, math.nan, math.nan


def _lines(means: pd.DataFrame) -> Iterator[list[str]]:
    """Yield the rows of the table: measure, of what, ours, the paper's, what to compare with."""
    of = dict(list(means.groupby(["measure", "group"], sort=False)))
    for outcome in OUTCOMES:
        for place, step in PLACES.items() if (ALONG, outcome) in of else ():
            found = of[ALONG, outcome]
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
                "Share of attention afterwards",
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
        f"Scale {scale}: {diagnosed['seed'].nunique()} seeds; {diagnosed['episodes'].max():,} new random "
        f"episodes, the same for all ({outcomes}). Brackets: 95 % interval over seeds (Student's t)."
    )
