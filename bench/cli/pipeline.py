"""`bench run`, `watch` and `status`: start a pipeline, and see how far it is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bench.cli.configs import DEFAULT, is_config
from bench.cli.parser import Arguments, Verb, many
from bench.cli.values import PATH, POSITIVE, Value, positive
from bench.core.printable import printable

SECTION = "The pipeline"
LOOK = 2.0  # seconds between two looks at the files, on a terminal
QUIET = ("host", "progress", "reason", "rules")  # errors stay
FOLLOW = 10.0  # seconds between two looks at the curves
NO_TRAINING = "holds no training"
ALL = ("all",)
OF_TARGETS = "TARGET is a target of the workflow, such as all_mujoco; without one it is all runs of the config."
EVERY = 60.0  # seconds between two lines, elsewhere


def _cores(text: str) -> int:
    return _all_cores() if text == "all" else positive(text)


def _all_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # what this process may use, as Snakemake counts
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


CORES = Value("cores", _cores)


TARGETS = click.argument("targets", nargs=-1, metavar="[TARGET]...")


def _config_options(verb: Any) -> Any:
    files = many(
        "--config",
        type=PATH,
        more=is_config,
        help=f"files of the config, as after --configfile; default: {DEFAULT}",
    )
    scale = click.option("--scale", help="instead of --config: the name of a config in config/")
    cores = click.option(
        "--cores",
        type=CORES,
        default="all",
        help="number of cores, for the time that is left; default: all of this machine",
    )
    return TARGETS(files(scale(cores(verb))))


def _tracker(files: Any, scale: str | None, targets: Sequence[str], strict: bool = True) -> Any:
    """Return what looks at the runs of targets."""
    from bench.cli.configs import config_of_scale, read_config
    from bench.cli.targets import check_targets, part_of, suites_of
    from bench.report.progress import Tracker
    from bench.runs.plan import make_plan

    if files and scale:
        raise ValueError("--config and --scale name the same thing; give one of them")
    config = read_config(config_of_scale(scale) if scale else files)
    plan = make_plan(config)
    check_targets(plan, targets, strict)
    return Tracker(config, part_of(plan, suites_of(plan, targets)))


@click.command(
    "status",
    cls=Verb,
    section=SECTION,
    does="say how many runs are done, running, failed, missing or invalid, and how long the rest takes",
    epilog=OF_TARGETS,
    examples=(
        "bench status",
        "bench status all_demo all_demo_targets --scale demo",
        "bench status --config config/desk.yaml",
    ),
)
@_config_options
def _status(arguments: Arguments) -> None:
    from bench.cli.view import status_lines

    progress = _tracker(arguments.config, arguments.scale, arguments.targets or ALL).now()
    print("\n".join(status_lines(progress, arguments.cores)))


@click.command(
    "watch",
    cls=Verb,
    section=SECTION,
    does="show the pipeline that works in this folder, until it ends",
    epilog=OF_TARGETS
    + " Without a terminal it prints a line a minute. Ctrl-C ends the view; the pipeline goes on.",
    examples=("bench watch", "bench watch --config config/desk.yaml --cores 2"),
)
@_config_options
@click.option(
    "--every",
    type=POSITIVE,
    default=EVERY,
    help="seconds between two lines without a terminal; default: 60",
)
def _watch(arguments: Arguments) -> int:
    from bench.cli.watching import show
    from bench.core.stopping import Stopped

    tracker = _tracker(arguments.config, arguments.scale, arguments.targets or ALL)
    if not (first := tracker.now()).snakemake:
        from bench.cli.view import status_lines

        print("\n".join(status_lines(first, arguments.cores)))
        print("no pipeline works in this folder; `bench run` starts one", file=sys.stderr)
        return 0
    try:
        show(tracker, arguments.cores, LOOK, arguments.every, lambda progress: progress.snakemake)
    except (KeyboardInterrupt, Stopped):
        print("the pipeline goes on", file=sys.stderr)
    return 0


@click.command(
    "run",
    cls=Verb,
    section=SECTION,
    does="run a target of the workflow with Snakemake, and show how far it is",
    epilog="TARGET is a target of Snakemake, such as all_mujoco; words after -- are options of Snakemake.",
    examples=(
        "bench run all_mujoco --cores 2",
        "bench run paper_mujoco --cores 8 --configfile config/desk.yaml",
        "bench run all_mujoco --cores 2 -- --forcerun evaluate",
    ),
)
@TARGETS
@click.option(
    "--cores",
    type=CORES,
    default="all",
    help="number of cores that runs use together; default: all of this machine",
)
@many("--configfile", type=PATH, more=is_config, help=f"files of the config; default: {DEFAULT}")
@click.option(
    "--every",
    type=POSITIVE,
    default=EVERY,
    help="seconds between two lines without a terminal; default: 60",
)
def _run(arguments: Arguments) -> int:
    from bench.cli.watching import Pipeline, show

    tracker = _tracker(arguments.configfile, None, arguments.targets, strict=False)
    words = [*arguments.targets, "--cores", str(arguments.cores), "--quiet", *QUIET]
    if arguments.configfile:
        words += ["--configfile", *map(str, arguments.configfile)]
    with Pipeline(words) as pipeline:
        last = show(
            tracker,
            arguments.cores,
            LOOK,
            arguments.every,
            lambda progress: pipeline.lives(),
            pipeline.lines,
        )
    for failure in last.failures if pipeline.status else ():
        from bench.cli.view import name_of
        from bench.report.jobs import log_of

        what = f"{failure.stage} {name_of(failure.run)}: {printable(failure.reason)}"
        print(f"failed: {what}\n  its log: {log_of(failure.run, failure.stage)}", file=sys.stderr)
    _write_curves(tracker.scale)
    return pipeline.status


def _write_curves(scale: str) -> None:
    """Write the curves of a scale in a process of its own: TensorBoard's writer loads torch."""
    folder = Path("results", scale)
    if folder.is_dir():
        command = [sys.executable, "-m", "bench", "tensorboard", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        # without a training there are no curves, which is no error here
        if done.returncode == 0 or NO_TRAINING not in done.stderr:
            print((done.stdout or done.stderr).strip(), file=sys.stderr)


@click.command(
    "tensorboard",
    cls=Verb,
    section=SECTION,
    does="write the curves of trainings for TensorBoard, and send them to Weights & Biases if $BENCH_WANDB is set",
    epilog="FOLDER is a folder such as results/quick. Each run has its curve as losses.csv too. BENCH_WANDB names a "
    "project of Weights & Biases, whose package you install.",
    examples=(
        "bench tensorboard results/quick",
        "bench tensorboard results/quick --follow",
        "BENCH_WANDB=my-project bench tensorboard results/quick",
    ),
)
@click.argument("folder", type=PATH)
@click.option("--follow", is_flag=True, help="go on with what changes, until you stop it")
def _tensorboard(arguments: Arguments) -> None:
    from bench.report.sinks import Export, folders

    if not folders(arguments.folder):
        raise FileNotFoundError(
            f"{arguments.folder} {NO_TRAINING}; give a folder such as results/quick, or train first"
        )
    export = Export(arguments.folder)
    print(f"{export.update()} curves written; `tensorboard --logdir {arguments.folder}` shows them")
    while arguments.follow:
        time.sleep(FOLLOW)
        if count := export.update():
            print(f"{count} curves written", file=sys.stderr, flush=True)


COMMANDS = (_run, _status, _watch, _tensorboard)
