"""`bench behaviours`: train and describe the policies that generate the data."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from bench.cli.parser import Arguments, Verbs
from bench.cli.values import JSON, PATH, POSITIVE, OneOf
from bench.tasks.families import Domain

behaviours = Verbs("behaviours", "train and describe the policies that generate the data", "Data")


@behaviours.command(
    "train",
    does="train behaviour policies online and write a zoo (needs the extra `behaviours`, except for games)",
    examples=("bench behaviours train pong --zoo zoo", "bench behaviours train hopper --zoo zoo"),
)
@click.argument("domain", metavar="DOMAIN")
@click.option(
    "--algorithm",
    type=OneOf(["tqc", "sac", "ppo"]),
    help="default: tqc; for a game ppo, the only choice there",
)
@click.option(
    "--steps",
    type=POSITIVE,
    help="default: 400,000; for a game the steps of its shipped policies",
)
@click.option("--seed", type=int, default=0, help="default: 0")
@click.option("--options", type=JSON, default={}, help="settings of the algorithm, as JSON")
@click.option(
    "--keep-every",
    type=POSITIVE,
    help="steps between two snapshots; default: 1,000, for a game 50,000",
)
@click.option(
    "--work",
    type=PATH,
    help="folder for snapshots and state; the same folder resumes the training",
)
@click.option("--zoo", type=PATH, help="folder for the zoo; default: the shipped one")
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


@behaviours.command(
    "describe",
    does="print the levels of the shipped policies and draw their learning curves",
    examples=("bench behaviours describe --figure behaviours.png",),
)
@click.option("--figure", type=PATH, help=".png or .svg")
def _describe(arguments: Arguments) -> None:
    from bench.report import behaviours as describe

    print(describe.table())
    if arguments.figure is not None:
        describe.draw([arguments.figure])
        print(f"\n{arguments.figure}")


@behaviours.command(
    "from-d4rl",
    does="generate a data set from the policy inside a D4RL file, as a new task",
    examples=("bench behaviours from-d4rl hopper_medium-v2.hdf5 --task hopper-again",),
)
@click.argument("file", type=PATH)
@click.option(
    "--task", required=True, help="name of the new task, DOMAIN-KIND, for example hopper-again"
)
@click.option("--environment", help="Gymnasium id; default: the environment of the domain")
@click.option(
    "--steps",
    type=POSITIVE,
    default=100_000,
    help="largest number of transitions, as whole episodes; default: 100,000",
)
@click.option("--seed", type=int, default=0, help="default: 0")
def _from_d4rl(arguments: Arguments) -> None:
    """FILE is a medium or expert file of D4RL -v2."""
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


COMMANDS = (behaviours,)
