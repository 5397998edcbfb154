"""`bench behaviours`: the policies that make the data."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cli.data import positive

if TYPE_CHECKING:
    from bench.tasks.registry import Domain

Arguments = argparse.Namespace


def add(verbs: Any) -> None:
    """Add the verbs to the parser's."""
    behaviours = verbs.add_parser(
        "behaviours", help="the policies that make the data"
    ).add_subparsers(required=True, metavar="VERB")
    online = behaviours.add_parser(
        "train", help="train online and write a zoo (extra `behaviours`, but for games)"
    )
    online.add_argument("domain", help="for example hopper or breakout")
    online.add_argument(
        "--algorithm",
        choices=("tqc", "sac", "ppo"),
        help="default: tqc; of a game ppo, which is its only one",
    )
    online.add_argument(
        "--steps", type=positive, help="default: 400,000; of a game as its shipped policies"
    )
    online.add_argument("--seed", type=int, default=0)
    online.add_argument(
        "--options", type=json.loads, default={}, help="JSON: settings of the algorithm"
    )
    online.add_argument(
        "--keep-every",
        type=positive,
        help="steps between two kept actors; default: 2,000, of a game 50,000",
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
    from bench.tasks.registry import GAMES, domain_by_name

    domain = domain_by_name(arguments.domain)
    learns = ("ppo",) if domain.name in GAMES else ("tqc", "sac")
    algorithm = arguments.algorithm or learns[0]
    if algorithm not in learns:
        raise ValueError(f"{domain.name} is learnt by {' or '.join(learns)}, not by {algorithm}")
    name = f"{domain.name}-{algorithm}-{arguments.seed}"
    work = arguments.work or Path("results", "behaviours", name)
    if domain.name in GAMES:
        _train_player(domain, work, arguments)
    else:
        _train_control(domain, algorithm, work, arguments)


def _train_control(domain: Domain, algorithm: str, work: Path, arguments: Arguments) -> None:
    from bench.behaviours import ZOO, zoo
    from bench.behaviours.sac import train_online

    steps, keep_every = arguments.steps or 400_000, arguments.keep_every or 2_000
    train_online(
        domain.environment,
        work,
        algorithm=algorithm,
        steps=steps,
        seed=arguments.seed,
        keep_every=keep_every,
        options=arguments.options,
    )
    command = _command(domain, algorithm, steps, keep_every, arguments)
    built = zoo.build(domain, work, command, arguments.zoo or ZOO)
    print(
        f"{built.folder}: medium {built.medium.score:.1f}, expert {built.expert.score:.1f} (normalised)"
    )


def _train_player(domain: Domain, work: Path, arguments: Arguments) -> None:
    from bench.behaviours import ZOO, atari_zoo
    from bench.behaviours.atari_training import STEPS, train_player

    steps = arguments.steps or STEPS[domain.name]
    keep_every = arguments.keep_every or 50_000
    train_player(
        domain.name,
        work,
        steps=steps,
        seed=arguments.seed,
        keep_every=keep_every,
        options=arguments.options,
    )
    command = _command(domain, "ppo", steps, keep_every, arguments)
    built = atari_zoo.build(domain, work, command, arguments.zoo or ZOO)
    first, best = built.replay[0], built.expert
    print(
        f"{built.folder}: scores {first.return_mean:,.1f} to {best.return_mean:,.1f}, normalised "
        f"{first.score:.1f} to {best.score:.1f}"
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
    from bench.tasks.registry import IMPORTED, domain_by_name

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
