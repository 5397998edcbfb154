"""Train a MuJoCo behaviour policy online, with Stable-Baselines3 in JAX (the optional extra `behaviours`).

A snapshot of the actor is kept every few thousand steps, so that the zoo can later choose snapshots by their returns
(bench/behaviours/zoo.py). The state of the training is saved too, so that a killed training resumes from it. The state
consists of arrays, without pickle.
"""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from bench.behaviours.actor import Actor
from bench.behaviours.log import LOG, forget_after
from bench.core.files import read_json, replacing, write_json
from bench.environments.vector import make

LIBRARIES = ("sbx-rl", "stable-baselines3", "jax", "gymnasium", "mujoco", "numpy")
BURST = 8  # environment steps, and then updates, in a row: one compiled call instead of eight
BUFFER = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


def train_online(
    environment: str,
    out: Path,
    *,
    algorithm: str = "tqc",
    steps: int = 400_000,
    seed: int = 0,
    keep_every: int = 2_000,
    save_every: int = 40_000,
    options: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Train a policy on a Gymnasium environment. Write snapshots, a log and the state below `out`.

    `actors/<step>.safetensors` is written every `keep_every` steps. `state/` is written every `save_every` steps,
    and at the end. `progress.jsonl` holds the returns of the training. A second call with the same `out` resumes
    from the last state, in a new episode. The weights then differ from those of a training without a stop, so
    `identity.json` lists the steps of all stops. A call with more `steps` continues a finished training.

    Args:
        environment: Gymnasium id.
        out: folder of this training.
        algorithm: tqc or sac.
        steps: environment steps.
        seed: another seed gives another training.
        keep_every: steps between two snapshots.
        save_every: steps between two saved states.
        options: options of sbx's algorithm. For HalfCheetah, TQC without dropped quantiles is suitable:
            `{"top_quantiles_to_drop_per_net": 0}` (Kuznetsov et al. 2020, environment-dependent hyperparameters).

    Raises:
        ModuleNotFoundError: the extra `behaviours` is not installed.
        ValueError: `out` holds the training of another environment, algorithm, seed or options, or the algorithm has
            no such option.
    """
    try:
        import sbx
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "training behaviour policies needs the optional extra `behaviours`: run `make behaviours`"
        ) from error
    from stable_baselines3.common.callbacks import BaseCallback

    identity = {"environment": environment, "algorithm": algorithm, "seed": seed}
    identity |= {"options": dict(options)} if options else {}
    known = out / "identity.json"
    if (
        known.exists()
        and {key: value for key, value in read_json(known).items() if key in (*identity, "options")}
        != identity
    ):
        raise ValueError(
            f"{out} holds another training ({read_json(known)}); choose another folder"
        )
    (out / "actors").mkdir(parents=True, exist_ok=True)

    kind = {"tqc": sbx.TQC, "sac": sbx.SAC}[algorithm]
    settings = {
        "seed": seed,
        "train_freq": BURST,
        "gradient_steps": BURST,
        "learning_starts": 5_000,
        # a call may end up to a burst late, and a full buffer could not be prolonged
        "buffer_size": max(steps, _steps_of(out / "state"), 1_000) + BURST,
    }
    allowed = set(inspect.signature(kind).parameters) - set(settings) - {"policy", "env"}
    if unknown := sorted(set(options) - allowed):
        raise ValueError(
            f"{algorithm.upper()} takes no option {', '.join(unknown)}; known: {', '.join(sorted(allowed))}"
        )
    model = kind("MlpPolicy", make(environment), **settings, **options)
    resumed = _restore(model, out / "state")
    breaks = read_json(known).get("resumed_at", []) if known.exists() else []
    if resumed and model.num_timesteps < steps:
        forget_after(model.num_timesteps, out)
        breaks.append(model.num_timesteps)
    libraries = {name: version(name) for name in LIBRARIES}
    write_json(
        known,
        identity | {"libraries": libraries, "burst": BURST, "resumed_at": sorted(set(breaks))},
    )

    class Keeper(BaseCallback):  # type: ignore[misc]
        """Keep snapshots, print the progress, and save the state."""

        def __init__(self) -> None:
            super().__init__()
            self.start, self.first = time.perf_counter(), model.num_timesteps

        def _on_step(self) -> bool:
            step = self.num_timesteps
            if step % keep_every == 0:
                _actor_of(model).save(out / "actors" / f"{step:07d}.safetensors")
                returns = [episode["r"] for episode in model.ep_info_buffer]
                rate = (step - self.first) / (time.perf_counter() - self.start)
                line = {
                    "step": step,
                    "training_return": round(float(np.mean(returns)), 1) if returns else None,
                    "steps_per_second": round(rate, 1),
                }
                with (out / LOG).open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
                left = (steps - step) / max(rate, 1e-9)
                print(
                    f"{environment} {algorithm} step {step}/{steps} {line} about {left / 60:.0f} min left",
                    flush=True,
                )
            if step % save_every == 0:
                _save(model, out / "state")
            return True

    if model.num_timesteps < steps:
        model.learn(  # the remaining steps
            steps - model.num_timesteps,
            callback=Keeper(),
            reset_num_timesteps=not resumed,
            log_interval=None,
        )
        _save(model, out / "state")


def _steps_of(folder: Path) -> int:
    if not (folder / "state.npz").exists():
        return 0
    with np.load(folder / "state.npz", allow_pickle=False) as saved:
        return int(saved["num_timesteps"])


def _actor_of(model: Any) -> Actor:
    layers = model.policy.actor_state.params["params"]
    names = sorted(layers, key=lambda name: int(name.rsplit("_", 1)[1]))
    pairs = [
        (np.asarray(layers[name]["kernel"]), np.asarray(layers[name]["bias"])) for name in names
    ]
    return Actor(hidden=tuple(pairs[:-2]), mean=pairs[-2], log_std=pairs[-1])


def _states(model: Any) -> dict[str, Any]:
    policy = model.policy
    names = [
        name
        for name in ("actor_state", "qf1_state", "qf2_state", "qf_state")
        if hasattr(policy, name)
    ]
    return {name: getattr(policy, name) for name in names} | {
        "ent_coef_state": model.ent_coef_state
    }


def _save(model: Any, folder: Path) -> None:
    import jax

    leaves = {
        f"{name}.{index:03d}": np.asarray(leaf)
        for name, state in _states(model).items()
        for index, leaf in enumerate(jax.tree.leaves(state))
    }
    leaves["key"], leaves["policy_key"] = np.asarray(model.key), np.asarray(model.policy.key)
    buffer = model.replay_buffer
    filled = buffer.buffer_size if buffer.full else buffer.pos
    arrays = {f"buffer.{name}": getattr(buffer, name)[:filled] for name in BUFFER}
    with replacing(folder / "state.npz") as temporary, temporary.open("wb") as file:
        numbers = {
            "num_timesteps": model.num_timesteps,
            "n_updates": model._n_updates,
            "position": buffer.pos,
            "full": buffer.full,
        }
        everything: dict[str, Any] = leaves | arrays | numbers
        np.savez(file, **everything)


def _restore(model: Any, folder: Path) -> bool:
    """Restore the saved state of `model`; a new episode starts. Return whether there is a saved state."""
    import jax

    if not (folder / "state.npz").exists():
        return False
    with np.load(folder / "state.npz", allow_pickle=False) as saved:
        for name, state in _states(model).items():
            leaves, structure = jax.tree.flatten(state)
            values = [
                jax.numpy.asarray(saved[f"{name}.{index:03d}"])
                if hasattr(leaf, "shape")
                else saved[f"{name}.{index:03d}"].item()
                for index, leaf in enumerate(leaves)
            ]
            owner = model if name == "ent_coef_state" else model.policy
            setattr(owner, name, jax.tree.unflatten(structure, values))
        model.key, model.policy.key = (
            jax.numpy.asarray(saved["key"]),
            jax.numpy.asarray(saved["policy_key"]),
        )
        model.num_timesteps, model._n_updates = int(saved["num_timesteps"]), int(saved["n_updates"])
        buffer, filled = model.replay_buffer, len(saved["buffer.rewards"])
        for name in BUFFER:
            getattr(buffer, name)[:filled] = saved[f"buffer.{name}"]
        buffer.pos, buffer.full = int(saved["position"]), bool(saved["full"])
    return True
