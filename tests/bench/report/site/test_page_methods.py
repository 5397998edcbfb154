"""The page of each method."""

from __future__ import annotations

from bench.report.site.context import Context
from bench.report.site.page_methods import pages, settings
from bench.report.site.runs import Run
from bench.report.site.views import View
from bench.runs.identity import Identity


def rows(view: View) -> dict[str, list[str]]:
    return {row[0].text: [cell.text for cell in row[1:]] for row in view.rows}


def test_a_page_for_each_method_and_the_list(context: Context) -> None:
    found = dict(pages(context))
    names = [f"method-{name}.html" for name in ("dt", "bc", "mine", "behaviour")]
    assert list(found) == ["methods.html", *names]


def test_hyperparameters_beside_the_papers(context: Context) -> None:
    text = dict(pages(context))["method-dt.html"]
    assert "Table 9, p.19" in text
    assert "dt/method.py" in text
    runs = [run for run in context.runs if run.identity.method == "dt"]
    from bench.report.site.page_methods import _printed

    found = settings(context.inputs.plan.variants["dt"], "dt", runs, _printed("dt", runs))
    table = rows(found)
    assert table["steps"][:3] == ["20", "—", "100,000"]
    assert table["layers"] == ["2", "3", "3", "Table 9"]
    assert table["learning_rate"][:3] == ["0.001", "0.0001", "1e-4"]
    marks = {row[0].text: row[1].mark for row in found.rows}
    assert (marks["layers"], marks["heads"]) == ("changed", "")


def test_values_of_several_tasks_are_told_apart(context: Context) -> None:
    runs = [run for run in context.runs if run.identity.method == "bc"]
    assert runs[0].record is not None
    runs[0].record["config"]["layers"] = 7
    here = rows(settings(None, "bc", runs[:3], {}))["layers"][0]
    assert here == "2; 7 on hopper-medium"


def test_without_records_the_config_tells(context: Context) -> None:
    who = Identity("test", "hopper-medium", "dense", 100.0, "dt", 0)
    run = Run(who, ("mujoco",), "DT", "missing")
    table = rows(settings(context.inputs.plan.variants["dt"], "dt", [run], {}))
    assert (table["layers"][0], table["heads"][0]) == ("2", "—")


def test_scores_and_cost(context: Context) -> None:
    text = dict(pages(context))["method-dt.html"]
    assert "runs.html?task=hopper-medium&amp;method=dt&amp;reward=dense&amp;percent=100" in text
    assert "40.0, 42.0" in text
    assert "40 s" in text  # 4 runs of 8 + 2 core-seconds


def test_markup_in_a_label_is_text(context: Context) -> None:
    assert all("<script>alert" not in text for _, text in pages(context))


def test_a_name_with_signs_of_an_address_leads_to_its_own_runs(context: Context) -> None:
    who = Identity("test", "hopper-medium", "dense", 100.0, "lr=1&b #2", 0)
    context.runs = [Run(who, ("mujoco",), "lr=1&b #2", "missing")]
    context.looks["lr=1&b #2"] = context.looks["dt"]
    [_, (name, text)] = pages(context)
    assert name.startswith("method-lr-1-b-2-")
    assert 'href="runs.html?method=lr%3D1%26b+%232"' in text
    assert "task=hopper-medium&amp;method=lr%3D1%26b+%232&amp;reward=dense&amp;percent=100" in text
