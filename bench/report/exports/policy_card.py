"""The model card of an exported Decision Transformer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from bench.report.artifact import markdown_text
from bench.runs import record
from bench.runs.identity import RESULT, Identity
from bench.tasks.registry import task_by_name

USE = """import json

import numpy as np
import torch
from transformers import DecisionTransformerModel

folder = "."
model = DecisionTransformerModel.from_pretrained(folder).eval()
about = json.load(open(f"{folder}/normalisation.json"))
mean, std = np.array(about["state_mean"]), np.array(about["state_std"])


@torch.no_grad()
def act(observations, actions, rewards, target=about["target_return"]):
    \"\"\"Return the next action after t steps: (t + 1, obs), (t, act), (t,), oldest first.\"\"\"
    steps, latest = len(observations), slice(-about["context_length"], None)
    known = np.zeros((steps, model.config.act_dim))
    if actions:
        known[:-1] = np.eye(model.config.act_dim)[actions] if about["discrete_actions"] else actions
    to_go = (target - np.cumsum([0.0, *rewards])) / about["return_scale"]
    as_window = lambda array: torch.tensor(np.asarray(array), dtype=torch.float32)[None, latest]
    predicted = model(
        states=as_window((np.reshape(observations, (steps, -1)) - mean) / std),
        actions=as_window(known),
        returns_to_go=as_window(to_go)[..., None],
        timesteps=torch.arange(steps)[None, latest],
        attention_mask=torch.ones(1, min(steps, about["context_length"]), dtype=torch.long),
    ).action_preds[0, -1]
    return predicted.numpy()
"""


def card(run: Path, identity: Identity, training: dict[str, Any], facts: dict[str, Any]) -> str:
    """Return the card, in Markdown.

    Args:
        run: the folder of the run.
        identity: of the run.
        training: its `training.json`.
        facts: the content of normalisation.json.
    """
    kind = "logits of the actions" if facts["discrete_actions"] else "the action, in [-1, 1]"
    config = training["config"]
    scale, method = map(markdown_text, (identity.scale, identity.method))
    lines = [
        "---",
        "library_name: transformers",
        "license: mit",
        "tags: [decision-transformer, offline-reinforcement-learning, reinforcement-learning]",
        "---",
        f"# Decision Transformer, {facts['task']}",
        "",
        f"A Decision Transformer (Chen, Lu et al. 2021, arXiv 2106.01345) for `{facts['environment']}`, exported",
        f"from a run of a benchmark suite: scale {scale}, method {method}, seed {identity.seed}.",
        "",
        "| | |",
        "|---|---|",
        f"| data | {facts['task']}, {identity.data_percent:g} % of the episodes, rewards {identity.reward}, source "
        f"{training['source']} |",
        f"| training | {training['steps']:,} updates of {config['batch_size']} windows |",
        f"| score | {_score(run)} |",
        f"| target return | {facts['target_return']:g}, raw; returns-to-go are divided by {facts['return_scale']:g} |",
        f"| context | {facts['context_length']} steps |",
        f"| output | {kind} |",
        f"| SHA-256 of the policy | `{training['policy']}` |",
        "",
        "## Use",
        "",
        "```python",
        USE + "```",
        "",
        "`observations`, `actions` and `rewards` are lists of one episode so far, raw, as the environment gives them.",
        "The heads `predict_state` and `predict_return` are zeros unless `predict` below is `all`.",
        "Weights are float32." + _precision(config),
        "",
        "## Hyperparameters",
        "",
        "```json",
        json.dumps(config, indent=2, sort_keys=True),
        "```",
        "",
        "## Limits",
        "",
        "It imitates its data, and knows no state that they do not show. A score on generated data says nothing about",
        "the paper's data.",
    ]
    return "\n".join(lines) + "\n"


def _precision(config: dict[str, Any]) -> str:
    """Return what differs from the run if that one computed in another precision."""
    if config.get("precision", "float32") == "float32":
        return ""
    return (
        f" The run itself computed in {config['precision']}, and its score was measured so. In float32 actions differ "
        "by some thousandths, and returns of single episodes may differ."
    )


def _score(run: Path) -> str:
    """Return the score of the run in words."""
    path = run / RESULT
    if not path.exists():
        return "not evaluated"
    result = record.read(path)
    last = next(one for one in result["evaluations"] if one["final"])
    returns = np.asarray(last["returns"], dtype=np.float64)
    domain = task_by_name(
        result["identity"]["task"], described=result["protocol"].get("task")
    ).domain
    score = domain.normalised(float(returns.mean()))
    return f"{score:.1f} normalised, mean return {returns.mean():.1f} of {len(returns)} episodes; one training seed"
