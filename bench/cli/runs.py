"""`bench train` and `bench evaluate`: the two halves of a run; `bench sweep` and `bench diagnose`: the
same policy at other targets, and looked into.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bench.cli.data import positive
from bench.runs.diagnostics.registry import DIAGNOSTICS

Arguments = argparse.Namespace


def add(verbs: Any) -> None:
    """Add the verbs to the parser's."""
    train = verbs.add_parser("train", help="train one run")
    train.add_argument(
        "--run", type=Path, required=True, help="results/SCALE/runs/TASK/REWARD/PERCENT/METHOD/SEED"
    )
    train.add_argument("--data", type=Path, required=True, help="folder of the data set")
    train.add_argument(
        "--module", required=True, help="dt, dt_atari, dt_graph, or a file in baselines/"
    )
    train.add_argument(
        "--options", type=json.loads, default={}, help="JSON: values for the method's Config"
    )
    train.add_argument("--steps", type=int, required=True, help="gradient steps")
    train.add_argument(
        "--curve", type=float, nargs="*", default=[], help="fractions at which a policy is kept"
    )
    train.add_argument("--device", default="cpu")
    train.set_defaults(verb=_train)

    evaluate = verbs.add_parser("evaluate", help="evaluate a trained run and write its record")
    evaluate.add_argument("--run", type=Path, required=True)
    evaluate.add_argument("--episodes", type=int, required=True)
    evaluate.add_argument(
        "--num-envs", type=int, required=True, help="episodes side by side; part of the protocol"
    )
    evaluate.add_argument("--curve-episodes", type=int, default=0)
    _add_max_steps(evaluate)
    evaluate.add_argument("--device", default="cpu")
    evaluate.set_defaults(verb=_evaluate)

    sweep = verbs.add_parser("sweep", help="ask a trained policy for a grid of target returns")
    sweep.add_argument("--run", type=Path, required=True)
    sweep.add_argument("--data", type=Path, required=True, help="folder of the data set")
    sweep.add_argument("--episodes", type=int, required=True, help="for each target")
    sweep.add_argument("--num-envs", type=int, required=True)
    sweep.add_argument("--points", type=int, help="at most so many of the grid's own targets")
    _add_max_steps(sweep)
    sweep.add_argument("--device", default="cpu")
    sweep.set_defaults(verb=_sweep)

    film = verbs.add_parser("video", help="an episode of a trained policy as a GIF")
    film.add_argument("--run", type=Path, required=True)
    film.add_argument("--episode", type=int, default=0, help="which of the evaluation's")
    film.add_argument("--steps", type=positive, help="at most so many, from the start")
    film.add_argument(
        "--fps", type=float, default=8.0, help="pictures a second; a game's own pace is 15"
    )
    film.add_argument("--out", type=Path, required=True, help=".gif")
    film.set_defaults(verb=_video)

    diagnose = verbs.add_parser(
        "diagnose", help="measure more of a trained policy than its returns"
    )
    diagnose.add_argument(
        "kind",
        choices=DIAGNOSTICS,
        help="; ".join(f"{d.name}: {d.measures}" for d in DIAGNOSTICS.values()),
    )
    diagnose.add_argument("--run", type=Path, required=True)
    diagnose.add_argument("--data", type=Path, required=True, help="folder of the data set")
    diagnose.add_argument("--episodes", type=int, default=1000, help="episodes judged, or paths")
    diagnose.add_argument("--device", default="cpu")
    diagnose.set_defaults(verb=_diagnose)


def _add_max_steps(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--max-steps", type=positive, help="end an episode after so many, if it has not ended"
    )


def _train(arguments: Arguments) -> None:
    from bench.runs.train import train_run

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
    )


def _diagnose(arguments: Arguments) -> None:
    from bench.runs.diagnose import diagnose_run

    diagnose_run(
        arguments.run, arguments.data, arguments.kind, arguments.episodes, arguments.device
    )


def _video(arguments: Arguments) -> None:
    from bench.environments.video import write_gif
    from bench.runs.video import episode_frames

    write_gif(
        episode_frames(arguments.run, arguments.episode, arguments.steps),
        arguments.out,
        arguments.fps,
    )
