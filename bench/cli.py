"""The command `bench`: a verb for every rule of the workflow. Thin; what a verb needs is imported
inside it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

Arguments = argparse.Namespace


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb. Expected failures print one line and return 1; Ctrl-C returns 130."""
    arguments = _parser().parse_args(argv)
    verb: Callable[[Arguments], None] = arguments.verb
    try:
        verb(arguments)
    except KeyboardInterrupt:
        print(
            "stopped; nothing finished is lost: the same command goes on from here", file=sys.stderr
        )
        return 130
    except Exception as error:
        if not _expected(error):
            raise
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _expected(error: Exception) -> bool:
    """Return whether an error is the user's to mend and says how; others keep their traceback."""
    from bench.files import DamagedFile, DiskFull
    from bench.method import BadMethod

    return isinstance(
        error,
        (ValueError, FileNotFoundError, ModuleNotFoundError, DamagedFile, DiskFull, BadMethod),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench", description="Decision Transformer benchmark: the verbs of the workflow."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    data = verbs.add_parser("data", help="make and check data sets").add_subparsers(
        required=True, metavar="VERB"
    )
    generate = data.add_parser(
        "generate", help="roll a data set out from the shipped behaviour policies"
    )
    generate.add_argument("--task", required=True, help="for example hopper-medium")
    generate.add_argument("--steps", type=int, required=True, help="transitions in one part")
    generate.add_argument("--seed", type=int, default=0)
    generate.add_argument("--out", type=Path, required=True, help="folder")
    generate.set_defaults(verb=_generate)
    verify = data.add_parser("verify", help="check a data set against its manifest")
    verify.add_argument("folder", type=Path)
    verify.set_defaults(verb=_verify)

    behaviours = verbs.add_parser(
        "behaviours", help="the policies that make the data"
    ).add_subparsers(required=True, metavar="VERB")
    online = behaviours.add_parser(
        "train", help="train online and write a zoo (extra `behaviours`)"
    )
    online.add_argument("domain", help="for example hopper")
    online.add_argument("--algorithm", choices=("tqc", "sac"), default="tqc")
    online.add_argument("--steps", type=int, default=400_000)
    online.add_argument("--seed", type=int, default=0)
    online.add_argument(
        "--keep-every", type=int, default=2_000, help="steps between two kept actors"
    )
    online.add_argument(
        "--work", type=Path, help="folder for actors and state; the same folder resumes"
    )
    online.add_argument("--zoo", type=Path, help="folder for the zoo; default: the shipped one")
    online.set_defaults(verb=_behaviours)

    train = verbs.add_parser("train", help="train one run")
    train.add_argument(
        "--run", type=Path, required=True, help="results/SCALE/runs/TASK/REWARD/PERCENT/METHOD/SEED"
    )
    train.add_argument("--data", type=Path, required=True, help="folder of the data set")
    train.add_argument("--module", required=True, help="dt, or a file in baselines/")
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
        "--lanes", type=int, required=True, help="episodes side by side; part of the protocol"
    )
    evaluate.add_argument("--curve-episodes", type=int, default=0)
    evaluate.add_argument("--device", default="cpu")
    evaluate.set_defaults(verb=_evaluate)

    scores = verbs.add_parser("scores", help="collect records into one table")
    scores.add_argument("--config", type=json.loads, required=True, help="JSON: the merged config")
    scores.add_argument("--out", type=Path, required=True)
    scores.add_argument("records", type=Path, nargs="+")
    scores.set_defaults(verb=_scores)

    table = verbs.add_parser("table2", help="the paper's Table 2 and its figure from scores")
    table.add_argument("--scores", type=Path, required=True)
    table.add_argument("--scale", required=True)
    table.add_argument(
        "--out",
        type=Path,
        nargs="+",
        required=True,
        help=".md, .html, .tex, .csv: the table; .png, .svg: bars",
    )
    table.set_defaults(verb=_table2)

    cost = verbs.add_parser("cost", help="what the runs cost: time, speed, memory")
    cost.add_argument("--config", type=json.loads, required=True)
    cost.add_argument("--out", type=Path, nargs="+", required=True, help=".md, .html")
    cost.add_argument("--records", type=Path, nargs="+", required=True)
    cost.set_defaults(verb=_cost)

    partial = verbs.add_parser(
        "partial", help="the table of what is there, and the names of what is not"
    )
    partial.add_argument("--config", type=json.loads, required=True)
    partial.add_argument("--suite", required=True)
    partial.add_argument("--out", type=Path, required=True)
    partial.set_defaults(verb=_partial)
    return parser


def _generate(arguments: Arguments) -> None:
    from tqdm import tqdm

    from bench.datasets.generated import generate
    from bench.tasks import task_by_name

    task = task_by_name(arguments.task)
    total = arguments.steps * (2 if task.kind == "medium-expert" else 1)
    with tqdm(total=total, unit="step", desc=task.name, disable=not sys.stderr.isatty()) as bar:

        def advance(steps: int) -> None:
            bar.update(steps)

        data = generate(
            task,
            arguments.steps,
            arguments.seed,
            arguments.out,
            progress=advance,
        )
    print(
        f"{arguments.out}: {data.episodes} episodes, {data.steps} steps, mean return {data.returns.mean():.1f}"
    )


def _verify(arguments: Arguments) -> None:
    from bench.datasets.storage import load

    data = load(arguments.folder)
    data.check(str(arguments.folder))
    print(
        f"{arguments.folder}: {data.episodes} episodes, {data.steps} steps, every file as its manifest says"
    )


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
    )
    command = (
        f"bench behaviours train {domain.name} --algorithm {arguments.algorithm} --steps {arguments.steps} "
        f"--seed {arguments.seed} --keep-every {arguments.keep_every}"
    )
    built = zoo.build(domain, work, command, arguments.zoo or ZOO)
    print(
        f"{built.folder}: medium {built.medium.score:.1f}, expert {built.expert.score:.1f} (normalised)"
    )


def _train(arguments: Arguments) -> None:
    from bench.train import train_run

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
    from bench.evaluate import evaluate_run

    evaluate_run(
        arguments.run,
        arguments.episodes,
        arguments.lanes,
        arguments.curve_episodes,
        arguments.device,
    )


def _scores(arguments: Arguments) -> None:
    from bench import scores
    from bench.plan import make_plan

    scores.write(scores.collect(arguments.records, make_plan(arguments.config)), arguments.out)


def _table2(arguments: Arguments) -> None:
    from bench import report, scores

    report.write_table2(scores.read(arguments.scores), arguments.scale, arguments.out)


def _cost(arguments: Arguments) -> None:
    from bench import report
    from bench.plan import make_plan

    for path in arguments.out:
        report.write_cost(arguments.records, make_plan(arguments.config), path)


def _partial(arguments: Arguments) -> None:
    from bench import report
    from bench.plan import make_plan

    report.write_partial(make_plan(arguments.config), arguments.suite, arguments.out)
