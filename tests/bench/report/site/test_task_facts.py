"""What is known of a task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.core.files import write_json
from bench.report.site.artifact_files import ArtifactFiles
from bench.report.site.inputs import Inputs
from bench.report.site.tables import Grid
from bench.report.site.task_facts import data_facts, facts

MANIFEST = "generated/hopper-medium/1500-0/manifest.json"


def test_the_environment() -> None:
    found = facts("hopper-medium")
    assert found["environment"] == "Hopper-v4"
    assert found["longest episode"] == "1,000 steps"
    assert facts("somebodys-own") == {}


def test_the_data_set_by_its_manifest(scale: Inputs, tmp_path: Path) -> None:
    summary = {"mean": 10.0, "std": 2.0, "min": 1.0, "max": 20.0}
    content = {"source": "generated", "episodes": 7, "steps": 1500, "return": summary}
    write_json(tmp_path / MANIFEST, content | {"terminals": 5, "timeouts": 2, "digest": "d0"})
    assert data_facts(replace(scale, data=tmp_path), "hopper-medium", []) == {
        "source": "generated",
        "episodes": "7",
        "steps": "1,500",
        "return of an episode": "10.0 ± 2.0 (1.0 to 20.0)",
        "ends": "5 terminals, 2 time-outs",
        "digest": "d0",
    }


def test_a_damaged_manifest_tells_nothing(scale: Inputs, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).parent.mkdir(parents=True)
    for content in ("[1]", "{", '{"episodes": null}'):
        (tmp_path / MANIFEST).write_text(content)
        assert "steps" not in data_facts(replace(scale, data=tmp_path), "hopper-medium", [])


def test_without_the_data_the_table_of_data_sets_tells(scale: Inputs) -> None:
    grid = Grid("", ["Data set", "Episodes"], [["hopper-medium", "262"]], [])
    table = ArtifactFiles("mujoco", "data", "", "", "Data", {}, grid)
    assert data_facts(scale, "hopper-medium", [table]) == {"Episodes": "262"}
    assert data_facts(scale, "walker2d-medium", [table]) == {}
