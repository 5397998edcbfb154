"""The open questions, shrunk to seconds a run: from their config to their ledger."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from bench.core.code import ROOT
from tests.helpers.pipeline import checkout, snakemake
from tests.helpers.tables import rows_of

pytestmark = pytest.mark.slow
LAYERS = ["config/open.yaml", "config/smoke.yaml", "config/layers/open_smoke.yaml"]


@pytest.mark.long
def test_one_command_answers_every_open_question(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "clone")
    snakemake(folder, "all_open_questions", "--configfile", *LAYERS)

    ledger = (folder / "reports/smoke/claims_open_questions.md").read_text()
    rows = {row[0]: row for row in rows_of(ledger) if re.fullmatch(r"C\d+", row[0])}
    assert list(rows) == [f"C{number}" for number in range(18, 26)]
    assert "not run" not in [row[2] for row in rows.values()]

    suites = yaml.safe_load((ROOT / "config/open.yaml").read_text())["suites"]
    for suite, entry in suites.items():
        pages = folder / "reports/smoke" / suite
        for artifact in ["data", "cost", *entry["artifacts"]]:
            assert "missing" not in (pages / f"{artifact}.md").read_text(), (suite, artifact)

    runs = folder / "results/smoke/runs"
    online = json.loads(
        (runs / "hopper-medium-replay/dense/100/dt-online/0/result.json").read_text()
    )
    assert online["config"]["environment_steps"] == 4000
    luck = json.loads((runs / "gamble-random/dense/100/dt-gamble/1/result.json").read_text())
    assert luck["training"]["steps"] == 20
    again = snakemake(folder, "-n", "all_open_questions", "--configfile", *LAYERS)
    assert "Nothing to be done" in again
