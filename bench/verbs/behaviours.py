"""`bench behaviours`: the policies that make the data."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from bench.verbs.data import positive

Arguments = argparse.Namespace


def add(verbs: Any) -> None:
    """Add the verbs to the parser's."""
    behaviours = verbs.add_parser(
        "behaviours", help="the policies that make the data"
    ).add_subparsers(required=True, metavar="VERB")
    online = behaviours.add_parser(
        "train", help="train online and write a zoo (extra `behaviours`)"
    )
    online.add_argument("domain", help="for example hopper")
    online.add_argument("--algorithm", choices=("tqc", "sac"), default="tqc")
    online.add_argument("--steps", type=positive, default=400_000)
    online.add_argument("--seed", type=int, default=0)
    online.add_argument(
        "--options", type=json.loads, default={}, help="JSON: settings of sbx's algorithm"
    )
    online.add_argument(
        "--keep-every", type=positive, default=2_000, help="steps between two kept actors"
    )
    online.add_argument(
        "--work", type=Path, help="folder for actors and state; the same folder resumes"
    )
    online.add_argument("--zoo", type=Path, help="folder for the zoo; default: the shipped one")
    online.set_defaults(verb=_behaviours)
    describe = behaviours.add_parser("describe", help="levels and learning curves of the zoo")
    describe.add_argument("--figure", type=Path, help=".png or .svg")
    describe.set_defaults(verb=_describe)
    again = behaviours.add_parser(
        "from-d4rl", help="roll the policy inside a D4RL file out again, as a task of its own"
    )
    again.add_argument("file", type=Path, help="a -v2 medium or expert file")
    again.add_argument("--task", required=True, help="its name, DOMAIN-KIND, like hopper-again")
    again.add_argument("--environment", help="default: that of the domain")
    again.add_argument("--steps", type=positive, default=100_000, help="at most, as whole episodes")
    again.add_argument("--seed", type=int, default=0)
    again.set_defaults(verb=_from_d4rl)


def _behaviours(arguments: Arguments) -> None:
    from bench.behaviours import ZOO, zoo
    from bench.behaviours.online import train_online
    from bench.tasks import domain_by_name

    domain = domain_by_name(arguments.domain)
    name = f"{domain.name}-{arguments.algorithm}-{arguments.seed}"
    work = arguments.work or Path("results", "behaviours", name)
    train_online(
        domain.environment,
        work,
        algorithm=arguments.algorithm,
        steps=arguments.steps,
        seed=arguments.seed,
        keep_every=arguments.keep_every,
        options=arguments.options,
    )
    command = (
        f"bench behaviours train {domain.name} --algorithm {arguments.algorithm} --steps {arguments.steps} "
        f"--seed {arguments.seed} --keep-every {arguments.keep_every}"
        + (f" --options {shlex.quote(json.dumps(arguments.options))}" if arguments.options else "")
    )
    built = zoo.build(domain, work, command, arguments.zoo or ZOO)
    print(
        f"{built.folder}: medium {built.medium.score:.1f}, expert {built.expert.score:.1f} (normalised)"
    )


def _describe(arguments: Arguments) -> None:
    from bench.behaviours import describe

    print(describe.table())
    if arguments.figure is not None:
        describe.draw([arguments.figure])
        print(f"\n{arguments.figure}")


def _from_d4rl(arguments: Arguments) -> None:
    from tqdm import tqdm

    from bench.behaviours.from_d4rl import roll_out_again
    from bench.tasks import IMPORTED, domain_by_name

    domain = domain_by_name(arguments.task.partition("-")[0])
    environment = arguments.environment or domain.environment
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
        f"normalised {domain.normalised(mean):.1f}; the policy lies beside them"
    )
