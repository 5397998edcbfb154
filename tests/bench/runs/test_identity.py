"""A folder of a run spells which run it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.runs.identity import Identity, identity_of

RUN = Identity("test", "hopper-medium", "dense", 100.0, "bc", 1)


def test_the_folder_spells_the_run() -> None:
    folder = Path("results/test/runs/hopper-medium/dense/100/bc/1")
    assert RUN.folder() == folder
    assert identity_of(folder) == identity_of(Path("/anywhere") / folder) == RUN


def test_a_fraction_of_the_data_keeps_its_spelling() -> None:
    run = Identity("test", "hopper-medium", "sparse", 12.5, "bc", 0)
    assert run.folder().parts[-3] == "12.5"
    assert identity_of(run.folder()) == run


@pytest.mark.parametrize(
    "folder",
    [
        "results/test/runs/hopper-medium/dense/100/bc",
        "results/test/hopper-medium/dense/100/bc/0",
        "other/test/runs/hopper-medium/dense/100/bc/0",
        "results/test/runs/hopper-medium/dense/all/bc/0",
        "results/test/runs/hopper-medium/dense/nan/bc/0",
        "results/test/runs/hopper-medium/dense/0/bc/0",
        "results/test/runs/hopper-medium/dense/101/bc/0",
        "results/test/runs/hopper-medium/dense/100/bc/-1",
        f"results/test/runs/hopper-medium/dense/100/bc/{10**40}",
        "results/test/runs/hopper-medium/dense/100/bc/first",
    ],
    ids=[
        "short",
        "no-runs",
        "no-results",
        "percent",
        "percent-nan",
        "percent-0",
        "percent-101",
        "seed-negative",
        "seed-huge",
        "seed",
    ],
)
def test_other_folders_are_no_runs(folder: str) -> None:
    with pytest.raises(ValueError, match=f"{folder} is not a run's folder"):
        identity_of(Path(folder))
