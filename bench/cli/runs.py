"""The commands of one run: `bench train`, `evaluate`, `sweep`, `diagnose` and `video`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bench.cli.parser import Arguments, Verb, many
from bench.cli.values import (
    DEVICE,
    FRACTION,
    JSON,
    MINUTES,
    NOT_NEGATIVE,
    NUMBER,
    PATH,
    POSITIVE,
    OneOf,
)
from bench.runs.diagnostics.registry import DIAGNOSTICS

SECTION = "One run"
RUN = "results/mine/runs/hopper-medium/dense/100/dt/0"
DATA = "data/generated/hopper-medium/100000-0"

Decorator = Callable[[Any], Any]


def _run_option(about: str = "folder of the run") -> Decorator:
    return click.option("--run", type=PATH, required=True, help=about)


def _data_option() -> Decorator:
    return click.option("--data", type=PATH, required=True, help="folder of the data set")


def _device_option() -> Decorator:
    return click.option(
        "--device", type=DEVICE, default="cpu", help="cpu, cuda or cuda:N; default: cpu"
    )


def _limit_option(variable: str = "BENCH_EVALUATION_MINUTES") -> Decorator:
    """Return the time limit. The workflow gives it by a variable of the environment, because it decides no number: as a
    part of the command it would plan finished runs again.
    """
    return click.option(
        "--time-limit",
        type=MINUTES,
        envvar=variable,
        help=f"stop with an error after this time; default: ${variable}, else no limit",
    )


def _protocol_options(verb: Any) -> Any:
    limit = click.option("--max-steps", type=POSITIVE, help="end an episode after this many steps")
    listed = click.option(
        "--episode-list",
        default="",
        help="name of another list of episode seeds than that of reported scores",
    )
    return limit(listed(verb))


@click.command(
    "train",
    cls=Verb,
    section=SECTION,
    does="train the policy of one run",
    runs_methods=True,
    attempts="train.log",
    examples=(
        f"bench train --run {RUN} --data {DATA} --module dt --steps 1000",
        f"bench train --run {RUN.replace('dt', 'bc')} --data {DATA} --module bc --steps 1000 "
        """--options '{"width": 64}'""",
    ),
)
@_run_option("results/SCALE/runs/TASK/REWARD/PERCENT/METHOD/SEED")
@_data_option()
@click.option(
    "--module", required=True, help="dt, dt_atari, dt_graph, or the name of a file in baselines/"
)
@click.option("--options", type=JSON, default={}, help="values for the method's Config, as JSON")
@click.option("--steps", type=NOT_NEGATIVE, required=True, help="gradient steps")
@many(
    "--curve",
    type=FRACTION,
    empty=True,
    help="fractions of the training after which a snapshot is taken",
)
@_device_option()
@_limit_option("BENCH_TRAINING_MINUTES")
def _train(arguments: Arguments) -> None:
    from bench.datasets.storage import read_manifest
    from bench.report.training_log import recorded
    from bench.runs.identity import identity_of
    from bench.runs.train import train_run

    task = identity_of(arguments.run.absolute()).task
    if (found := read_manifest(arguments.data).get("task", task)) != task:
        raise ValueError(
            f"--data {arguments.data} holds data of task {found!r}, but the run {arguments.run} is on {task!r}; give "
            "the data of that task"
        )
    with recorded():
        train_run(
            arguments.run,
            arguments.data,
            arguments.module,
            arguments.options,
            arguments.steps,
            tuple(arguments.curve),
            arguments.device,
        )


@click.command(
    "evaluate",
    cls=Verb,
    section=SECTION,
    does="evaluate the policy of a run and write its record",
    runs_methods=True,
    examples=(f"bench evaluate --run {RUN} --episodes 10 --num-envs 10",),
)
@_run_option()
@click.option("--episodes", type=POSITIVE, required=True, help="number of episodes of the score")
@click.option(
    "--num-envs",
    type=POSITIVE,
    required=True,
    help="number of episodes that run side by side; part of the protocol",
)
@click.option(
    "--curve-episodes",
    type=NOT_NEGATIVE,
    default=0,
    help="number of episodes of each snapshot; default: 0",
)
@_protocol_options
@_device_option()
@_limit_option()
def _evaluate(arguments: Arguments) -> None:
    from bench.core.files import DiskFull
    from bench.report.training_log import add_scores
    from bench.runs.evaluate import evaluate_run

    evaluate_run(
        arguments.run,
        arguments.episodes,
        arguments.num_envs,
        arguments.curve_episodes,
        arguments.device,
        arguments.max_steps,
        arguments.episode_list,
    )
    with contextlib.suppress(OSError, DiskFull):  # the record counts, the curve is a convenience
        add_scores(arguments.run)
    print(_score_of(arguments.run))


def _score_of(run: Path) -> str:
    """Return the score of a run that was evaluated, in words."""
    from bench.core.files import read_json
    from bench.runs import record
    from bench.runs.identity import RESULT
    from bench.runs.train import TRAINING
    from bench.tasks.registry import task_by_name

    returns = record.read(run / RESULT)["evaluations"][-1]["returns"]
    mean = sum(returns) / len(returns)
    training = read_json(run / TRAINING)
    task = task_by_name(training["identity"]["task"], described=training["task"])
    return (
        f"{run / RESULT}: mean return {mean:,.1f} over {len(returns)} episodes, score "
        f"{task.domain.normalised(mean):.1f} (0: random, 100: reference)"
    )


@click.command(
    "sweep",
    cls=Verb,
    section=SECTION,
    does="evaluate a trained policy on a grid of target returns",
    runs_methods=True,
    examples=(f"bench sweep --run {RUN} --data {DATA} --episodes 5 --num-envs 5",),
)
@_run_option()
@_data_option()
@click.option("--episodes", type=POSITIVE, required=True, help="number of episodes for each target")
@click.option(
    "--num-envs",
    type=POSITIVE,
    required=True,
    help="number of episodes that run side by side",
)
@click.option(
    "--points",
    type=POSITIVE,
    help="largest number of targets other than multiples of the best return",
)
@_protocol_options
@_device_option()
@_limit_option()
def _sweep(arguments: Arguments) -> None:
    from bench.runs.sweep import sweep_run

    sweep_run(
        arguments.run,
        arguments.data,
        arguments.episodes,
        arguments.num_envs,
        arguments.points,
        arguments.device,
        arguments.max_steps,
        arguments.episode_list,
    )


@click.command(
    "diagnose",
    cls=Verb,
    section=SECTION,
    does="measure properties of a trained policy other than its return",
    runs_methods=True,
    epilog="; ".join(f"{one.name}: {one.measures}" for one in DIAGNOSTICS.values()),
    examples=(f"bench diagnose critic --run {RUN} --data {DATA}",),
)
@click.argument("kind", type=OneOf(list(DIAGNOSTICS)))
@_run_option()
@_data_option()
@click.option(
    "--episodes",
    type=POSITIVE,
    default=1000,
    help="number of episodes to predict, or of paths to generate; default: 1000",
)
@_device_option()
@_limit_option()
def _diagnose(arguments: Arguments) -> None:
    from bench.runs.diagnose import diagnose_run

    diagnose_run(
        arguments.run, arguments.data, arguments.kind, arguments.episodes, arguments.device
    )


@click.command(
    "video",
    cls=Verb,
    section=SECTION,
    does="record an episode of a trained policy as a video",
    runs_methods=True,
    examples=(
        f"bench video --run {RUN} --out episode.gif",
        f"bench video --run {RUN} --fps 60 --beside {DATA} --out episode.webm",
    ),
)
@_run_option()
@click.option(
    "--episode",
    type=NOT_NEGATIVE,
    default=0,
    help="number of the evaluation episode; default: 0",
)
@click.option("--steps", type=POSITIVE, help="stop after this many steps")
@click.option(
    "--fps",
    type=NUMBER,
    default=8.0,
    help="frames per second; default: 8; 15 is the speed of an Atari game",
)
@click.option(
    "--every", type=POSITIVE, default=1, help="keep one frame of this many steps; default: 1"
)
@click.option("--target", type=NUMBER, help="target return; default: that of the evaluation")
@click.option(
    "--beside",
    type=PATH,
    metavar="DATA_FOLDER",
    help="show the best episode of this data set beside it",
)
@click.option("--out", type=PATH, required=True, help=".gif, .webm or .mp4")
def _video(arguments: Arguments) -> None:
    from bench.runs.video import record_video

    record_video(
        arguments.run,
        arguments.out,
        index=arguments.episode,
        max_steps=arguments.steps,
        fps=arguments.fps,
        every=arguments.every,
        target=arguments.target,
        data=arguments.beside,
    )


COMMANDS = (_train, _evaluate, _sweep, _diagnose, _video)
