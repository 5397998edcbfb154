import gc
import json
import os
import sys
from functools import cache
from pathlib import Path
from shlex import quote

from snakemake.exceptions import WorkflowError

sys.path.insert(0, workflow.basedir)

from bench.behaviours import ZOO
from bench.core import working_folder
from bench.core.code import fingerprint
from bench.core.files import DamagedFile, sha256
from bench.core.groups import give_groups_a_rule
from bench.core.machine import run_code_of

# these read the registries: a bad file of a family, an artifact, a diagnostic or a claim is one line
try:
    from bench.cli.configs import contents_of
    from bench.environments.modules import allow
    from bench.report.artifacts.registry import (
        ARTIFACTS,
        artifact_file,
        check_artifacts,
    )
    from bench.report.claims.obstacles import all_obstacles
    from bench.report.claims.registry import (
        all_claims,
        open_questions,
        suites_of_claims,
    )
    from bench.runs import code as files_of
    from bench.runs import links
    from bench.runs.coverage import needed
    from bench.runs.diagnostics.registry import DIAGNOSTICS
    from bench.runs.identity import Identity
    from bench.runs.plan import make_plan, unlisted_methods
    from bench.runs.planned import evaluation_of, manifest_of
    from bench.runs.schema import BadConfig, check_config, remove_null_suites
    from bench.tasks.registry import (
        FAMILIES,
        family_of,
        family_of_all,
        known_tasks,
        task_by_name,
    )

    all_claims()
    open_questions()
except ValueError as error:
    raise WorkflowError(str(error)) from None

# a plan makes millions of objects and little garbage; the collector took a quarter of its time
gc.freeze()
gc.set_threshold(50_000, 20, 20)

# after a kill or a power cut, the lock of Snakemake stays; it is removed here, before Snakemake looks at it
if workflow.is_main_process:
    if "--unlock" in sys.argv:
        working_folder.forget(Path.cwd())
    try:
        if working_folder.unlock_if_abandoned(Path.cwd()):
            print(
                "unlocked: the Snakemake that held this folder is dead", file=sys.stderr
            )
    except working_folder.InUse as error:
        raise WorkflowError(str(error)) from None
    working_folder.join(Path.cwd())

run_code_of(Path(workflow.basedir))
try:
    remove_null_suites(config, contents_of(workflow.overwrite_configfiles))
    check_config(config, Path(workflow.basedir) / "workflow/schemas/config.schema.yaml")
    check_artifacts(config)
    PLAN = make_plan(config)
    LINKS = links.read()
except (BadConfig, DamagedFile) as error:
    raise WorkflowError(str(error)) from None

# in the environment, not in the commands: a limit of time decides no number, so it must plan nothing again
for section in ("training", "evaluation"):
    variable = f"BENCH_{section.upper()}_MINUTES"
    os.environ[variable] = str(config[section].get("time_limit") or "")

PAPER_TABLES = sorted(
    f"bench/paper/{path.name}"
    for path in (Path(workflow.basedir) / "bench/paper").glob("*.csv")
)

# the user's own environments: the jobs inherit the names of their modules
for module in config.get("environment_modules", []):
    allow(module)


wildcard_constraints:
    scale=PLAN.scale,
    suite="|".join(PLAN.runs),
    task="|".join(known_tasks()),
    method="|".join(PLAN.variants),
    reward="dense|sparse",
    diagnostic="|".join(DIAGNOSTICS),
    seed=r"\d+",
    ledger="|".join(["claims", *(f"claims_{own}" for own in [*FAMILIES, *PLAN.groups])]),
    video=r"[\w.-]+",
    steps=r"\d+",


DEFAULT_SUITE = "mujoco" if "mujoco" in PLAN.runs else next(iter(PLAN.runs))


# hashes of the code that makes a table or a figure, plumbing included
@cache  # thousands of jobs share a few lists
def code(*files):
    found = fingerprint(*map(Path, files), plumbing=True)
    return [f"{path}@{content}" for path, content in found.items()]


# hashes of the code that decides the numbers of a run. Code that was shown to give equal bytes keeps its old hashes,
# so that nothing is planned again
@cache
def deciding_code(files):
    found = links.original(fingerprint(*files), LINKS)
    return [f"{path}@{content}" for path, content in found.items()]


def variant(wildcards):
    return PLAN.variants[wildcards.method]


def run_of(wildcards):
    axes = (
        wildcards.task,
        wildcards.reward,
        float(wildcards.percent),
        wildcards.method,
    )
    return Identity(wildcards.scale, *axes, int(wildcards.seed))


# no fractions for a run whose suites have no learning curves
def learning_curve(wildcards):
    return config["training"]["curve"] if run_of(wildcards) in PLAN.curved else []


def training_code(wildcards):
    task = task_by_name(wildcards.task)
    return deciding_code(files_of.training_files(variant(wildcards).module, task))


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


# a setting of the evaluation; a domain can have its own
def evaluation(key):
    def of_task(wildcards):
        return evaluation_of(config, wildcards.task)[key]

    return of_task


# an option of a command; left out if the config has null
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


# the digest of the behaviour policies that generate the data; random actions need none
def zoo_digest(wildcards):
    task = task_by_name(wildcards.task)
    return digest_of(zoo_manifest(wildcards.task)) if family_of(task).trainer else ""


def data_of_task(name):
    return str(manifest_of(config, name))


for task in dict.fromkeys(run.task for runs in PLAN.runs.values() for run in runs):
    generated = data_of_task(task).startswith("data/generated")
    needs_zoo = generated and family_of(task_by_name(task)).trainer
    if needs_zoo and not zoo_manifest(task).exists():
        raise WorkflowError(
            f"no behaviour policies for {task}: {zoo_manifest(task)} is missing; "
            f"`bench behaviours train {zoo_manifest(task).parent.name}` trains them"
        )


def data_of(wildcards):
    return data_of_task(wildcards.task)


def folder_of_input(wildcards, input):
    return str(Path(input[0]).parent)


def folder_of_output(wildcards, output):
    return str(Path(output[0]).parent)


# the whole config, for commands that make the plan of all suites
def whole_config(wildcards):
    return json.dumps(config, sort_keys=True)
