"""Evaluation of 100 Hopper episodes by a DT of the paper's size: all episodes at the same time, compared with one
episode at a time.

The paper's code evaluates one episode at a time. Hugging Face's model represents it, with a window that is padded on
the left and masked at every step. The last layers of all policies are zero. Their actions are therefore zero, and
Hopper falls after the same number of steps.
"""

import numpy as np
import pytest
import torch

from bench.methods.networks import normalise
from bench.runs.rollout import evaluate
from bench.tasks.registry import task_by_name
from dt.method import Config, DecisionTransformerPolicy, build

EPISODES, OBSERVATION, ACTION, K, HORIZON = 100, 11, 3, 20, 1000
MEAN, STD = np.zeros(OBSERVATION, dtype=np.float32), np.ones(OBSERVATION, dtype=np.float32)


def ours(precision):
    config = Config(precision=precision)
    model = build(config, OBSERVATION, ACTION, HORIZON, "cpu")
    torch.nn.init.zeros_(model.predict_action.weight)
    torch.nn.init.zeros_(model.predict_action.bias)
    return DecisionTransformerPolicy(
        model, config, mean=MEAN, std=STD, horizon=HORIZON, return_scale=1000.0, device="cpu"
    )


class HuggingFace:
    """The evaluation loop of the paper's code: one episode, its whole history, and a padded window."""

    def __init__(self):
        from transformers import DecisionTransformerConfig, DecisionTransformerModel

        config = DecisionTransformerConfig(
            state_dim=OBSERVATION,
            act_dim=ACTION,
            hidden_size=128,
            n_layer=3,
            n_head=1,
            max_ep_len=HORIZON,
            activation_function="relu",
        )
        self.model = DecisionTransformerModel(config).eval()
        torch.nn.init.zeros_(self.model.predict_action[0].weight)
        torch.nn.init.zeros_(self.model.predict_action[0].bias)

    def reset(self, seeds, targets):
        self.states = torch.zeros(0, OBSERVATION)
        self.actions = torch.zeros(0, ACTION)
        self.returns_to_go = torch.from_numpy(targets[:1] / 1000).reshape(1, 1)

    @torch.inference_mode()
    def act(self, observations, rewards):
        state = torch.from_numpy(normalise(observations, MEAN, STD, 1e-6))
        self.states = torch.cat([self.states, state])
        self.actions = torch.cat([self.actions, torch.zeros(1, ACTION)])
        if len(self.states) > 1:
            left = self.returns_to_go[-1:] - float(rewards[0]) / 1000
            self.returns_to_go = torch.cat([self.returns_to_go, left])
        steps = len(self.states)
        real = min(steps, K)

        def window(tensor):
            return torch.cat([torch.zeros(K - real, tensor.shape[1]), tensor[-K:]]).unsqueeze(0)

        timesteps = torch.arange(steps - real, steps)
        predicted = self.model(
            states=window(self.states),
            actions=window(self.actions),
            rewards=torch.zeros(1, K, 1),
            returns_to_go=window(self.returns_to_go),
            timesteps=torch.cat([torch.zeros(K - real, dtype=torch.long), timesteps]).unsqueeze(0),
            attention_mask=torch.cat([torch.zeros(K - real), torch.ones(real)]).long().unsqueeze(0),
        ).action_preds[0, -1]
        self.actions[-1] = predicted
        return predicted.numpy()[None]


DECISIONS = 20


@pytest.mark.benchmark(group=f"{DECISIONS} decisions of DT, paper's size, full context")
@pytest.mark.parametrize(
    "subject",
    ["ours bfloat16", "ours float32", "ours bfloat16, one by one", "Hugging Face float32"],
)
def test_acting(benchmark, subject):
    """The policy without an environment. Hugging Face's model acts in one episode at a time."""
    whose, together = subject.split()[0], "one by one" not in subject
    policy = ours(subject.split()[1].strip(",")) if whose == "ours" else HuggingFace()
    envs = DECISIONS if whose == "ours" and together else 1
    observations = np.zeros((envs, OBSERVATION), dtype=np.float32)
    rewards = np.zeros(envs, dtype=np.float32)

    def to_a_full_context():
        policy.reset(np.arange(envs), np.full(envs, 3600, dtype=np.float32))
        for _ in range(K):
            policy.act(observations, rewards)

    def decide():
        for _ in range(DECISIONS // envs):
            policy.act(observations, rewards)

    benchmark.pedantic(decide, setup=to_a_full_context, rounds=20, warmup_rounds=2)


SUBJECTS = {
    "ours bfloat16, all at once": (lambda: ours("bfloat16"), EPISODES),
    "ours float32, all at once": (lambda: ours("float32"), EPISODES),
    "Hugging Face float32, one at a time": (HuggingFace, 1),
}


@pytest.mark.benchmark(group=f"evaluation of {EPISODES} Hopper episodes, DT of the paper's size")
@pytest.mark.parametrize("subject", SUBJECTS)
def test_evaluation(benchmark, subject):
    make, envs = SUBJECTS[subject]
    policy = make()

    def run():
        return evaluate(
            policy,
            task_by_name("hopper-medium"),
            method="dt",
            episodes=EPISODES,
            targets=[3600.0],
            num_envs=envs,
        )

    [outcome] = benchmark.pedantic(run, rounds=3 if envs > 1 else 2)
    assert len(outcome.returns) == EPISODES
