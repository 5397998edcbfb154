"""The commands of one run: `bench train`, `evaluate`, `sweep`, `diagnose` and `video`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from bench.cli.parser import command, device, fraction, json_object, minutes, not_negative, positive
from bench.runs.diagnostics.registry import DIAGNOSTICS

Arguments = argparse.Namespace


def add(verbs: Any) -> None:
    """Add these commands to the parser."""
    train = command(verbs, "train", "train the policy of one run")
    train.add_argument(
        "--run", type=Path, required=True, help="results/SCALE/runs/TASK/REWARD/PERCENT/METHOD/SEED"
    )
    train.add_argument("--data", type=Path, required=True, help="folder of the data set")
    train.add_argument(
        "--module",
        required=True,
        help="dt, dt_atari, dt_graph, or the name of a file in baselines/",
    )
    train.add_argument(
        "--options", type=json_object, default={}, help="values for the method's Config, as JSON"
    )
    train.add_argument("--steps", type=not_negative, required=True, help="gradient steps")
    train.add_argument(
        "--curve",
        type=fraction,
        nargs="*",
        default=[],
        help="fractions of the training after which a snapshot is taken",
    )
    _add_device(train)
    _add_limit(train, "BENCH_TRAINING_MINUTES")
    train.set_defaults(verb=_train, runs_methods=True, attempts="train.log")

    evaluate = command(verbs, "evaluate", "evaluate the policy of a run and write its record")
    evaluate.add_argument("--run", type=Path, required=True, help="folder of the run")
    evaluate.add_argument(
        "--episodes", type=positive, required=True, help="number of episodes of the score"
    )
    evaluate.add_argument(
        "--num-envs",
        type=positive,
        required=True,
        help="number of episodes that run side by side; part of the protocol",
    )
    evaluate.add_argument(
        "--curve-episodes",
        type=not_negative,
        default=0,
        help="number of episodes of each snapshot; default: 0",
    )
    _add_protocol(evaluate)
    _add_device(evaluate)
    _add_limit(evaluate)
    evaluate.set_defaults(verb=_evaluate, runs_methods=True)

    sweep = command(verbs, "sweep", "evaluate a trained policy on a grid of target returns")
    sweep.add_argument("--run", type=Path, required=True, help="folder of the run")
    sweep.add_argument("--data", type=Path, required=True, help="folder of the data set")
    sweep.add_argument(
        "--episodes", type=positive, required=True, help="number of episodes for each target"
    )
    sweep.add_argument(
        "--num-envs", type=positive, required=True, help="number of episodes that run side by side"
    )
    sweep.add_argument(
        "--points",
        type=positive,
        help="largest number of targets other than multiples of the best return",
    )
    _add_protocol(sweep)
    _add_device(sweep)
    _add_limit(sweep)
    sweep.set_defaults(verb=_sweep, runs_methods=True)

    video = command(verbs, "video", "record an episode of a trained policy as a video")
    video.add_argument("--run", type=Path, required=True, help="folder of the run")
    video.add_argument(
        "--episode",
        type=not_negative,
        default=0,
        help="number of the evaluation episode; default: 0",
    )
    video.add_argument("--steps", type=positive, help="stop after this many steps")
    video.add_argument(
        "--fps", type=float, default=8.0, help="frames per second; 15 is the speed of an Atari game"
    )
    video.add_argument(
        "--every", type=positive, default=1, help="keep one frame of this many steps; default: 1"
    )
    video.add_argument(
        "--target", type=float, help="target return; default: that of the evaluation"
    )
    video.add_argument(
        "--beside",
        type=Path,
        metavar="DATA_FOLDER",
        help="show the best episode of this data set beside it",
    )
    video.add_argument("--out", type=Path, required=True, help=".gif, .webm or .mp4")
    video.set_defaults(verb=_video, runs_methods=True)

    diagnose = command(
        verbs, "diagnose", "measure properties of a trained policy other than its return"
    )
    diagnose.add_argument(
        "kind",
        choices=DIAGNOSTICS,
        help="; ".join(f"{d.name}: {d.measures}" for d in DIAGNOSTICS.values()),
    )
    diagnose.add_argument("--run", type=Path, required=True, help="folder of the run")
    diagnose.add_argument("--data", type=Path, required=True, help="folder of the data set")
    diagnose.add_argument(
        "--episodes",
        type=positive,
        default=1000,
        help="number of episodes to predict, or of paths to generate",
    )
    _add_device(diagnose)
    _add_limit(diagnose)
    diagnose.set_defaults(verb=_diagnose, runs_methods=True)


def _add_protocol(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--max-steps", type=positive, help="end an episode after this many steps")
    verb.add_argument(
        "--episode-list",
        default="",
        help="name of another list of episode seeds than that of reported scores",
    )


def _add_device(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--device", type=device, default="cpu", help="cpu, cuda or cuda:N; default: cpu"
    )


def _add_limit(verb: argparse.ArgumentParser, variable: str = "BENCH_EVALUATION_MINUTES") -> None:
    """Add the time limit. The workflow gives it by a variable of the environment, because it decides no number: as a
    part of the command it would plan finished runs again.
    """
    verb.add_argument(
        "--time-limit",
        type=minutes,
        default=os.environ.get(variable) or None,
        metavar="MINUTES",
        help=f"stop with an error after this time; default: ${variable}, else no limit",
    )


def _train(arguments: Arguments) -> None:
    from bench.datasets.storage import read_manifest
    from bench.runs.identity import identity_of
    from bench.runs.train import train_run

    task = identity_of(arguments.run.absolute()).task
    if (found := read_manifest(arguments.data).get("task", task)) != task:
        raise ValueError(
            f"--data {arguments.data} holds data of task {found!r}, but the run {arguments.run} is on {task!r}; give "
            "the data of that task"
        )
    train_run(
        arguments.run,
        arguments.data,
        arguments.module,
        arguments.options,
        arguments.steps,
        tuple(arguments.curve),
        arguments.device,
    )


def _evaluate(arguments: Arguments) -> None:
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


def _diagnose(arguments: Arguments) -> None:
    from bench.runs.diagnose import diagnose_run

    diagnose_run(
        arguments.run, arguments.data, arguments.kind, arguments.episodes, arguments.device
    )


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
