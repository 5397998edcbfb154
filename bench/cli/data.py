"""`bench data`: generate, fetch, import, export, describe and verify data sets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from bench.cli.parser import Arguments, Verbs
from bench.cli.values import NUMBER, PATH, POSITIVE, OneOf
from bench.core.printable import printable

# entries of the default config's `methods` that learn from discrete actions, and the modules that do and do not
OF_VECTORS = (
    "dt, cql-discrete, bc-discrete, uniform, behaviour",
    "dt, bc, percent_bc, discrete_cql",
)
OF_FRAMES = ("dt-atari, cql-atari, bc-atari, bc10-atari, uniform, behaviour", "dt_atari, cql_atari")
NOT_DISCRETE = "cql, iql, td3_bc"

data = Verbs("data", "generate, fetch, import, export, describe and verify data sets", "Data")


def _say(line: object) -> None:
    print(printable(line))


@data.command(
    "generate",
    does="generate a data set with the shipped behaviour policies",
    examples=("bench data generate --task hopper-medium --steps 100000 --out data/mine/hopper",),
)
@click.option("--task", required=True, help="for example hopper-medium")
@click.option("--steps", type=POSITIVE, required=True, help="number of transitions in one part")
@click.option("--seed", type=int, default=0, help="default: 0")
@click.option("--out", type=PATH, required=True, help="folder of the data set")
def _generate(arguments: Arguments) -> None:
    from tqdm import tqdm

    from bench.behaviours.generate import generate
    from bench.tasks.registry import TASKS, family_of, task_by_name

    task = task_by_name(arguments.task)
    if task.name not in TASKS:
        raise ValueError(f"{task.name} is an imported task, so its data cannot be generated")
    total = arguments.steps * family_of(task).kinds[task.kind].parts
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
    score = "" if data.scores is None else f", mean score {data.scores.mean():.1f}"
    _say(
        f"{arguments.out}: {data.episodes} episodes, {data.steps} steps, mean return {data.returns.mean():.1f}{score}"
    )


@data.command(
    "fetch",
    does="make a data set from published files: D4RL, DQN-replay",
    examples=(
        "bench data fetch hopper-medium",
        "bench data fetch breakout-replay --from FOLDER --steps 500000",
    ),
)
@click.argument("task")
@click.option(
    "--source",
    type=OneOf(["d4rl", "dqn_replay"]),
    help="default: dqn_replay for Atari, else d4rl",
)
@click.option("--file", type=PATH, help="D4RL: use this copy of the file and download nothing")
@click.option(
    "--from",
    "from",
    metavar="FOLDER",
    help="DQN-replay: a folder with a copy, or the address of another server",
)
@click.option(
    "--steps",
    type=POSITIVE,
    help="DQN-replay: number of transitions to sample; default: 500000",
)
@click.option("--seed", type=int, help="DQN-replay: seed of the sample; default: 0")
@click.option(
    "--rows",
    type=POSITIVE,
    help="DQN-replay: number of rows to read from each log; default: 100000",
)
@click.option(
    "--out",
    type=PATH,
    help="folder of the data set; default: data/d4rl/TASK/v2 or data/dqn_replay/TASK/STEPS-SEED",
)
def _fetch(arguments: Arguments) -> None:
    from bench.tasks.registry import family_of, task_by_name

    task = task_by_name(arguments.task)
    source = arguments.source or family_of(task).source
    if not source:
        raise ValueError(
            f"no data set is published for {task.name}; `bench data generate` makes one"
        )
    for option in ("from", "steps", "seed", "rows") if source == "d4rl" else ("file",):
        if vars(arguments)[option] is not None:
            raise ValueError(f"--{option} does not apply to source {source}; remove it")
    for line in _from_d4rl(task, arguments) if source == "d4rl" else _from_logs(task, arguments):
        _say(line)


def _from_d4rl(task: Any, arguments: Arguments) -> list[Any]:
    from bench.datasets.readers.d4rl_files import obtain

    out = arguments.out or Path("data", "d4rl", task.name, "v2")
    return [*obtain(task, out, arguments.file), out]


def _from_logs(task: Any, arguments: Arguments) -> list[Any]:
    from tqdm import tqdm

    from bench.datasets.readers.dqn_replay import Sampling, obtain

    given = vars(arguments)
    chosen = {name: given[name] for name in ("steps", "seed", "rows") if given[name] is not None}
    sampling = Sampling(**chosen)
    out = arguments.out or Path("data", "dqn_replay", task.name, sampling.name)
    with tqdm(unit="row", desc=task.name, disable=not sys.stderr.isatty()) as bar:

        def advance(rows: int, of: int) -> None:
            bar.total = of
            bar.update(rows)

        return [*obtain(task, out, given["from"], sampling, advance), out]


@data.command(
    "import",
    does="make a task from your own data: .npz, .hdf5, or a Minari data set",
    examples=(
        "bench data import --file my.npz --task hopper-mine --environment Hopper-v4",
        "bench data import --file mujoco/hopper/medium-v0 --task hopper-minari",
    ),
)
@click.option("--file", required=True, help="a path or a Minari id")
@click.option(
    "--task", required=True, help="name of the new task, DOMAIN-KIND, for example hopper-mine"
)
@click.option(
    "--environment",
    help='Gymnasium id, for example Hopper-v4; MODULE:ID imports a module of your own; \'ID {"max_episode_steps": '
    "200}' has settings",
)
@click.option(
    "--horizon",
    type=POSITIVE,
    metavar="STEPS",
    help="largest number of steps of an episode in the data; default: the time limit of the environment",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="ARRAY",
    help="leave out an array of the file; can be given several times",
)
@click.option(
    "--target",
    type=NUMBER,
    help="target return of DT; default: that of the domain, or the best return in the data",
)
@click.option(
    "--scale",
    type=NUMBER,
    help="divisor of returns-to-go; default: that of the domain, or "
    "the largest power of ten that is not above the largest absolute return",
)
@click.option(
    "--reference",
    type=NUMBER,
    nargs=2,
    metavar="RANDOM EXPERT",
    help="the returns with the normalised scores 0 and 100; an environment of the suite has its own",
)
@click.option("--label", help="name of the domain in tables; default: its name")
def _import(arguments: Arguments) -> None:
    from bench.datasets.readers.imported import Constants, import_data
    from bench.datasets.readers.remarks import Remarks
    from bench.environments.modules import allow_module_of, module_of
    from bench.tasks.registry import IMPORTED, family_of, task_by_name

    reference = None if arguments.reference is None else tuple(arguments.reference)
    environment, remarks = arguments.environment, Remarks()
    if environment is not None:
        allow_module_of(environment)
    constants = Constants(
        environment,
        arguments.target,
        arguments.scale,
        reference,
        arguments.horizon,
        arguments.label,
    )
    data = import_data(
        arguments.file, arguments.task, constants, ignore=list(arguments.ignore), remarks=remarks
    )
    for line in remarks.lines():
        _say(line)
    task = task_by_name(arguments.task)
    domain = task.domain
    _say(
        f"{IMPORTED / arguments.task}: {data.episodes} episodes, {data.steps} steps of {domain.environment}"
    )
    _say(
        f"mean return {data.returns.mean():.1f}, normalised {domain.normalised(float(data.returns.mean())):.1f} "
        f"(0 is {domain.reference_min:g}, 100 is {domain.reference_max:g}); target {domain.target_return:g}, "
        f"scale {domain.return_scale:g}"
    )
    if data.discrete and family_of(task).default:
        entries, modules = OF_VECTORS if data.stack == 1 else OF_FRAMES
        _say(
            f"its actions are discrete: {modules}, uniform and behaviour learn from them, {NOT_DISCRETE} do not. To "
            f"run it, give it a suite in a config: suites: {{mine: {{tasks: [{arguments.task}], methods: [{entries}], "
            "rewards: [dense], data_percents: [100], seeds: [0, 1, 2]}}"
        )
    else:
        suite = family_of(task).name
        _say(
            f"to run it, add {arguments.task} to suites.{suite}.tasks in a config, or to another suite"
        )
    if module := module_of(domain.environment):
        _say(
            f"its environment is in your module {module}: add `environment_modules: [{module}]` to the config"
        )


@data.command(
    "export",
    does="write a data set in Minari's format",
    examples=(
        "bench data export data/generated/hopper-medium/100000-0 --minari-id mine/hopper-medium-v0",
    ),
)
@click.argument("folder", type=PATH)
@click.option("--minari-id", required=True, help="for example mine/hopper-medium-v0")
def _export(arguments: Arguments) -> None:
    from bench.datasets import storage
    from bench.datasets.readers.minari_export import ROOT, export, root
    from bench.tasks.registry import task_by_name

    data, about = storage.load(arguments.folder), storage.read_manifest(arguments.folder)
    task = task_by_name(str(about.get("task")), folder=arguments.folder)
    folder = export(data, task, arguments.minari_id, about)
    _say(
        f"{folder}: {data.episodes} episodes, {data.steps} steps; the copy was read back and is equal"
    )
    _say(
        f"Minari finds it as {arguments.minari_id} in its folder {root()}; the variable {ROOT} names another one"
    )


@data.command(
    "describe",
    does="describe data sets: sizes, returns, lengths, digests",
    examples=("bench data describe data/generated/*/* --figure data.png",),
)
@click.argument("folder", type=PATH, nargs=-1, required=True)
@click.option("--figure", type=PATH, help=".png or .svg file: histograms of returns and lengths")
def _describe(arguments: Arguments) -> None:
    from bench.report import datasets as describe

    print("\n\n".join(describe.text(folder) for folder in arguments.folder))
    if arguments.figure is not None:
        describe.draw(arguments.folder, [arguments.figure])
        print(f"\n{arguments.figure}")


@data.command(
    "verify",
    does="check data sets against their manifests and their tasks",
    examples=("bench data verify data/generated/*/*",),
)
@click.argument("folder", type=PATH, nargs=-1, required=True)
def _verify(arguments: Arguments) -> None:
    from bench.datasets.verify import verify
    from bench.tasks.registry import TASK_FILE, task_by_name

    for folder in arguments.folder:
        data = verify(folder)
        if (folder / TASK_FILE).exists():
            task_by_name(folder.resolve().name, folder=folder)
        _say(
            f"{folder}: {data.episodes} episodes, {data.steps} steps; every file agrees with its manifest"
        )


COMMANDS = (data,)
