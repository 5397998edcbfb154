"""Train an agent of an Atari game online (bench/behaviours/ppo.py) and keep it every few thousand
steps.

Every random number is drawn with a seed that depends on the training and the number of the update
alone, and all games begin anew whenever the state is saved: a training that was stopped goes on
from there to the same bytes as one that was not.
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

from bench.behaviours.atari_agent import Reading
from bench.behaviours.atari_games import Games
from bench.behaviours.log import LOG, forget_after
from bench.behaviours.ppo import Learner, Settings
from bench.core.files import DamagedFile, read_json, replacing, write_json
from bench.core.seeds import derive, generator
from bench.environments import atari
from bench.environments.vector import simulators

# after which the shipped policies of a game were trained
STEPS = {"breakout": 4_000_000, "qbert": 2_000_000, "pong": 2_500_000, "seaquest": 1_500_000}
SAVE_EVERY = 200  # updates
PROBE = 1_000  # random steps in each env, from which the scales of the inputs are taken
RECENT = 100  # games whose mean score is logged
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
    """Train on a game; write agents, log and state below `out`.

    Writes `actors/<step>.safetensors` at the start, every `keep_every` steps and at the end,
    `progress.jsonl` with the mean raw score of the last games, and `state.safetensors` every
    `save_every` updates. Started again with the same `out` it goes on from the last state, to the
    same bytes.

    Args:
        game: one of the suite's.
        out: folder of this training.
        steps: environment steps; the learning rate falls to 0 over them.
        seed: another seed gives another training.
        keep_every: steps between two kept agents.
        save_every: updates between two states; part of the training, as games then begin anew.
        options: `Settings` other than the usual ones.

    Raises:
        UnknownEnvironment: there is no such game here.
        ValueError: `out` holds another training, `steps` are less than an update, or there is no
            such option.
        DamagedFile: the saved state is damaged.
    """
    if unknown := sorted(set(options) - set(vars(Settings()))):
        raise ValueError(
            f"PPO takes no option {', '.join(unknown)}; known: {', '.join(vars(Settings()))}"
        )
    settings = Settings(**options)
    updates = steps // settings.steps
    if updates < 1:
        raise ValueError(f"{steps} steps are less than the {settings.steps} of an update")
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
    games = Games(game, settings.num_envs)
    reading = _probe(games, *names)
    learner = Learner(reading, games.consoles.n_actions, settings, derive(*names, "weights"))
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
        played, over = learner.play(games, random)
        scores += over
        learner.update(played, settings.rate * (1 - update / updates), random)
        step = (update + 1) * settings.steps
        if step % keep_every < settings.steps or update + 1 == updates:
            learner.agent().save(_kept(out, step))
            rate = (update + 1 - first) * settings.steps / (time.perf_counter() - began)
            _log(out, step, scores, rate)
            left = (updates - update - 1) * settings.steps / rate / 60
            print(f"{game} ppo step {step:,}/{steps:,} about {left:.0f} min left", flush=True)
    _save(learner, scores, updates, out)


def _identify(out: Path, identity: dict[str, Any]) -> None:
    """Refuse a folder that holds another training; else say what this one is."""
    known = out / "identity.json"
    if known.exists():
        held = read_json(known)
        if {name: held.get(name) for name in identity} != identity:
            raise ValueError(f"{out} holds another training ({held}); choose another folder")
    libraries = {
        name: version(name) for name in ("torch", "numpy", *simulators(identity["environment"]))
    }
    write_json(known, identity | {"libraries": libraries})


def _probe(games: Games, *names: str | int) -> Reading:
    """Play at random and take the scales of the inputs from it."""
    games.restart(*names, "probe")
    random = generator(*names, "probe")
    consoles = games.consoles
    memory = np.empty((PROBE, consoles.num_envs, atari.RAM), dtype=np.uint8)
    before = np.empty_like(memory)
    for step in range(PROBE):
        memory[step], before[step] = consoles.memory, consoles.before
        games.step(random.integers(consoles.n_actions, size=consoles.num_envs))
    # (T, L, 128) -> (T * L, 128)
    return Reading.fit(memory.reshape(-1, atari.RAM), before.reshape(-1, atari.RAM))


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
    """Put the saved state back, if there is one; return how many updates are behind it."""
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
