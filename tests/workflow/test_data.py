"""The real pipeline on data from outside: D4RL's files over HTTP, and a user's own."""

import csv
import functools
import hashlib
import json
import shutil
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import h5py
import numpy as np
import pytest

from tests.helpers.pipeline import checkout, clean, jobs, snakemake, tiny

pytestmark = pytest.mark.slow
TASK = "hopper-medium"


@pytest.fixture
def clone(tmp_path):
    return checkout(tmp_path / "clone")


def episodes():
    """Return 20 episodes of 50 steps of Hopper's shape, the layout of D4RL -v2."""
    random = np.random.default_rng(0)
    ends = np.zeros(1000, dtype=bool)
    ends[49::50] = True
    return {
        "observations": random.normal(size=(1000, 11)).astype(np.float32),
        "actions": random.uniform(-1, 1, size=(1000, 3)).astype(np.float32),
        "rewards": random.uniform(0, 60, size=1000).astype(np.float32),
        "terminals": ends,
        "timeouts": np.zeros(1000, dtype=bool),
    }


@pytest.fixture
def server(clone, tmp_path, monkeypatch):
    """Serve a small file as D4RL's, and let the clone's registry expect its bytes."""
    site = tmp_path / "site"
    site.mkdir()
    path = site / "hopper_medium-v2.hdf5"
    arrays = episodes()
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file.create_dataset(name, data=values, compression="gzip")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=site)
    web = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=web.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{web.server_address[1]}/{path.name}"
    returns = arrays["rewards"].reshape(20, 50).sum(axis=1, dtype=np.float64)
    registry = clone / "bench/datasets/readers/d4rl_files.csv"
    with registry.open(newline="") as text:
        rows = list(csv.DictReader(text))
    (row,) = [row for row in rows if row["task"] == TASK]
    row |= {
        "url": url,
        "mirror": url,
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "episodes": 20,
        "steps": 1000,
        "return_mean": returns.mean(),
        "return_std": returns.std(),
        "return_min": returns.min(),
        "return_max": returns.max(),
    }
    with registry.open("w", newline="") as text:
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    published = clone / "bench/datasets/readers/d4rl_statistics.json"
    statistics = json.loads(published.read_text())
    statistics["tasks"][TASK] = {
        "mean": arrays["observations"].mean(axis=0).tolist(),
        "std": arrays["observations"].std(axis=0).tolist(),
    }
    published.write_text(json.dumps(statistics))
    monkeypatch.setenv("D4RL_DATASET_DIR", str(tmp_path / "cache"))
    yield path
    web.shutdown()
    web.server_close()


def test_d4rls_file_is_fetched_checked_and_used(clone, server, tmp_path):
    config = tiny(clone, data={"source": "d4rl"})
    output = snakemake(clone, "all_mujoco", config=config)
    assert "Downloading D4RL's file of hopper-medium" in output
    assert (tmp_path / "cache" / server.name).read_bytes() == server.read_bytes()
    log = (clone / "logs/data/d4rl/hopper-medium.log").read_text()
    assert "SHA-256 as published" in log
    row = next(
        line
        for line in (clone / "reports/tiny/mujoco/data.md").read_text().splitlines()
        if line.startswith("| hopper-medium")
    )
    assert "| d4rl" in row
    record = clone / "results/tiny/runs/hopper-medium/dense/100/bc/0/result.json"
    assert json.loads(record.read_text())["protocol"]["source"] == "d4rl"
    table = (clone / "reports/tiny/mujoco/table2.md").read_text()
    assert "other data" not in table  # the same data as the paper's: the row gets a real verdict


def test_a_file_that_is_not_d4rls_stops_the_run_and_is_named(clone, server):
    server.write_bytes(b"<!DOCTYPE html>" + server.read_bytes()[15:])
    output = snakemake(
        clone, "all_mujoco", config=tiny(clone, data={"source": "d4rl"}), check=False
    )
    assert "hopper_medium-v2.hdf5" in output
    assert "the server sent a web page, not the file" in output
    assert "Training" not in output
    assert not (clone / "data/d4rl/hopper-medium/v2/manifest.json").exists()


def test_reacher_is_generated_where_the_rest_is_d4rls(clone):
    tasks = {"mujoco": {"tasks": ["hopper-medium", "reacher2d-medium"]}}
    config = tiny(clone, data={"source": "d4rl"}, suites=tasks)
    planned = jobs(snakemake(clone, "all_mujoco", "--dry-run", config=config))
    assert planned["fetch"] == planned["generate"] == 1


def test_your_own_data_run_beside_the_others(clone):
    np.savez(clone / "my.npz", **episodes())
    bench = [sys.executable, "-m", "bench", "data", "import", "--file", "my.npz"]
    command = [*bench, "--task", "hopper-mine", "--environment", "Hopper-v4"]
    done = subprocess.run(
        command, cwd=clone, env=clean(), text=True, capture_output=True, check=True
    )
    assert "add hopper-mine to suites.mujoco.tasks" in done.stdout
    tasks = {"mujoco": {"tasks": ["hopper-medium", "hopper-mine"]}}
    output = snakemake(clone, "all_mujoco", config=tiny(clone, suites=tasks))
    assert "Training bc on hopper-mine" in output
    table = (clone / "reports/tiny/mujoco/table2.md").read_text()
    assert "Mine" in table
    page = (clone / "reports/tiny/mujoco/data.md").read_text()
    assert "| hopper-mine" in page
    assert "| imported" in page
    assert "Nothing to be done" in snakemake(clone, "all_mujoco", config="config/tiny.yaml")

    # other data under the same name: its runs are made again, the others are kept
    arrays = episodes()
    arrays["rewards"] += 1
    np.savez(clone / "my.npz", **arrays)
    subprocess.run(command, cwd=clone, env=clean(), check=True, capture_output=True)
    output = snakemake(clone, "all_mujoco", config="config/tiny.yaml")
    assert "Training bc on hopper-mine" in output
    assert "Training bc on hopper-medium" not in output

    shutil.rmtree(clone / "data/imported")
    output = snakemake(clone, "all_mujoco", "--dry-run", config="config/tiny.yaml", check=False)
    assert "unknown task 'hopper-mine'" in output
    assert "bench data import" in output


OWN = """
import gymnasium
from gymnasium.spaces import Box

class Own(gymnasium.Env):
    observation_space, action_space = Box(-1, 1, (11,)), Box(-3, 3, (3,))
    def reset(self, *, seed=None, options=None):
        return self.observation_space.low, {}
    def step(self, action):
        return self.observation_space.low, float(action[0]), False, False, {}

gymnasium.register("own/Own-v0", entry_point=Own, max_episode_steps=60)
"""


@pytest.mark.long
def test_a_suite_of_your_own_environment_alone(clone):
    """Actions from -3 to 3, in a module beside the config; and its page of peers is empty."""
    (clone / "own.py").write_text(OWN)
    np.savez(clone / "my.npz", **episodes())
    command = [sys.executable, "-m", "bench", "data", "import", "--file", "my.npz"]
    command += ["--task", "own-mine", "--environment", "own:own/Own-v0", "--reference", "0", "180"]
    done = subprocess.run(
        command, cwd=clone, env=clean(), text=True, capture_output=True, check=True
    )
    assert "actions rescaled to -1 to 1 from -3 -3 -3 to 3 3 3" in done.stdout
    artifacts = ["table2", "profiles", "aggregates", "improvement", "peers"]
    suites = {"mujoco": {"tasks": ["own-mine"], "artifacts": artifacts}}
    config = tiny(clone, suites=suites)
    output = snakemake(clone, "all_mujoco", config=config, check=False)
    log = (clone / "logs/tiny/evaluate/own-mine/dense/100/bc/0.log").read_text()
    assert "An id in a file imports no code" in log + output
    config = tiny(clone, suites=suites, environment_modules=["own"])
    snakemake(clone, "all_mujoco", config=config)
    record = clone / "results/tiny/runs/own-mine/dense/100/uniform/0/result.json"
    protocol = json.loads(record.read_text())["protocol"]
    assert protocol["environment"] == 'own:own/Own-v0 {"rescale_actions": true}'
    assert (
        "No other implementation publishes" in (clone / "reports/tiny/mujoco/peers.md").read_text()
    )


def test_every_suite_has_a_target(clone):
    suite = {
        "tasks": ["hopper-medium"],
        "methods": ["uniform"],
        "rewards": ["dense"],
        "data_percents": [100],
        "seeds": [0],
    }
    config = tiny(clone, suites={"other": suite})
    planned = jobs(snakemake(clone, "all_other", "--dry-run", config=config))
    assert planned["train"] == 1
    assert planned["data_summary"] == 1


def test_a_domain_without_behaviour_policies_is_named(clone):
    shutil.rmtree(clone / "bench/behaviours/zoo/hopper")
    output = snakemake(clone, "all_mujoco", "--dry-run", config=tiny(clone), check=False)
    assert "no behaviour policies for hopper-medium" in output
    assert "bench behaviours train hopper" in output
    assert "Traceback" not in output
