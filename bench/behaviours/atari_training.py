"""Train an agent of an Atari game online (bench/behaviours/ppo.py), and keep a snapshot every few thousand steps.

The seed of every random number depends only on the training and on the number of the update. All games start again
whenever the state is saved. A training that was stopped therefore ends with the same bytes as one without a stop.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from bench.behaviours.atari_agent import RamEncoder
from bench.behaviours.atari_games import AutoResetEnvs
from bench.behaviours.log import LOG, forget_after
from bench.behaviours.ppo import Learner, Settings
from bench.core.files import DamagedFile, read_json, replacing, write_json
from bench.core.seeds import derive, generator
from bench.environments import atari
from bench.environments.vector import simulators

# training steps of the committed policies of each game
STEPS = {"breakout": 4_000_000, "qbert": 2_000_000, "pong": 2_500_000, "seaquest": 1_500_000}
SAVE_EVERY = 200  # updates
RANDOM_STEPS = 1_000  # random steps in each env, for the scales of the inputs
RECENT = 100  # number of last games in the logged mean score
STATE = "state.safetensors"


def train_agent(
    game: str,
    out: Path,
    *,
    steps: int,
    seed: int = 0,
    keep_every: int = 50_000,
    save_every: int = SAVE_EVERY,
    options: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Train on a game. Write snapshots, a log and the state below `out`.

    `actors/<step>.safetensors` is written at the start, every `keep_every` steps, and at the end. `progress.jsonl`
    holds the mean raw score of the last games. `state.safetensors` is written every `save_every` updates. A second
    call with the same `out` resumes from the last state and gives the same bytes.

    Args:
        game: a game of the suite.
        out: folder of this training.
        steps: environment steps; the learning rate falls to 0 over them.
        seed: another seed gives another training.
        keep_every: steps between two snapshots.
        save_every: updates between two saved states. It changes the training, because games start again there.
        options: values of `Settings` that differ from the defaults.

    Raises:
        UnknownEnvironment: the game is unknown, or its ROM or ale-py is missing.
        ValueError: `out` holds another training, `steps` is less than the steps of an update, or an option is
            unknown.
        DamagedFile: the saved state is damaged.
    """
    if unknown := sorted(set(options) - set(vars(Settings()))):
        raise ValueError(
            f"PPO takes no option {', '.join(unknown)}; known: {', '.join(vars(Settings()))}"
        )
    settings = Settings(**options)
    updates = steps // settings.steps
    if updates < 1:
        raise ValueError(
            f"{steps} steps are too few: an update has {settings.steps} steps, so give at least as many"
        )
    identity = {
        "environment": atari.own_id(game),
        "algorithm": "ppo",
        "steps": steps,
        "seed": seed,
        "settings": vars(settings),
        "save_every": save_every,
    }
    _identify(out, identity)
    torch.set_num_threads(1)
    names = ("ppo", game, seed)
    games = AutoResetEnvs(game, settings.num_envs)
    encoder = _random_play_encoder(games, *names)
    learner = Learner(encoder, games.envs.n_actions, settings, derive(*names, "weights"))
    scores: deque[float] = deque(maxlen=RECENT)
    first = _restore(learner, scores, out)
    forget_after(first * settings.steps if first else -1, out)
    if first == 0:
        learner.agent().save(_kept(out, 0))
    began = time.perf_counter()
    for update in range(first, updates):
        if update % save_every == 0:
            if update > first:
                _save(learner, scores, update, out)
            games.restart(*names, update)
        random = generator(*names, "update", update)
        rollout, over = learner.play(games, random)
        scores += over
        learner.update(rollout, settings.rate * (1 - update / updates), random)
        step = (update + 1) * settings.steps
        if step % keep_every < settings.steps or update + 1 == updates:
            learner.agent().save(_kept(out, step))
            rate = (update + 1 - first) * settings.steps / (time.perf_counter() - began)
            _log(out, step, scores, rate)
            left = (updates - update - 1) * settings.steps / rate / 60
            print(f"{game} ppo step {step:,}/{steps:,} about {left:.0f} min left", flush=True)
    _save(learner, scores, updates, out)


def _identify(out: Path, identity: dict[str, Any]) -> None:
    """Refuse a folder that holds another training. Otherwise write the identity of this training."""
    known = out / "identity.json"
    if known.exists():
        held = read_json(known)
        if {name: held.get(name) for name in identity} != identity:
            raise ValueError(f"{out} holds another training ({held}); choose another folder")
    libraries = {
        name: version(name) for name in ("torch", "numpy", *simulators(identity["environment"]))
    }
    write_json(known, identity | {"libraries": libraries})


def _random_play_encoder(games: AutoResetEnvs, *names: str | int) -> RamEncoder:
    """Return an encoder whose scales come from random play."""
    games.restart(*names, "probe")
    random = generator(*names, "probe")
    envs = games.envs
    memory = np.empty((RANDOM_STEPS, envs.num_envs, atari.RAM), dtype=np.uint8)
    before = np.empty_like(memory)
    for step in range(RANDOM_STEPS):
        memory[step], before[step] = envs.memory, envs.before
        games.step(random.integers(envs.n_actions, size=envs.num_envs))
    # (T, L, 128) -> (T * L, 128)
    return RamEncoder.fit(memory.reshape(-1, atari.RAM), before.reshape(-1, atari.RAM))


def _kept(out: Path, step: int) -> Path:
    return out / "actors" / f"{step:09d}.safetensors"


def _log(out: Path, step: int, scores: deque[float], rate: float) -> None:
    line = {
        "step": step,
        "training_return": round(float(np.mean(scores)), 2) if scores else None,
        "steps_per_second": round(rate),
    }
    with (out / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _save(learner: Learner, scores: deque[float], update: int, out: Path) -> None:
    arrays = learner.state() | {"update": np.array([update]), "scores": np.array(scores, "f8")}
    with replacing(out / STATE) as temporary:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, temporary)


def _restore(learner: Learner, scores: deque[float], out: Path) -> int:
    """Restore the saved state. Return its number of updates, or 0 if there is no saved state."""
    path = out / STATE
    if not path.exists():
        return 0
    try:
        saved = load_file(path)
        learner.restore(saved)
        scores.extend(saved["scores"].tolist())
        return int(saved["update"][0])
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise DamagedFile(
            f"{path} is damaged ({error}); remove it to train from the start again"
        ) from error
