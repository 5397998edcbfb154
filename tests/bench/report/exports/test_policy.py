"""A trained DT as Hugging Face's model, against transformers itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.methods.loader import load_method
from bench.report.exports import policy as exported
from bench.runs.identity import Identity
from bench.runs.policies import POLICY
from bench.runs.train import train_run
from dt.windows import STD_FLOOR
from tests.helpers.discrete import make_choices
from tests.helpers.runs import run_folder

SMALL = {"context_length": 4, "layers": 2, "heads": 2, "width": 16, "batch_size": 8}


def trained(
    root: Path, data: Trajectories, module: str = "dt", task: str = "hopper-medium", **options: Any
) -> Path:
    storage.save(data, root / "data", {"task": task, "source": "generated"})
    run = root / Identity("tiny", task, "dense", 100, module, 0).folder()
    own = SMALL | options if module == "dt" else options
    train_run(run, root / "data", module, own, 20, (), "cpu")
    return run


def theirs(folder: Path) -> Any:
    """Return their model; every weight of it must come from the file, and every weight of the file be used."""
    from transformers import DecisionTransformerModel

    with torch.random.fork_rng(devices=[]):
        model, info = DecisionTransformerModel.from_pretrained(folder, output_loading_info=True)
    assert not any(info[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    return model.eval()


@torch.no_grad()
def prediction(model: Any, policy: Any, discrete: bool) -> torch.Tensor:
    """Return their last output for the window that our policy sees now, (L, act)."""
    returns, states, actions, steps = policy.window()
    if discrete:
        actions = torch.nn.functional.one_hot(actions, model.config.act_dim).float()
    return model(
        states=states,
        actions=actions,
        returns_to_go=returns[..., None],
        timesteps=steps,
        attention_mask=torch.ones_like(steps),
    ).action_preds[:, -1]


@pytest.mark.parametrize("discrete", [False, True], ids=["vectors", "discrete"])
def test_outputs_are_equal_step_by_step(
    discrete: bool, hopper_like: Trajectories, tmp_path: Path
) -> None:
    """Over episodes longer than the context, with rewards that lower the return-to-go."""
    data = make_choices() if discrete else hopper_like
    task = "key_to_door-1k" if discrete else "hopper-medium"
    run = trained(tmp_path, data, task=task)
    exported.export(run, tmp_path / "out")
    model, policy = theirs(tmp_path / "out"), load_method("dt").load(run / POLICY, "cpu")
    random = np.random.default_rng(0)
    policy.reset(np.arange(3), np.array([3600.0, 0.0, -5.0], dtype=np.float32))
    pairs: list[tuple[torch.Tensor, torch.Tensor]] = []
    predict = policy.predict

    def noted() -> torch.Tensor:
        pairs.append((predict(), prediction(model, policy, discrete)))
        return pairs[-1][0]

    policy.predict = noted
    for _ in range(7):
        shape = (3, *data.observations.shape[1:])
        observed = random.normal(2, 3, shape).astype(data.observations.dtype)
        policy.act(observed, random.normal(0, 1, 3).astype(np.float32))
    for ours, other in pairs:
        torch.testing.assert_close(ours, other, rtol=0, atol=1e-5)
    spread = torch.stack([ours for ours, _ in pairs]).std()
    assert spread > 1e-2, "the two agree on something that says nothing"


def test_next_states_and_returns_are_equal(hopper_like: Trajectories, tmp_path: Path) -> None:
    run = trained(tmp_path, hopper_like, predict="all")
    exported.export(run, tmp_path / "out")
    model, policy = theirs(tmp_path / "out"), load_method("dt").load(run / POLICY, "cpu")
    policy.model.eval()
    generator = torch.Generator().manual_seed(0)
    returns, states, actions = (
        torch.randn(2, 4, *size, generator=generator) for size in ((), (11,), (3,))
    )
    steps = torch.arange(5, 9).expand(2, -1)
    with torch.no_grad():
        ours = policy.model.predict_all(returns, states, actions, steps)
        other = model(
            states=states,
            actions=actions,
            returns_to_go=returns[..., None],
            timesteps=steps,
            attention_mask=torch.ones_like(steps),
        )
    found = (other.action_preds, other.state_preds, other.return_preds[..., 0])
    for mine, their in zip(ours, found, strict=True):
        torch.testing.assert_close(mine, their, rtol=0, atol=1e-5)


def test_the_code_of_the_card_acts_as_the_policy_does(
    hopper_like: Trajectories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(tmp_path, hopper_like)
    exported.export(run, tmp_path / "out")
    card = (tmp_path / "out/README.md").read_text()
    names: dict[str, Any] = {}
    monkeypatch.chdir(tmp_path / "out")
    exec(card.split("```python\n")[1].split("```")[0], names)
    policy = load_method("dt").load(run / POLICY, "cpu")
    policy.reset(np.zeros(1, dtype=np.int64), np.array([3600.0], dtype=np.float32))
    random, observations, actions, rewards = np.random.default_rng(1), [], [], [0.0]
    for _ in range(6):
        observations.append(random.normal(2, 3, 11).astype(np.float32))
        [action] = policy.act(observations[-1][None], np.array(rewards[-1:], dtype=np.float32))
        np.testing.assert_allclose(
            names["act"](observations, actions, rewards[1:]), action, atol=1e-5
        )
        actions.append(action)
        rewards.append(float(random.normal()))


def test_the_standard_deviation_has_the_floor_of_dt(
    hopper_like: Trajectories, tmp_path: Path
) -> None:
    """A number of the observation that never changes: DT divides by 1e-6."""
    still = hopper_like.observations.copy()
    still[:, 0] = 3.0
    std = hopper_like.observation_std.copy()
    std[0] = 0
    run = trained(tmp_path, replace(hopper_like, observations=still, observation_std=std))
    exported.export(run, tmp_path / "out")
    about = json.loads((tmp_path / "out/normalisation.json").read_text())
    assert about["state_std"][0] == pytest.approx(1e-6)
    assert about["state_std"][1:] == pytest.approx((std[1:] + np.float32(1e-6)).tolist())


def test_the_files_and_what_they_say(hopper_like: Trajectories, tmp_path: Path) -> None:
    run = trained(tmp_path, hopper_like)
    line = exported.export(run, tmp_path / "out")
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"config.json", "model.safetensors", "normalisation.json", "README.md"}
    facts = json.loads((tmp_path / "out/normalisation.json").read_text())
    np.testing.assert_array_equal(facts["state_mean"], hopper_like.observation_mean)
    np.testing.assert_allclose(facts["state_std"], hopper_like.observation_std + 1e-6, rtol=1e-6)
    assert (facts["target_return"], facts["return_scale"], facts["context_length"]) == (
        3600,
        1000,
        4,
    )
    weights = sum(array.size for array in load_file(run / POLICY).values()) - 2 * 11
    unused = 16 * 11 + 11 + 16 + 1  # their heads of states and returns, all zeros
    assert f"with {weights + unused:,} weights" in line
    card = (tmp_path / "out/README.md").read_text()
    assert card.startswith("---\nlibrary_name: transformers\n")
    assert "| score | not evaluated |" in card


def test_the_target_is_the_one_that_the_run_was_evaluated_at(
    hopper_like: Trajectories, tmp_path: Path
) -> None:
    exported.export(trained(tmp_path, hopper_like, target_return=50.0), tmp_path / "out")
    assert json.loads((tmp_path / "out/normalisation.json").read_text())["target_return"] == 50
    assert "| target return | 50, raw" in (tmp_path / "out/README.md").read_text()


def test_the_floor_is_that_of_dt() -> None:
    assert exported.STD_FLOOR == STD_FLOOR


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"time_embedding": "concatenate"}, 'time_embedding "concatenate"'),
        ({"embedding_order": "norm_then_add"}, 'embedding_order "norm_then_add"'),
        ({"discount": 0.95}, "discount 0.95"),
        ({"target_follows": "time"}, 'target_follows "time"'),
    ],
)
def test_a_variant_that_is_another_network_is_refused_by_name(
    options: dict[str, Any], named: str, hopper_like: Trajectories, tmp_path: Path
) -> None:
    run = trained(tmp_path, hopper_like, **options)
    with pytest.raises(ValueError, match=f"DT with {named} has no counterpart"):
        exported.export(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_method_is_refused_by_name(hopper_like: Trajectories, tmp_path: Path) -> None:
    run = trained(tmp_path, hopper_like, module="bc", width=16)
    with pytest.raises(ValueError, match="its method is bc, and only dt"):
        exported.export(run, tmp_path / "out")


@pytest.mark.parametrize("module", ["dt_atari", "dt_graph"])
def test_transformers_of_frames_and_graphs_are_refused_by_name(module: str) -> None:
    with pytest.raises(ValueError, match=f"its method is {module}, and only dt"):
        exported.check_exportable(Path("run"), module, {})


def test_a_critic_is_refused_by_name() -> None:
    config = {name: values[0] for name, values in exported.EXPORTABLE.items()}
    with pytest.raises(ValueError, match='predict "returns"'):
        exported.check_exportable(Path("run"), "dt", config | {"predict": "returns"})


def test_a_run_that_was_not_trained_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no training\.json"):
        exported.export(run_folder(tmp_path), tmp_path / "out")


def test_a_changed_policy_is_refused(hopper_like: Trajectories, tmp_path: Path) -> None:
    from bench.core.files import DamagedFile

    run = trained(tmp_path, replace(hopper_like))
    with (run / POLICY).open("ab") as file:
        file.write(b"0")
    with pytest.raises(DamagedFile, match="is not the one that was trained"):
        exported.export(run, tmp_path / "out")
