"""Every erratum follows from the rest of the paper, the data or the code, and stays quoted as printed."""

from __future__ import annotations

import baselines.bc
import dt.method
from bench.datasets.readers.d4rl_files import files
from bench.paper import (
    average_of_rows,
    cells,
    errata,
    figure3,
)
from tests.helpers.quoted import GRIDS, GYM, normalised, panel, score


def computed() -> dict[str, float]:
    """What the rest of the paper, the data or the code give, by place."""
    best = {domain: files()[f"{domain}-medium-replay"].statistics["return_max"] for domain in GYM}
    return {
        # Tables 12 and 13: raw scores, normalised with Table 11
        "Table 1, Pong, DT": normalised("pong", score("Table 12", "pong-replay", "DT")),
        "Table 2, average without Reacher, BC": average_of_rows("Table 2", "BC", reacher=False),
        "Table 2, average of all settings, BC": average_of_rows("Table 2", "BC"),
        "Table 2, Reacher medium, BC": score("Table 3", "reacher2d-medium", "100%BC"),
        "Table 3, average, DT": average_of_rows("Table 3", "DT"),
        "Table 3, average, 100%BC": average_of_rows("Table 3", "100%BC"),
        "Table 3, Reacher medium, 100%BC": score("Table 2", "reacher2d-medium", "BC"),
        "Table 4, Pong, DT": normalised("pong", score("Table 13", "pong-replay", "DT")),
        "Table 4, Pong, 10%BC": normalised("pong", score("Table 13", "pong-replay", "10%BC")),
        "Table 4, Qbert, 40%BC": normalised("qbert", score("Table 13", "qbert-replay", "40%BC")),
        "Table 5, Qbert, DT (K=30)": normalised("qbert", score("Table 12", "qbert-replay", "DT")),
        "Table 5, Pong, DT (K=50)": normalised("pong", score("Table 12", "pong-replay", "DT")),
        "Table 7, Hopper medium-expert, BC": score("Table 2", "hopper-medium-expert", "BC"),
        "Table 9, warm-up of DT": dt.method.Config().warmup_steps,
        "Table 10, warm-up of BC": baselines.bc.Config().warmup_steps,
        "Figure 3, OpenAI Gym, BC": average_of_rows("Table 2", "BC"),
        "Figure 4, HalfCheetah, best trajectory": normalised("halfcheetah", best["halfcheetah"]),
        "Figure 4, Walker, best trajectory": normalised("walker2d", best["walker2d"]),
    }


def test_every_erratum_follows_from_something_else() -> None:
    expected = computed()
    assert [erratum.place for erratum in errata()] == list(expected)
    for erratum in errata():
        digits = 2 if erratum.source == "Figure 4" else 1
        assert round(expected[erratum.place], digits) == erratum.computed, erratum.place


def printed() -> dict[tuple[str, str, str], float | None]:
    """What is quoted as printed, by source, row and column; the warm-ups are quoted in errata only."""
    found: dict[tuple[str, str, str], float | None] = {k: c.mean for k, c in cells().items()}
    found |= {("Figure 3", bar.group, bar.method): bar.height for bar in figure3()}
    found |= {("Figure 4", name, "best"): panel(name).normalised_best_printed for name in GRIDS}
    return found | {("Table 9", "", "DT"): 1e5, ("Table 10", "", "BC"): 1e5}


def test_every_erratum_stays_quoted_as_printed_with_a_note_and_a_sentence() -> None:
    for erratum in errata():
        key = (erratum.source, erratum.task, erratum.method)
        assert printed()[key] == erratum.printed != erratum.computed
        if key in cells():
            assert f"{erratum.computed}" in cells()[key].note
        if erratum.task:
            assert f"{erratum.printed:.1f}" in erratum.sentence
            assert f"{erratum.computed:.1f}" in erratum.sentence
        assert erratum.sentence.endswith(".")


def test_errata_of_one_table() -> None:
    assert [erratum.task for erratum in errata("Table 7")] == ["hopper-medium-expert"]
    assert len(errata("Table 3")) == 3
    assert [erratum.task for erratum in errata("Table 1")] == ["pong-replay"]
    assert errata("Table 12") == ()
