import gc
import json
import sys
from functools import cache
from pathlib import Path
from shlex import quote

from snakemake.exceptions import WorkflowError

sys.path.insert(0, workflow.basedir)

from bench.behaviours import ZOO
from bench.core.code import fingerprint, method_file
from bench.core.files import sha256
from bench.runs.identity import PROBES
from bench.core.machine import run_code_of
from bench.report.claims.registry import suites_of_claims
from bench.pages import ATARI as ATARI_PAGES
from bench.pages import CREDIT as CREDIT_PAGES
from bench.pages import MUJOCO as MUJOCO_PAGES
from bench.pages import PAGES, page_file
from bench.runs.plan import BadConfig, check_config, make_plan
from bench.tasks import (
    ATARI,
    MUJOCO,
    REPLAY,
    SIZES,
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
    PLAN = make_plan(config)
except BadConfig as error:
    raise WorkflowError(str(error)) from None

# D4RL has no data for Reacher, nor for Atari: with source d4rl, these are generated all the same
D4RL = [task for task in MUJOCO if not task.startswith("reacher2d-")]
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
    probe="|".join(PROBES),
    seed=r"\d+",
    ledger="claims|claims_mujoco|claims_atari",
    film=r"[\w.-]+",
    steps=r"\d+",


DEFAULT_SUITE = "mujoco" if "mujoco" in PLAN.runs else next(iter(PLAN.runs))


@cache  # thousands of jobs share a few lists
def code(*files):
    return [
        f"{path}@{content}" for path, content in fingerprint(*map(Path, files)).items()
    ]


def variant(wildcards):
    return PLAN.variants[wildcards.method]


def method_code(half):
    def of_run(wildcards):
        return code(method_file(variant(wildcards).module), half)

    return of_run


def variant_arguments(wildcards):
    chosen = variant(wildcards)
    options = quote(chosen.options_json(wildcards.task))
    steps = chosen.steps_on(wildcards.task)
    return f"--module {chosen.module} --steps {steps} --options {options}"


UNSAID = {"probe_episodes": 1000, "max_steps": None}


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


# the behaviour policies that data are of; those at random are of none
def zoo_digest(wildcards):
    random = task_by_name(wildcards.task).kind in SIZES
    return "" if random else digest_of(zoo_manifest(wildcards.task))


def data_of_task(task):
    if is_imported(task):
        return f"data/imported/{task}/manifest.json"
    own = config["data"].get("domains", {}).get(task.split("-", 1)[0], {})
    chosen = config["data"] | own
    if chosen["source"] == "d4rl" and task in D4RL:
        return f"data/d4rl/{task}/v2/manifest.json"
    if chosen["source"] == "dqn_replay" and task in ATARI:
        sample = f"{chosen['steps']}-{chosen['seed']}"
        return f"data/dqn_replay/{task}/{sample}/manifest.json"
    steps = SIZES.get(task_by_name(task).kind, chosen["steps"])
    return f"data/generated/{task}/{steps}-{chosen['seed']}/manifest.json"


for task in dict.fromkeys(run.task for runs in PLAN.runs.values() for run in runs):
    generated = data_of_task(task).startswith("data/generated")
    generated = generated and task_by_name(task).kind not in SIZES
    if generated and not zoo_manifest(task).exists():
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


def merged_config(wildcards):
    return json.dumps(config, sort_keys=True)


def pages_of(suite):
    below = f"reports/{PLAN.scale}/{suite}"
    files = [
        f"{below}/{page}{suffix}"
        for page in PLAN.pages[suite]
        for suffix in PAGES[page].suffixes
    ]
    films = [f"{below}/{film}.gif" for film in films_of(suite)]
    timed = [f"{below}/time_to_score.md"] if suite == "time_to_score" else []
    return [*files, *films, *timed, f"{below}/cost.md", f"{below}/data.md"]


# film -> its run: of Key-to-Door the first method's first seed on the last data set, which is the
# largest; of games the first seed of each trained method on each
@cache
def films_of(suite):
    runs = PLAN.runs[suite]
    if "table6" in PLAN.pages[suite]:
        return {"episode": next(run for run in runs if run.task == runs[-1].task)}
    if "table1" not in PLAN.pages[suite]:
        return {}
    films = {}
    for run in runs:
        if PLAN.variants[run.method].steps_on(run.task) > 0:
            films.setdefault(f"{run.task}.{run.method}", run)
    return films


def film_of(wildcards):
    run = films_of(wildcards.suite)[wildcards.film]
    return [run.folder() / "policy.safetensors"]


# a game's half a minute at its own pace; all of an episode of Key-to-Door
def film_arguments(wildcards):
    return "--steps 450 --fps 15" if atari(wildcards.suite) else ""


def kinds_of(suite):
    return {task_by_name(run.task).kind for run in PLAN.runs[suite]}


def atari(suite):
    return kinds_of(suite) == {REPLAY}


def continuous(suite):
    return not kinds_of(suite) & {*SIZES, REPLAY}


def category_of_film(wildcards):
    return ATARI_PAGES if atari(wildcards.suite) else CREDIT_PAGES


# where a page stands in the report: those asked of MuJoCo and of games alike go with their suite
def category_of(page):
    def of_suite(wildcards):
        if PAGES[page].category == MUJOCO_PAGES and atari(wildcards.suite):
            return ATARI_PAGES
        return PAGES[page].category

    return of_suite


# a ledger -> the suites whose scores it judges; claims about others are listed as not run
LEDGERS = {"claims": suites_of_claims(PLAN)}
LEDGERS["claims_mujoco"] = [suite for suite in LEDGERS["claims"] if continuous(suite)]
LEDGERS["claims_atari"] = [suite for suite in LEDGERS["claims"] if atari(suite)]


def scores_of_claims(wildcards):
    below = f"results/{wildcards.scale}"
    return [f"{below}/{suite}/scores.parquet" for suite in LEDGERS[wildcards.ledger]]


def finished():
    pages = [Path(f"reports/{PLAN.scale}/{ledger}.html") for ledger in LEDGERS]
    for suite in PLAN.runs:
        names = [*PLAN.pages[suite], "data", "cost"]
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
