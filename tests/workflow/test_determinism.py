"""The same inputs give the same bytes, whatever runs beside a run, in which order, and in which folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.pipeline import checkout, snakemake, tiny

pytestmark = [pytest.mark.slow, pytest.mark.long]

METHODS = ["dt", "cql", "bc", "bc10"]
SMALL = {
    "dt": {"steps": 6, "options": {"width": 16, "layers": 1, "context_length": 3}},
    "cql": {"steps": 6, "options": {"width": 16, "layers": 1, "batch_size": 16}},
    "bc": {"steps": 6, "options": {"width": 8, "layers": 1}},
    "bc10": {"steps": 6, "options": {"width": 8, "layers": 1}},
}


def ran(folder: Path, cores: int, methods: list[str], seeds: list[int], *options: str) -> Path:
    """Return a checkout in which the runs of a small config are finished, its data included."""
    checkout(folder)
    suite = {"methods": methods, "seeds": seeds, "artifacts": ["table2"]}
    config = tiny(folder, suites={"mujoco": suite}, methods=SMALL)
    snakemake(folder, "all_mujoco", *options, config=config, cores=cores)
    return folder


def products(folder: Path) -> dict[str, bytes]:
    """Return relative path -> content of the data, policies and records."""
    files = [
        *(folder / "data").rglob("*.npy"),
        *(folder / "results").rglob("policy.safetensors"),
        *(folder / "results").rglob("result.json"),
    ]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The products of one job at a time."""
    return products(ran(tmp_path_factory.mktemp("alone") / "clone", 1, METHODS, [0, 1]))


@pytest.mark.parametrize("cores", [2, 4])
def test_any_number_of_jobs_in_another_order_and_folder_gives_the_same_bytes(
    alone: dict[str, bytes], tmp_path: Path, cores: int
) -> None:
    other = tmp_path / "another folder" / "deeper"
    options = ("--scheduler", "ilp") if cores == 4 else ()
    found = products(ran(other, cores, METHODS[::-1], [1, 0], *options))
    assert len([name for name in found if name.endswith("policy.safetensors")]) == 8
    assert found.keys() == alone.keys()
    assert [name for name in found if found[name] != alone[name]] == []


def test_another_user_gets_the_same_bytes(
    alone: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another home, language, time zone and order of sets."""
    (tmp_path / "home").mkdir()
    own = {
        "HOME": str(tmp_path / "home"),
        "USER": "other",
        "LOGNAME": "other",
        "LC_ALL": "tr_TR.UTF-8",
    }
    for name, value in (own | {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    found = products(ran(tmp_path / "clone", 2, METHODS, [0, 1]))
    assert found.keys() == alone.keys()
    assert [name for name in found if found[name] != alone[name]] == []
