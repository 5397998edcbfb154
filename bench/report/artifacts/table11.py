"""Table 11: the reference scores of Atari games, beside the scores of random actions here."""

from __future__ import annotations

import math

import pandas as pd

from bench.paper import quoted
from bench.report.artifact import Artifact
from bench.report.artifacts.games import of_games
from bench.report.cells import MISSING, spell
from bench.report.frame import seed_count
from bench.report.tables import quoting, row_of
from bench.stats.intervals import estimate
from bench.tasks.registry import task_by_name, tasks_of

ATARI = tasks_of("atari")

TITLE = "Table 11 (Chen, Lu et al. 2021, p.20): reference scores of Atari games, and random actions here."
NOTES = (
    "Normalised: 100 (score - random) / (gamer - random), with the rounded numbers of the paper. They are the random "
    "agent and the professional gamer of Hafner et al. 2020.",
    "Random actions here: method `uniform` with the evaluation of this suite; its normalised score should be about 0.",
)


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the reference scores of the suite's games.

    Raises:
        ValueError: there is no score on an Atari game with dense reward and all of the data.
    """
    chosen = of_games(scores, "Table 11")
    uniform = quoting(chosen, "Table 11", "Random")
    body, numbers = [], []
    for task in (task for task in ATARI if task in set(chosen["task"])):
        domain, runs = task_by_name(task).domain, uniform[uniform["task"] == task]
        random, gamer = (quoted("Table 11", task, column) for column in ("Random", "Gamer"))
        ours = estimate(runs["return_mean"].tolist()) if len(runs) else None
        normal = domain.normalised(ours.mean) if ours else math.nan
        assert random is not None
        assert gamer is not None
        texts = [f"{random.mean:,.0f}", f"{gamer.mean:,.0f}"]
        texts += [spell(ours), f"{normal:.1f}"] if ours else [MISSING, MISSING]
        body.append([*row_of(task), *texts])
        numbers.append(
            {"task": task, "random": random.mean, "gamer": gamer.mean, "runs": len(runs)}
            | {"mean": ours.mean if ours else math.nan, "normalised": normal}
            | {"low": ours.low if ours else math.nan, "high": ours.high if ours else math.nan}
        )
    episodes = ", ".join(f"{count:,}" for count in sorted(set(uniform["episodes"]))) or "no"
    source = (
        f"Scale {scale}: {seed_count(uniform)}, {episodes} episodes each. Brackets: 95 % interval of the "
        "mean over seeds (Student's t)."
    )
    headings = ["Data", "Environment", "Random", "Gamer", "Random actions here", "Normalised"]
    return Artifact(TITLE, headings, body, [source, *NOTES], pd.DataFrame(numbers))
