"""`bench data`: generate, fetch, import, export, describe and verify data sets."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from bench.cli.parser import command, positive
from bench.core.printable import printable

Arguments = argparse.Namespace
# entries of the default config's `methods` that learn from discrete actions, and the modules that do and do not
OF_VECTORS = (
    "dt, cql-discrete, bc-discrete, uniform, behaviour",
    "dt, bc, percent_bc, discrete_cql",
)
OF_FRAMES = ("dt-atari, cql-atari, bc-atari, bc10-atari, uniform, behaviour", "dt_atari, cql_atari")
NOT_DISCRETE = "cql, iql, td3_bc"


def add(verbs: Any) -> None:
    """Add these commands to the parser."""
    data = command(
        verbs, "data", "generate, fetch, import, export, describe and verify data sets"
    ).add_subparsers(required=True, metavar="COMMAND")
    generate = command(data, "generate", "generate a data set with the shipped behaviour policies")
    generate.add_argument("--task", required=True, help="for example hopper-medium")
    generate.add_argument(
        "--steps", type=positive, required=True, help="number of transitions in one part"
    )
    generate.add_argument("--seed", type=int, default=0, help="default: 0")
    generate.add_argument("--out", type=Path, required=True, help="folder of the data set")
    generate.set_defaults(verb=_generate)
    fetch = command(data, "fetch", "make a data set from published files: D4RL, DQN-replay")
    fetch.add_argument("task", help="for example hopper-medium or breakout-replay")
    fetch.add_argument(
        "--source", choices=("d4rl", "dqn_replay"), help="default: dqn_replay for Atari, else d4rl"
    )
    fetch.add_argument(
        "--file", type=Path, help="D4RL: use this copy of the file and download nothing"
    )
    fetch.add_argument(
        "--from",
        metavar="FOLDER",
        help="DQN-replay: a folder with a copy, or the address of another server",
    )
    fetch.add_argument(
        "--steps",
        type=positive,
        help="DQN-replay: number of transitions to sample; default: 500000",
    )
    fetch.add_argument("--seed", type=int, help="DQN-replay: seed of the sample; default: 0")
    fetch.add_argument(
        "--rows",
        type=positive,
        help="DQN-replay: number of rows to read from each log; default: 100000",
    )
    fetch.add_argument(
        "--out",
        type=Path,
        help="folder of the data set; default: data/d4rl/TASK/v2 or data/dqn_replay/TASK/STEPS-SEED",
    )
    fetch.set_defaults(verb=_fetch)
    importing = command(
        data, "import", "make a task from your own data: .npz, .hdf5, or a Minari data set"
    )
    importing.add_argument("--file", required=True, help="a path or a Minari id")
    importing.add_argument(
        "--task", required=True, help="name of the new task, DOMAIN-KIND, for example hopper-mine"
    )
    importing.add_argument(
        "--environment",
        help='Gymnasium id, for example Hopper-v4; MODULE:ID imports a module of your own; \'ID {"max_episode_steps": '
        "200}' has settings",
    )
    importing.add_argument(
        "--horizon",
        type=positive,
        metavar="STEPS",
        help="largest number of steps of an episode in the data; default: the time limit of the environment",
    )
    importing.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="ARRAY",
        help="leave out an array of the file; can be given several times",
    )
    importing.add_argument(
        "--target",
        type=float,
        help="target return of DT; default: that of the domain, or the best return in the data",
    )
    importing.add_argument(
        "--scale",
        type=float,
        help="divisor of returns-to-go; default: that of the domain, or "
        "the largest power of ten that is not above the largest absolute return",
    )
    importing.add_argument(
        "--reference",
        type=float,
        nargs=2,
        metavar=("RANDOM", "EXPERT"),
        help="the returns with the normalised scores 0 and 100; an environment of the suite has its own",
    )
    importing.add_argument("--label", help="name of the domain in tables; default: its name")
    importing.set_defaults(verb=_import)
    export = command(data, "export", "write a data set in Minari's format")
    export.add_argument("folder", type=Path, help="folder of the data set")
    export.add_argument("--minari-id", required=True, help="for example mine/hopper-medium-v0")
    export.set_defaults(verb=_export)
    describe = command(data, "describe", "describe data sets: sizes, returns, lengths, digests")
    describe.add_argument("folder", type=Path, nargs="+", help="folders of data sets")
    describe.add_argument(
        "--figure", type=Path, help=".png or .svg file: histograms of returns and lengths"
    )
    describe.set_defaults(verb=_describe)
    verify = command(data, "verify", "check data sets against their manifests and their tasks")
    verify.add_argument("folder", type=Path, nargs="+", help="folders of data sets")
    verify.set_defaults(verb=_verify)


def _say(line: object) -> None:
    print(printable(line))


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
        arguments.file, arguments.task, constants, ignore=arguments.ignore, remarks=remarks
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


def _describe(arguments: Arguments) -> None:
    from bench.report import datasets as describe

    print("\n\n".join(describe.text(folder) for folder in arguments.folder))
    if arguments.figure is not None:
        describe.draw(arguments.folder, [arguments.figure])
        print(f"\n{arguments.figure}")


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
