"""What all pages of a site use."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report.site.context import Context, artifact_page, method_page, task_page
from bench.report.site.inputs import Inputs


def test_the_way_to_the_records_is_relative(scale: Inputs, tmp_path: Path) -> None:
    inside = Context.of(scale, scale.reports / "site")
    assert inside.records_from == "../../.."
    record = scale.reports / "site" / f"{inside.records_from}/results/test/runs"
    assert record.resolve().is_dir()


def test_packed_records_are_not_linked(scale: Inputs, tmp_path: Path) -> None:
    from dataclasses import replace

    packed = Context.of(replace(scale, packed=True), tmp_path)
    assert packed.records_from is None
    assert "packed records" in packed.about


def test_the_footer_of_packed_records_says_how_to_get_them(scale: Inputs, tmp_path: Path) -> None:
    from dataclasses import replace

    assert "`results/test/runs`" in Context.of(scale, tmp_path).records
    packed = Context.of(replace(scale, packed=True), tmp_path).records
    assert "`bench records unpack --scale test --out FOLDER`" in packed


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("quick", ""),
        ("demo", " --configfile config/demo.yaml"),
        ("mine", " --configfile YOUR_CONFIG"),
    ],
)
def test_a_command_names_the_config_of_the_scale(
    name: str, option: str, scale: Inputs, tmp_path: Path
) -> None:
    from dataclasses import replace

    plan = replace(scale.plan, scale=name)
    assert Context.of(replace(scale, plan=plan), tmp_path).option == option


def test_what_has_not_begun(context: Context) -> None:
    assert context.waiting == ["later"]
    assert not any(run.identity.task.startswith("walker") for run in context.runs)


def test_a_figure_that_cannot_be_made_is_a_note(context: Context) -> None:
    def fails() -> list[object]:
        raise ValueError("no column")

    assert context.attempt("Table 2", fails) == []  # type: ignore[arg-type]
    assert context.notes == ["Table 2: no interactive figure (no column)"]


def test_file_names(context: Context) -> None:
    made = context.artifact("table2", "mujoco")
    assert made is not None
    assert artifact_page(made) == "artifact-mujoco-table2.html"
    assert task_page("hopper-medium") == "task-hopper-medium.html"
    assert method_page("a/../b") == "method-a-..-b-900ea8b7.html"
    assert len({method_page(name) for name in ("lr 1", "lr-1", "lr/1", "lr+1")}) == 4
    assert context.artifact("table2", "targets") is None


def test_every_section_is_a_file_of_its_own(context: Context) -> None:
    files = [file for _, file in context.sections]
    assert len(set(files)) == len(files)
