"""The real pipeline: plan, drop-in methods, failures, resumption."""

import re
import shutil

import pandas as pd
import pytest

from tests.helpers.pipeline import checkout, jobs, snakemake, tiny, with_data

pytestmark = pytest.mark.slow
RUNS = "results/tiny/runs/hopper-medium/dense/100"


@pytest.fixture
def clone(tmp_path):
    return checkout(tmp_path / "clone")


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A checkout that holds the tiny plan's data; copy it before changing it."""
    return with_data(tmp_path_factory.mktemp("generated") / "clone")


@pytest.fixture
def prepared(generated, tmp_path):
    return shutil.copytree(generated, tmp_path / "clone", symlinks=True)


@pytest.fixture(scope="module")
def finished(generated, tmp_path_factory):
    """A checkout in which the tiny plan has run; copy it before changing it."""
    folder = tmp_path_factory.mktemp("finished") / "clone"
    shutil.copytree(generated, folder, symlinks=True)
    snakemake(folder, "all_mujoco", config="config/tiny.yaml")
    return folder


@pytest.fixture
def done(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "clone", symlinks=True)


def test_the_default_plan(clone):
    planned = jobs(snakemake(clone, "all_mujoco", "--dry-run"))
    assert planned["train"] == planned["evaluate"] == 12 * 8 * 3  # tasks, methods, seeds
    assert planned["generate"] == 12
    assert planned["scores"] == planned["table2"] == planned["cost"] == 1


def test_without_a_target_the_main_suite_is_planned(clone):
    planned = jobs(snakemake(clone, "--dry-run", config=tiny(clone)))
    assert (planned["train"], planned["table2"], planned["default"]) == (2, 1, 1)


def test_a_group_has_a_ledger_only_if_a_claim_needs_one_of_its_suites(clone):
    reasons = ["--configfile", "config/desk.yaml", "config/layers/reasons_desk.yaml"]
    planned = jobs(snakemake(clone, "all_reasons", "--dry-run", *reasons))
    assert planned["fractions"] == planned["variants"] == planned["figure5"] == 1
    assert "claims" not in planned
    open_questions = ["--configfile", "config/open.yaml"]
    assert jobs(snakemake(clone, "all_open_questions", "--dry-run", *open_questions))["claims"] == 1


def test_a_family_without_suites_in_the_config_has_no_target(clone):
    listed = snakemake(clone, "--list").split()
    assert "paper_atari" in listed
    assert "paper_luck" not in listed  # config/open.yaml has its suite


def test_the_whole_plan_of_the_paper(clone):
    plan = snakemake(
        clone, "paper_mujoco", "--dry-run", "--quiet", "rules", config="config/paper.yaml"
    )
    planned = jobs(plan)
    assert planned["train"] == planned["evaluate"] > 1000
    assert planned["sweep"] == 7 * 3
    assert (planned["fetch"], planned["generate"]) == (9, 3)
    assert planned["claims"] == 1
    for page in ("table2", "table3", "table5", "table7", "figure3", "figure4", "fractions"):
        assert planned[page] == 1


def test_the_whole_plan_of_the_papers_games(clone):
    plan = snakemake(
        clone, "paper_atari", "--dry-run", "--quiet", "rules", config="config/paper.yaml"
    )
    planned = jobs(plan)
    # four games, three seeds: six methods, two more of Table 4, one of Table 5
    assert planned["train"] == planned["evaluate"] == 4 * 3 * (6 + 2 + 1)
    assert planned["sweep"] == 4 * 3
    assert planned["fetch_games"] == 4
    assert "generate" not in planned
    assert planned["video"] == 4 * 4
    for page in ("table1", "table12", "table11", "table4", "table13", "table5", "figure4"):
        assert planned[page] == 1
    assert planned["claims"] == 1


def test_a_second_run_has_nothing_to_do(done):
    assert "Nothing to be done" in snakemake(done, "all_mujoco", config="config/tiny.yaml")


def test_a_moved_checkout_has_nothing_to_do(done, tmp_path):
    moved = shutil.move(done, tmp_path / "elsewhere")
    assert "Nothing to be done" in snakemake(moved, "all_mujoco", config="config/tiny.yaml")


def test_another_protocol_evaluates_and_does_not_train(done):
    config = tiny(done, evaluation={"episodes": 2})
    planned = jobs(snakemake(done, "all_mujoco", "--dry-run", config=config))
    assert "train" not in planned
    assert planned["evaluate"] == 2


def test_dropping_in_editing_and_deleting_a_method(done):
    mine = done / "baselines" / "mine.py"
    shutil.copy(done / "baselines" / "_template.py", mine)
    output = snakemake(done, "all_mujoco", config="config/tiny.yaml")
    assert "Training mine on hopper-medium" in output
    assert "Training bc" not in output
    assert "| mine" in (done / "reports/tiny/mujoco/table2.md").read_text()

    mine.write_text(mine.read_text().replace("ridge: float = 1.0", "ridge: float = 2.0"))
    output = snakemake(done, "all_mujoco", "--dry-run", config="config/tiny.yaml")
    assert jobs(output)["train"] == 1
    assert "Training mine" in output
    assert "baselines/mine.py" in output  # the reason names the file

    mine.unlink()
    output = snakemake(done, "all_mujoco", config="config/tiny.yaml")
    assert "Training" not in output
    assert "mine" not in (done / "reports/tiny/mujoco/table2.md").read_text()


def test_a_broken_method_stops_its_own_run_only(prepared):
    (prepared / "baselines" / "broken.py").write_text("import nothing_of_that_name\n")
    template = (prepared / "baselines" / "_template.py").read_text()
    (prepared / "baselines" / "crooked.py").write_text(
        template.replace("return np.asarray(", "return np.full(7, 0.0) if True else np.asarray(")
    )
    other = {"tasks": ["hopper-medium"], "methods": ["bc", "behaviour"], "rewards": ["dense"]}
    other |= {"data_percents": [100], "seeds": [0], "baselines": False}
    config = tiny(prepared, suites={"other": other})
    output = snakemake(prepared, "all_mujoco", config=config, check=False)
    assert "mujoco: 2 of 4 records of runs missing" in output
    assert "other: " not in output  # half of it is missing too, but nobody asked for it
    assert "method broken: baselines/broken.py cannot be imported" in output
    assert "nothing_of_that_name" in output
    assert "method crooked: act returned shape (7,), expected (1, 3)" in output
    assert "runs missing" in output
    assert (prepared / RUNS / "bc/0/result.json").exists()
    assert (prepared / RUNS / "uniform/0/result.json").exists()
    assert not (prepared / RUNS / "broken/0/result.json").exists()

    page = "reports/tiny/mujoco/partial.md"  # `partial` makes one of every suite
    snakemake(prepared, page, config="config/tiny.yaml")
    partial = (prepared / page).read_text()
    assert "2 of the 4 runs" in partial
    assert "- results/tiny/runs/hopper-medium/dense/100/broken/0" in partial

    (prepared / "baselines" / "broken.py").write_text(template)
    (prepared / "baselines" / "crooked.py").write_text(template)
    output = snakemake(prepared, "all_mujoco", config="config/tiny.yaml")
    assert "Training bc" not in output  # what was finished is kept


def flip(path, where=-1):
    content = bytearray(path.read_bytes())
    content[where] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", ["flipped", "truncated"])
def test_a_damaged_data_set_is_named(done, damage):
    path = done / "data/generated/hopper-medium/1500-0/rewards.npy"
    if damage == "flipped":
        flip(path)
    else:
        path.write_bytes(path.read_bytes()[:-5])
    shutil.rmtree(done / RUNS / "bc")
    snakemake(
        done,
        "--touch",
        "data/generated/hopper-medium/1500-0/manifest.json",
        config="config/tiny.yaml",
    )
    output = snakemake(done, f"{RUNS}/bc/0/result.json", config="config/tiny.yaml", check=False)
    assert "rewards.npy is damaged" in output
    assert "delete the folder" in output


def test_a_damaged_record_is_named(done):
    path = done / RUNS / "bc/0/result.json"
    path.write_text(re.sub(r'"data_percent": 100', '"data_percent": 99', path.read_text()))
    arguments = ("all_mujoco", "--forcerun", "scores")
    output = snakemake(done, *arguments, config="config/tiny.yaml", check=False)
    assert "bc/0/result.json was changed after it was written" in output


BAD = {
    "unknown key": ({"evalution": {}}, "unknown key 'evalution'"),
    "unknown key below": (
        {"evaluation": {"episode": 3}},
        "unknown key 'episode' in evaluation; known: episodes, num_envs, curve_episodes, sweep_",
    ),
    "unknown method": (
        {"suites": {"mujoco": {"methods": ["ddt"]}}},
        "suites.mujoco.methods: unknown method 'ddt'; known: ",
    ),
    "unknown task": (
        {"suites": {"mujoco": {"tasks": ["hoper-medium"]}}},
        "suites.mujoco.tasks: unknown task 'hoper-medium'; known: halfcheetah-medium-expert",
    ),
    "unknown module": (
        {"methods": {"bc": {"module": "bcc"}}},
        "methods.bc.module: unknown module 'bcc'; known: ",
    ),
    "unknown option": (
        {"methods": {"bc": {"options": {"learning_rat": 1e-3}}}},
        "methods.bc.options: module bc has no option 'learning_rat'; known: layers, width",
    ),
    "wrong type": ({"data": {"steps": "many"}}, "data.steps: 'many' is not of type 'integer'"),
    "seeds not integers": (
        {"suites": {"mujoco": {"seeds": [0.5]}}},
        "suites.mujoco.seeds.0: 0.5 is not of type 'integer'",
    ),
    "percent too small": (
        {"suites": {"mujoco": {"data_percents": [0]}}},
        "suites.mujoco.data_percents.0: 0 is less than the minimum of 1",
    ),
    "percent too large": (
        {"suites": {"mujoco": {"data_percents": [101]}}},
        "suites.mujoco.data_percents.0: 101 is greater than the maximum of 100",
    ),
}


@pytest.mark.parametrize(("change", "message"), BAD.values(), ids=BAD)
def test_bad_config_stops_before_anything_runs(clone, change, message):
    output = snakemake(clone, "all_mujoco", "--dry-run", config=tiny(clone, **change), check=False)
    assert message in output
    assert "Traceback" not in output


def test_a_wrong_value_of_an_option_stops_its_own_run(prepared):
    config = tiny(prepared, methods={"bc": {"options": {"layers": "three"}}})
    output = snakemake(prepared, "all_mujoco", config=config, check=False)
    assert "method bc: option layers is 'three', expected int" in output
    assert (prepared / RUNS / "uniform/0/result.json").exists()


def test_the_report_is_one_page_that_needs_no_network(done):
    snakemake(done, "all_mujoco", "--report", "report.html", config="config/tiny.yaml")
    page = (done / "report.html").read_text()
    assert "table2.png" in page
    assert "Bars are means, whiskers their 95 % intervals" in page  # a caption


def test_the_pages_are_made_at_the_end(done):
    output = snakemake(done, "all_mujoco", "--forcerun", "cost", config="config/tiny.yaml")
    assert "report: reports/tiny/index.html (" in output
    assert "2 of 2 runs have a score" in (done / "reports/tiny/index.html").read_text()
    links = (done / "reports/tiny/site/runs.html").read_text()
    [record] = set(re.findall(r'href="(\S*bc/0/result\.json)"', links))
    assert (done / "reports/tiny/site" / record).exists()


def test_pages_that_cannot_be_made_stop_nothing(done):
    (done / "bench/report/site/build.py").write_text("raise ValueError('no pages')\n")
    output = snakemake(done, "all_mujoco", "--forcerun", "cost", config="config/tiny.yaml")
    assert "The pages of the report could not be made: error: no pages." in output
    assert "`bench report --config config/tiny.yaml` tries again" in output


def test_the_pages_name_the_runs_that_failed(prepared):
    config = tiny(prepared, methods={"bc": {"options": {"layers": "three"}}})
    snakemake(prepared, "all_mujoco", config=config, check=False)
    page = (prepared / "reports/tiny/site/runs.html").read_text()
    assert "training: method bc: option layers is &#39;three&#39;, expected int" in page


def test_scores_hold_every_run_once(finished):
    scores = pd.read_parquet(finished / "results/tiny/mujoco/scores.parquet")
    assert sorted(scores["method"]) == ["bc", "uniform"]
    assert scores["final"].all()


def test_checks_that_can_never_be_decided_are_named_before_anything_runs(clone):
    config = tiny(clone, suites={"atari": {"seeds": [0, 1]}})
    output = snakemake(clone, "all_claims", "--dry-run", "--quiet", config=config)
    assert "C2, DT - 0.9 CQL: cannot be decided at scale tiny: 2 seed(s), needs 3" in output
    assert "C1, DT - CQL: cannot be decided at scale tiny: suite `mujoco` does not run dt" in output
    assert "cannot be decided" not in snakemake(clone, "all_mujoco", "--dry-run", "--quiet")
