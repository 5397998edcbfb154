import gc
import json
import sys
from functools import cache
from pathlib import Path
from shlex import quote

from snakemake.exceptions import WorkflowError

sys.path.insert(0, workflow.basedir)

from bench.behaviours import ZOO
from bench.core.code import fingerprint
from bench.core.files import DamagedFile, sha256
from bench.core.machine import run_code_of
from bench.report.artifacts.registry import ARTIFACTS, artifact_file, check_artifacts
from bench.report.claims.registry import suites_of_claims
from bench.runs import code as files_of
from bench.runs import links
from bench.runs.coverage import needed
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.plan import BadConfig, check_config, make_plan
from bench.tasks.registry import (
    FAMILIES,
    family_of,
    family_of_all,
    is_imported,
    known_tasks,
    task_by_name,
)

# a plan makes millions of objects and little garbage: a quarter of its time was the collector's
gc.freeze()
gc.set_threshold(50_000, 20, 20)

run_code_of(Path(workflow.basedir))
try:
    check_config(config, Path(workflow.basedir) / "workflow/schemas/config.schema.yaml")
    check_artifacts(config)
    PLAN = make_plan(config)
    LINKS = links.read()
except (BadConfig, DamagedFile) as error:
    raise WorkflowError(str(error)) from None

QUOTED = sorted(
    f"bench/paper/{path.name}"
    for path in (Path(workflow.basedir) / "bench/paper").glob("*.csv")
)
GPU = int(config["device"].startswith("cuda"))


wildcard_constraints:
    scale=PLAN.scale,
    suite="|".join(PLAN.runs),
    task="|".join(known_tasks()),
    method="|".join(PLAN.variants),
    reward="dense|sparse",
    diagnostic="|".join(DIAGNOSTICS),
    seed=r"\d+",
    ledger="|".join(["claims", *(f"claims_{family}" for family in FAMILIES)]),
    video=r"[\w.-]+",
    steps=r"\d+",


DEFAULT_SUITE = "mujoco" if "mujoco" in PLAN.runs else next(iter(PLAN.runs))


# what a table or figure is made by, plumbing included
@cache  # thousands of jobs share a few lists
def code(*files):
    found = fingerprint(*map(Path, files), plumbing=True)
    return [f"{path}@{content}" for path, content in found.items()]


# what decides the numbers of a run; code that was shown to give the same bytes keeps its old fingerprint, so that
# nothing is planned again
@cache
def deciding_code(files):
    found = links.original(fingerprint(*files), LINKS)
    return [f"{path}@{content}" for path, content in found.items()]


def variant(wildcards):
    return PLAN.variants[wildcards.method]


def training_code(wildcards):
    return deciding_code(files_of.training_files(variant(wildcards).module))


def evaluation_code(wildcards):
    task = task_by_name(wildcards.task)
    return deciding_code(files_of.evaluation_files(variant(wildcards).module, task))


def sweep_code(wildcards):
    task = task_by_name(wildcards.task)
    return deciding_code(files_of.sweep_files(variant(wildcards).module, task))


def diagnostic_code(wildcards):
    task, diagnostic = task_by_name(wildcards.task), DIAGNOSTICS[wildcards.diagnostic]
    own = files_of.diagnostic_files(variant(wildcards).module, task, diagnostic)
    return deciding_code(own)


def generator_code(wildcards):
    return deciding_code(files_of.generator_files(task_by_name(wildcards.task)))


def video_code(wildcards):
    run = videos_of(wildcards.suite)[wildcards.video]
    method = PLAN.variants[run.method]
    return deciding_code(files_of.video_files(method.module, task_by_name(run.task)))


def variant_arguments(wildcards):
    chosen = variant(wildcards)
    options = quote(chosen.options_json(wildcards.task))
    steps = chosen.steps_on(wildcards.task)
    return f"--module {chosen.module} --steps {steps} --options {options}"


UNSAID = {"diagnostic_episodes": 1000, "max_steps": None}


# a setting of the evaluation; a domain may have its own
def evaluation(key):
    def of_task(wildcards):
        domain = wildcards.task.split("-", 1)[0]
        own = config["evaluation"].get("domains", {}).get(domain, {})
        return (UNSAID | config["evaluation"] | own)[key]

    return of_task


# an option of a verb, left out where the config has null
def evaluation_option(key, option):
    setting = evaluation(key)

    def of_task(wildcards):
        value = setting(wildcards)
        return "" if value is None else f"{option} {value}"

    return of_task


def task_constants(wildcards):
    return str(task_by_name(wildcards.task))


def zoo_manifest(task):
    return ZOO / task_by_name(task).domain.name / "manifest.json"


@cache
def digest_of(path):
    return sha256(path)


# the behaviour policies that data are of; random actions need none
def zoo_digest(wildcards):
    task = task_by_name(wildcards.task)
    return digest_of(zoo_manifest(wildcards.task)) if family_of(task).trainer else ""


# a published source holds the data of some domains; the others are generated all the same
def data_of_task(name):
    if is_imported(name):
        return f"data/imported/{name}/manifest.json"
    task = task_by_name(name)
    family, domain = family_of(task), task.domain.name
    chosen = config["data"] | config["data"].get("domains", {}).get(domain, {})
    if chosen["source"] == family.source and domain in family.published:
        own = PUBLISHED_FOLDERS.get(family.source, "{steps}-{seed}").format(**chosen)
        return f"data/{family.source}/{name}/{own}/manifest.json"
    steps = family.kinds[task.kind].steps or chosen["steps"]
    return f"data/generated/{name}/{steps}-{chosen['seed']}/manifest.json"


PUBLISHED_FOLDERS = {"d4rl": "v2"}  # elsewhere the size and the seed of the sample


for task in dict.fromkeys(run.task for runs in PLAN.runs.values() for run in runs):
    generated = data_of_task(task).startswith("data/generated")
    needs_zoo = generated and family_of(task_by_name(task)).trainer
    if needs_zoo and not zoo_manifest(task).exists():
        raise WorkflowError(
            f"no behaviour policies for {task}: {zoo_manifest(task)} is missing; "
            f"`bench behaviours train {zoo_manifest(task).parent.name}` makes them"
        )


def data_of(wildcards):
    return data_of_task(wildcards.task)


def tasks_of_suite(wildcards):
    tasks = dict.fromkeys(run.task for run in PLAN.runs[wildcards.suite])
    return [str(task_by_name(task)) for task in tasks]


def data_of_suite(wildcards):
    tasks = dict.fromkeys(run.task for run in PLAN.runs[wildcards.suite])
    return [data_of_task(task) for task in tasks]


def folder_of_input(wildcards, input):
    return str(Path(input[0]).parent)


def folder_of_output(wildcards, output):
    return str(Path(output[0]).parent)


def records_of(wildcards):
    return PLAN.records(wildcards.suite)


def results_of(wildcards):
    return [run.folder() / "result.json" for run in PLAN.runs[wildcards.suite]]


def clocks_of(wildcards):
    return [path.with_name("run.json") for path in results_of(wildcards)]


def existing_records_of(wildcards):
    there = [path for path in records_of(wildcards) if path.exists()]
    return [f"{path}@{path.stat().st_mtime_ns}" for path in there]


# what the plan of one suite depends on: another suite, or another size of data, changes no table of it
def config_of_suite(wildcards):
    own = {key: config[key] for key in ("name", "training", "methods")}
    suites = {wildcards.suite: config["suites"][wildcards.suite]}
    return json.dumps(own | {"suites": suites}, sort_keys=True)


def whole_config(wildcards):
    return json.dumps(config, sort_keys=True)


def artifacts_of(suite):
    below = f"reports/{PLAN.scale}/{suite}"
    files = [
        f"{below}/{name}{suffix}"
        for name in PLAN.artifacts[suite]
        for suffix in ARTIFACTS[name].suffixes
    ]
    videos = [f"{below}/{video}.gif" for video in videos_of(suite)]
    timed = [f"{below}/time_to_score.md"] if suite == "time_to_score" else []
    return [*files, *videos, *timed, f"{below}/cost.md", f"{below}/data.md"]


# video -> its run. `one`: the first method's first seed on the last data set; `methods`: the first
# seed of each trained method on each task
@cache
def videos_of(suite):
    runs = PLAN.runs[suite]
    wanted = {ARTIFACTS[name].videos for name in PLAN.artifacts[suite]}
    if "one" in wanted:
        return {"episode": next(run for run in runs if run.task == runs[-1].task)}
    videos = {}
    for run in runs if "methods" in wanted else ():
        if PLAN.variants[run.method].steps_on(run.task) > 0:
            videos.setdefault(f"{run.task}.{run.method}", run)
    return videos


def video_of(wildcards):
    run = videos_of(wildcards.suite)[wildcards.video]
    return [run.folder() / "policy.safetensors"]


def video_arguments(wildcards):
    return family_of_all(task_names(wildcards.suite)).video


def task_names(suite):
    return list(dict.fromkeys(run.task for run in PLAN.runs[suite]))


def families_of(suite):
    return {family_of(task_by_name(name)).name for name in task_names(suite)}


def suites_of_family(family):
    return [suite for suite in PLAN.runs if families_of(suite) == {family}]


def category_of_video(wildcards):
    return family_of_all(task_names(wildcards.suite)).category


# where an artifact stands in the report: most go with their suite
def category_of(name):
    def of_suite(wildcards):
        return ARTIFACTS[name].category(task_names(wildcards.suite))

    return of_suite


def caption_of(name):
    def of_suite(wildcards):
        return ARTIFACTS[name].caption_of(wildcards.suite, wildcards.scale)

    return of_suite


# a ledger -> the suites whose scores it judges; claims about others are listed as not run
LEDGERS = {"claims": suites_of_claims(PLAN)}
for family in FAMILIES:
    own = set(suites_of_family(family))
    LEDGERS[f"claims_{family}"] = [s for s in LEDGERS["claims"] if s in own]


def scores_of_claims(wildcards):
    below = f"results/{wildcards.scale}"
    return [f"{below}/{suite}/scores.parquet" for suite in LEDGERS[wildcards.ledger]]


# records that are run again are a few of each suite; its pages are not made of them
def about_pages():
    return not {"reproduce", "link"} & set(sys.argv)


def finished():
    pages = [Path(f"reports/{PLAN.scale}/{ledger}.html") for ledger in LEDGERS]
    for suite in PLAN.runs:
        names = [*PLAN.artifacts[suite], "data", "cost"]
        pages += [Path(f"reports/{PLAN.scale}/{suite}/{name}.html") for name in names]
        pages.append(Path(f"reports/{PLAN.scale}/{suite}/partial.md"))
    for page in pages:
        if page.exists():
            print(page)


def unfinished():
    for suite in PLAN.runs:
        records = PLAN.records(suite)
        missing = [str(path) for path in records if not path.exists()]
        if missing and len(missing) < len(records):
            print(
                f"{suite}: {len(missing)} of {len(records)} records of runs missing, tables not rebuilt. Nothing finished is"
            )
            print(
                f"lost: the same command goes on; `snakemake --cores all partial` shows what is there. Missing: {' '.join(missing[:6])}"
            )
