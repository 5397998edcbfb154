"""A trained Decision Transformer as a folder that Hugging Face's `DecisionTransformerModel.from_pretrained` reads:
config.json, model.safetensors, normalisation.json, and a model card.

The two networks compute the same function (tests/dt/test_model.py); here the weights get the other's names. Nothing is
imported of either network.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from bench.core.files import replacing, write_json, write_text
from bench.datasets.trajectories import F32
from bench.methods.policy_file import Arrays, below, read_tensors
from bench.report.exports.policy_card import card
from bench.runs.evaluate import checked_training
from bench.runs.identity import identity_of
from bench.runs.policies import POLICY
from bench.tasks.registry import task_by_name

STD_FLOOR = 1e-6  # dt/windows.py: added to the standard deviation of observations
POSITIONS = (
    1024  # of their table of positions, which is all zeros here: positions come from time steps
)
# option of DT -> its values whose network, or whose way of asking for a return, is another one there
EXPORTABLE: dict[str, tuple[Any, ...]] = {
    "predict": ("actions", "all"),
    "time_embedding": ("add",),
    "embedding_order": ("add_then_norm",),
    "discount": (1.0,),
    "target_follows": ("auto", "rewards"),
}
NAMES = {  # theirs -> ours, without the blocks
    "embed_return": "embed_return",
    "embed_state": "embed_state",
    "embed_ln": "embed_norm",
    "encoder.ln_f": "transformer.final_norm",
    "predict_action.0": "predict_action",
}
BLOCK = {  # theirs -> ours, and whether theirs is (in, out) where ours is (out, in)
    "ln_1": ("norm1", False),
    "ln_2": ("norm2", False),
    "attn.c_attn": ("attention.qkv", True),
    "attn.c_proj": ("attention.project", True),
    "mlp.c_fc": ("mlp.fc1", True),
    "mlp.c_proj": ("mlp.fc2", True),
}


def export(run: Path, folder: Path) -> str:
    """Write the policy of a run.

    Args:
        run: the folder of the run.
        folder: is created; files of the four names are replaced.

    Returns:
        A line that says what was written.

    Raises:
        FileNotFoundError: the run was not trained.
        ValueError: the policy is of another method, or of a variant of DT that their model cannot compute.
        DamagedFile: the policy is damaged.
        DiskFull: no space is left.
    """
    training = checked_training(run)
    check_exportable(run, training["module"], training["config"])
    tensors, about = read_tensors(run / POLICY, method="dt")
    arrays = renamed(below("model.", tensors), about["config"], discrete="discrete" in about)
    config = config_of(arrays, about)
    task = task_by_name(training["identity"]["task"], described=training["task"])
    own = training["config"]["target_return"]
    facts = {
        "task": task.name,
        "environment": task.domain.environment,
        "context_length": about["config"]["context_length"],
        "return_scale": about["return_scale"],
        "target_return": task.domain.target_return if own is None else own,
        "discrete_actions": not config["action_tanh"],
        "state_mean": tensors["mean"].tolist(),
        "state_std": (tensors["std"] + np.float32(STD_FLOOR)).tolist(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "model.safetensors") as temporary:
        save_file(arrays, temporary, metadata={"format": "pt"})
    write_json(folder / "config.json", config)
    write_json(folder / "normalisation.json", facts)
    write_text(folder / "README.md", card(run, identity_of(run.absolute()), training, facts))
    size = sum(array.size for name, array in arrays.items() if not name.startswith("encoder.w"))
    return f"{folder}: DecisionTransformerModel with {size:,} weights, of {run}"


def check_exportable(run: Path, module: str, config: dict[str, Any]) -> None:
    """Refuse a policy that Hugging Face's model cannot compute.

    Raises:
        ValueError: names the method, or the option and its value.
    """
    if module != "dt":
        raise ValueError(
            f"{run}: its method is {module}, and only dt, Decision Transformer on vectors, is Hugging Face's "
            "DecisionTransformerModel"
        )
    for option, values in EXPORTABLE.items():
        if config[option] not in values:
            raise ValueError(
                f"{run}: DT with {option} {json.dumps(config[option])} has no counterpart in Hugging Face's "
                f"DecisionTransformerModel, which has {' or '.join(map(json.dumps, values))}"
            )


def renamed(weights: Arrays, config: dict[str, Any], *, discrete: bool) -> dict[str, NDArray[Any]]:
    """Return the weights of DT under the names of `DecisionTransformerModel`.

    Discrete actions become one-hot vectors there: the embedding of action a is column a of a linear layer without
    bias. Heads that were not trained are zeros.

    Args:
        weights: of `dt.model.DecisionTransformer`.
        config: of DT.
        discrete: whether actions are discrete.
    """
    width, observation_size = weights["embed_state.weight"].shape
    arrays: dict[str, NDArray[Any]] = {
        "embed_timestep.weight": weights["embed_timestep.weight"],
        "encoder.wpe.weight": _zeros(max(POSITIONS, 3 * config["context_length"]), width),
        "encoder.wte.weight": _zeros(1, width),
    }
    for theirs, ours in NAMES.items():
        arrays |= _layer(weights, theirs, ours)
    for index in range(config["layers"]):
        for part, (ours, turned) in BLOCK.items():
            place = f"encoder.h.{index}.{part}"
            arrays |= _layer(weights, place, f"transformer.blocks.{index}.{ours}", turned)
    if discrete:
        arrays["embed_action.weight"] = weights["embed_action.weight"].T
        arrays["embed_action.bias"] = _zeros(width)
    else:
        arrays |= _layer(weights, "embed_action", "embed_action")
    for head, size in (("predict_state", observation_size), ("predict_return", 1)):
        if config["predict"] == "all":
            arrays |= _layer(weights, head, head)
        else:
            arrays |= {f"{head}.weight": _zeros(size, width), f"{head}.bias": _zeros(size)}
    return {name: np.ascontiguousarray(array) for name, array in sorted(arrays.items())}


def _layer(
    weights: Arrays, theirs: str, ours: str, turned: bool = False
) -> dict[str, NDArray[Any]]:
    weight = weights[f"{ours}.weight"]
    return {
        f"{theirs}.weight": weight.T if turned else weight,
        f"{theirs}.bias": weights[f"{ours}.bias"],
    }


def _zeros(*shape: int) -> F32:
    return np.zeros(shape, dtype=np.float32)


def config_of(arrays: dict[str, NDArray[Any]], about: dict[str, Any]) -> dict[str, Any]:
    """Return the content of config.json.

    Args:
        arrays: as `renamed` returns them.
        about: what the policy's file says of itself.
    """
    config = about["config"]
    width, observation_size = arrays["embed_state.weight"].shape
    return {
        "architectures": ["DecisionTransformerModel"],
        "model_type": "decision_transformer",
        "state_dim": observation_size,
        "act_dim": arrays["predict_action.0.weight"].shape[0],
        "max_ep_len": about["horizon"],
        "action_tanh": "discrete" not in about,
        "hidden_size": width,
        "n_layer": config["layers"],
        "n_head": config["heads"],
        "n_inner": 4 * width,
        "n_positions": arrays["encoder.wpe.weight"].shape[0],
        "vocab_size": 1,
        "activation_function": "relu",
        "layer_norm_epsilon": 1e-5,
        "resid_pdrop": config["dropout"],
        "embd_pdrop": config["dropout"],
        "attn_pdrop": config["dropout"],
        "torch_dtype": "float32",
    }
