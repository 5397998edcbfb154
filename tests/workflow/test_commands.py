"""The commands of the rules: every setting of a config reaches the command that it is for."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from bench.cli.configs import given_config
from tests.helpers import cli
from tests.helpers.pipeline import checkout, snakemake, tiny

pytestmark = pytest.mark.slow
RUNS = "results/tiny/runs"
TIMES = "reports/tiny/sparse/time_to_score.md"
TRIALS = "reports/tiny/sparse/trials.md"
VIDEO = "reports/tiny/atari/pong-replay.dt-atari.gif"
AXES: dict[str, Any] = {"rewards": ["dense"], "data_percents": [100], "baselines": False}
# no two settings have the same number
SETTINGS: dict[str, Any] = {
    "suites": {
        "mujoco": AXES
        | {
            "tasks": ["hopper-medium", "walker2d-medium"],
            "methods": ["dt"],
            "seeds": [3],
            "artifacts": ["figure4"],
            "sweep": True,
        },
        "critic": {"tasks": ["key_to_door-1k"], "methods": ["dt-critic"], "seeds": [7]},
        "fetched": AXES
        | {
            "tasks": ["hopper-medium-replay", "halfcheetah-medium-replay", "pong-replay"],
            "methods": ["bc"],
            "seeds": [9],
        },
        "sparse": AXES
        | {
            "tasks": ["hopper-medium-expert"],
            "methods": ["bc", "own"],
            "rewards": ["dense", "sparse"],
            "data_percents": [50],
            "seeds": [2],
            "curve": False,
            "artifacts": [],
        },
        "atari": AXES
        | {
            "tasks": ["pong-replay"],
            "methods": ["dt-atari"],
            "seeds": [8],
            "artifacts": ["table1"],
        },
    },
    "data": {
        "source": "generated",
        "steps": 1500,
        "seed": 4,
        "domains": {
            "pong": {"source": "dqn_replay", "steps": 2500, "seed": 6},
            "halfcheetah": {"source": "d4rl"},
        },
    },
    "training": {"steps": 5, "curve": [0.25, 0.75]},
    "evaluation": {
        "episodes": 11,
        "num_envs": 12,
        "curve_episodes": 13,
        "sweep_episodes": 14,
        "sweep_points": 15,
        "max_steps": 16,
        "episode_list": "other",
        "domains": {
            "walker2d": {
                "episodes": 21,
                "num_envs": 22,
                "curve_episodes": 23,
                "sweep_episodes": 24,
                "sweep_points": None,
                "max_steps": None,
            },
            "key_to_door": {"diagnostic_episodes": 31},
        },
    },
    "methods": {
        "dt": {"steps": 41},
        "dt-critic": {"steps": 42},
        "own": {
            "module": "bc",
            "label": "Own",
            "steps": 43,
            "domain_steps": {"hopper": 44},
            "options": {"width": 45, "layers": 1},
            "domains": {"hopper": {"layers": 2}},
        },
    },
}


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The commands of a dry run of five suites, without the redirection of their output."""
    folder = checkout(tmp_path_factory.mktemp("commands") / "clone")
    targets = ("all_mujoco", "all_critic", "all_fetched", TIMES, TRIALS, VIDEO)
    output = snakemake(
        folder, *targets, "--dry-run", "--printshellcmds", config=tiny(folder, **SETTINGS)
    )
    found = re.findall(r"python -m bench (.*?) >", output)
    return [re.sub(r"\s+", " ", command) for command in found]


def one(commands: list[str], *parts: str) -> str:
    """Return the one command with these parts."""
    [found] = [command for command in commands if all(part in command for part in parts)]
    return found


def options(command: str) -> dict[str, str]:
    """Return option -> its values."""
    return dict(re.findall(r"--([\w-]+) ((?:(?!--)\S+ ?)+)", command + " "))


@pytest.mark.parametrize(
    ("domain", "episodes", "num_envs", "curve", "limit"),
    [("hopper", "11", "12", "13", "16"), ("walker2d", "21", "22", "23", None)],
)
def test_evaluate_gets_the_settings_of_its_domain(
    commands: list[str], domain: str, episodes: str, num_envs: str, curve: str, limit: str | None
) -> None:
    found = options(one(commands, "evaluate", f"{domain}-medium/"))
    expected = {
        "run": f"{RUNS}/{domain}-medium/dense/100/dt/3",
        "episodes": episodes,
        "num-envs": num_envs,
        "curve-episodes": curve,
        "episode-list": "other",
        "device": "cpu",
    }
    assert strip(found) == expected | ({"max-steps": limit} if limit else {})


@pytest.mark.parametrize(
    ("domain", "episodes", "num_envs", "points", "limit"),
    [("hopper", "14", "12", "15", "16"), ("walker2d", "24", "22", None, None)],
)
def test_sweep_gets_the_settings_of_its_domain(
    commands: list[str],
    domain: str,
    episodes: str,
    num_envs: str,
    points: str | None,
    limit: str | None,
) -> None:
    found = options(one(commands, "sweep ", f"{domain}-medium/"))
    expected = {
        "run": f"{RUNS}/{domain}-medium/dense/100/dt/3",
        "data": f"data/generated/{domain}-medium/1500-4",
        "episodes": episodes,
        "num-envs": num_envs,
        "episode-list": "other",
        "device": "cpu",
    }
    expected |= {"points": points} if points else {}
    assert strip(found) == expected | ({"max-steps": limit} if limit else {})


def test_train_gets_the_method_and_the_snapshots(commands: list[str]) -> None:
    found = strip(options(one(commands, "train ", "hopper-medium/")))
    given = found.pop("options")
    assert '"precision": "auto"' in given
    assert found == {
        "run": f"{RUNS}/hopper-medium/dense/100/dt/3",
        "data": "data/generated/hopper-medium/1500-4",
        "module": "dt",
        "steps": "41",
        "curve": "0.25 0.75",
        "device": "cpu",
    }


def test_diagnose_gets_the_episodes_of_its_domain(commands: list[str]) -> None:
    command = one(commands, "diagnose ")
    assert command.startswith("diagnose critic ")
    assert strip(options(command)) == {
        "run": f"{RUNS}/key_to_door-1k/dense/100/dt-critic/7",
        "data": "data/generated/key_to_door-1k/120000-4",
        "episodes": "31",
        "device": "cpu",
    }


def test_data_are_generated_and_fetched_with_their_size_and_seed(commands: list[str]) -> None:
    assert strip(options(one(commands, "data generate", "hopper-medium "))) == {
        "task": "hopper-medium",
        "steps": "1500",
        "seed": "4",
        "out": "data/generated/hopper-medium/1500-4",
    }
    fetched = one(commands, "data fetch pong-replay")
    assert strip(options(fetched)) == {
        "steps": "2500",
        "seed": "6",
        "out": "data/dqn_replay/pong-replay/2500-6",
    }


def test_a_file_of_d4rl_is_fetched_into_its_folder(commands: list[str]) -> None:
    assert parsed(one(commands, "data fetch halfcheetah-medium-replay")) == {
        "task": "halfcheetah-medium-replay",
        "out": Path("data/d4rl/halfcheetah-medium-replay/v2"),
        **dict.fromkeys(("source", "file", "from", "steps", "seed", "rows")),
    }


@pytest.mark.parametrize("reward", ["dense", "sparse"])
def test_a_domain_has_its_own_steps_and_options(commands: list[str], reward: str) -> None:
    assert parsed(one(commands, "train ", f"/{reward}/50/own/")) == {
        "run": Path(f"{RUNS}/hopper-medium-expert/{reward}/50/own/2"),
        "data": Path("data/generated/hopper-medium-expert/1500-4"),
        "module": "bc",
        "options": {"width": 45, "layers": 2},
        "steps": 44,
        "curve": (),  # its suite has no learning curves
        "device": "cpu",
    }


def test_a_video_is_of_the_policy_with_the_settings_of_its_family(commands: list[str]) -> None:
    """An Atari game is 450 steps long, at 15 pictures a second."""
    assert parsed(one(commands, "video ")) == {
        "run": Path(f"{RUNS}/pong-replay/dense/100/dt-atari/8"),
        "episode": 0,
        "steps": 450,
        "fps": 15.0,
        "every": 1,
        "target": None,
        "beside": None,
        "out": Path(VIDEO),
    }


@pytest.mark.parametrize(("verb", "file"), [("time-to-score", TIMES), ("trials", TRIALS)])
def test_a_table_of_runs_gets_the_records_and_the_config_of_its_suite(
    commands: list[str], verb: str, file: str
) -> None:
    found = parsed(one(commands, f"{verb} --config"))
    config = given_config(found.pop("config"))
    assert list(config["suites"]) == ["sparse"]
    assert config["name"] == "tiny"
    assert found["suite"] == "sparse"
    page = Path(file)
    assert set(found["out"]) == {page, page.with_suffix(".html"), page.with_suffix(".csv")}
    expected = [  # bc reads no rewards: it runs once, with dense ones
        Path(RUNS, "hopper-medium-expert", reward, "50", method, "2", "result.json")
        for reward, method in (("dense", "bc"), ("dense", "own"), ("sparse", "own"))
    ]
    assert sorted(found["records"]) == expected


def parsed(command: str) -> dict[str, Any]:
    """Return the arguments of a command as the verb gets them, by name. The time limit comes by the environment."""
    arguments = cli.parsed(shlex.split(command)).values
    assert arguments.pop("time_limit", None) is None
    return arguments


def strip(found: dict[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in found.items()}
