"""Run the real workflow in a temporary copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "Snakefile",
    "Makefile",
    "README.md",
    "environment.yml",
    "requirements.lock",
    "pyproject.toml",
)
FOLDERS = ("bench", "dt", "baselines", "workflow", "config", "profiles", "tests", "tools")

TINY = {
    "name": "tiny",
    "suites": {
        "mujoco": {
            "tasks": ["hopper-medium"],
            "methods": ["bc", "uniform"],
            "rewards": ["dense"],
            "data_percents": [100],
            "seeds": [0],
            "artifacts": ["table2"],
        }
    },
    "data": {"steps": 1500},
    "training": {"steps": 5, "curve": []},
    "evaluation": {"episodes": 1, "num_envs": 1, "curve_episodes": 0},
    "methods": {"bc": {"steps": 5, "options": {"width": 8, "layers": 1}}},
}


def checkout(folder):
    """Copy what a clone holds; no results, no data, no caches."""
    folder.mkdir(parents=True)
    for name in PARTS:
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, folder / name)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def with_data(folder):
    """Check out, write config/tiny.yaml and generate its data, which takes longer than the runs."""
    checkout(folder)
    snakemake(folder, "data/generated/hopper-medium/1500-0/manifest.json", config=tiny(folder))
    return folder


def tiny(folder, **changes):
    """Write a config of a few seconds and return its path, relative to the checkout."""
    path = folder / "config" / "tiny.yaml"
    path.write_text(yaml.safe_dump(merged(TINY, changes)))
    return "config/tiny.yaml"


def merged(base, changes):
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = merged(base[key], value) if both else value
    return result


def snakemake(folder, *arguments, config=None, check=True, cores=2):
    """Run Snakemake in a checkout and return its output."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--cores", str(cores)]
    command += ["--configfile", config] if config else []
    command += ["--max-jobs-per-timespan", "100/1s"]  # the profile's 5s is also a wait at the end
    done = subprocess.run(
        command,
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=clean(),
    )
    if check:
        assert done.returncode == 0, done.stdout[-4000:]
    else:
        assert done.returncode != 0, done.stdout[-4000:]
    return done.stdout


def clean():
    """Return an environment without what tests set for themselves."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def jobs(output):
    """Return rule -> number of jobs from a dry run's table."""
    table = re.findall(r"^(\w+)\s+(\d+)$", output, flags=re.MULTILINE)
    return {rule: int(count) for rule, count in table}
