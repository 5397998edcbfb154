"""`bench behaviours`: train and describe the policies that generate the data."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from bench.cli.parser import command, json_object, positive
from bench.tasks.families import Domain

Arguments = argparse.Namespace


def add(verbs: Any) -> None:
    """Add these commands to the parser."""
    behaviours = command(
        verbs, "behaviours", "train and describe the policies that generate the data"
    ).add_subparsers(required=True, metavar="COMMAND")
    online = command(
        behaviours,
        "train",
        "train behaviour policies online and write a zoo (needs the extra `behaviours`, except for games)",
    )
    online.add_argument("domain", help="for example hopper or breakout")
    online.add_argument(
        "--algorithm",
        choices=("tqc", "sac", "ppo"),
        help="default: tqc; for a game ppo, the only choice there",
    )
    online.add_argument(
        "--steps",
        type=positive,
        help="default: 400,000; for a game the steps of its shipped policies",
    )
    online.add_argument("--seed", type=int, default=0, help="default: 0")
    online.add_argument(
        "--options", type=json_object, default={}, help="settings of the algorithm, as JSON"
    )
    online.add_argument(
        "--keep-every",
        type=positive,
        help="steps between two snapshots; default: 1,000, for a game 50,000",
    )
    online.add_argument(
        "--work",
        type=Path,
        help="folder for snapshots and state; the same folder resumes the training",
    )
    online.add_argument("--zoo", type=Path, help="folder for the zoo; default: the shipped one")
    online.set_defaults(verb=_behaviours)
    describe = command(
        behaviours,
        "describe",
        "print the levels of the shipped policies and draw their learning curves",
    )
    describe.add_argument("--figure", type=Path, help=".png or .svg")
    describe.set_defaults(verb=_describe)
    again = command(
        behaviours,
        "from-d4rl",
        "generate a data set from the policy inside a D4RL file, as a new task",
    )
    again.add_argument("file", type=Path, help="a medium or expert file of D4RL -v2")
    again.add_argument(
        "--task", required=True, help="name of the new task, DOMAIN-KIND, for example hopper-again"
    )
    again.add_argument("--environment", help="Gymnasium id; default: the environment of the domain")
    again.add_argument(
        "--steps",
        type=positive,
        default=100_000,
        help="largest number of transitions, as whole episodes; default: 100,000",
    )
    again.add_argument("--seed", type=int, default=0, help="default: 0")
    again.set_defaults(verb=_from_d4rl)


def _behaviours(arguments: Arguments) -> None:
    from importlib import import_module

    from bench.behaviours import ZOO
    from bench.tasks.registry import domain_by_name, family_of_environment

    domain = domain_by_name(arguments.domain)
    family = family_of_environment(domain.environment)
    if not family.trainer:
        raise ValueError(
            f"{domain.name} needs no behaviour policies: its data come from random actions"
        )
    trainer: Any = import_module(family.trainer)
    algorithm = arguments.algorithm or trainer.ALGORITHMS[0]
    if algorithm not in trainer.ALGORITHMS:
        raise ValueError(
            f"{domain.name} cannot be trained with {algorithm}; known: {', '.join(trainer.ALGORITHMS)}"
        )
    steps = arguments.steps or trainer.training_steps(domain)
    keep_every = arguments.keep_every or trainer.KEEP_EVERY
    name = f"{domain.name}-{algorithm}-{arguments.seed}"
    print(
        trainer.train(
            domain,
            arguments.work or Path("results", "behaviours", name),
            arguments.zoo or ZOO,
            algorithm=algorithm,
            steps=steps,
            seed=arguments.seed,
            keep_every=keep_every,
            options=arguments.options,
            command=_command(domain, algorithm, steps, keep_every, arguments),
        )
    )


def _command(
    domain: Domain, algorithm: str, steps: int, keep_every: int, arguments: Arguments
) -> str:
    options = f" --options {shlex.quote(json.dumps(arguments.options))}"
    return (
        f"bench behaviours train {domain.name} --algorithm {algorithm} --steps {steps} --seed {arguments.seed} "
        f"--keep-every {keep_every}{options if arguments.options else ''}"
    )


def _describe(arguments: Arguments) -> None:
    from bench.report import behaviours as describe

    print(describe.table())
    if arguments.figure is not None:
        describe.draw([arguments.figure])
        print(f"\n{arguments.figure}")


def _from_d4rl(arguments: Arguments) -> None:
    from tqdm import tqdm

    from bench.behaviours.from_d4rl import roll_out_again
    from bench.environments.modules import allow_module_of
    from bench.tasks.registry import IMPORTED, domain_by_name

    domain = domain_by_name(arguments.task.partition("-")[0])
    environment = arguments.environment or domain.environment
    allow_module_of(environment)
    with tqdm(total=arguments.steps, unit="step", disable=not sys.stderr.isatty()) as bar:

        def advance(steps: int) -> None:
            bar.update(steps)

        data = roll_out_again(
            arguments.file,
            arguments.task,
            environment,
            arguments.steps,
            arguments.seed,
            progress=advance,
        )
    mean = float(data.returns.mean())
    print(
        f"{IMPORTED / arguments.task}: {data.episodes} episodes, {data.steps} steps, mean return {mean:.1f}, "
        f"normalised {domain.normalised(mean):.1f}; the policy is in the same folder"
    )
