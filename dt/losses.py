"""What training minimises."""

from __future__ import annotations

from torch import Tensor

from dt.windows import Batch


def loss_of_actions(actions: Tensor, batch: Batch) -> Tensor:
    """Return the mean squared error over real steps and action dimensions.

    Args:
        actions: (B, K, act) predicted for the first K steps of the batch.
        batch: windows of at least K steps.
    """
    steps = actions.shape[1]
    error: Tensor = (actions.float() - batch.actions[:, :steps]).square().mean(dim=2)
    return error[batch.valid[:, :steps]].mean()  # padding counts neither above nor below the line


def loss_of_next_steps(states: Tensor, returns_to_go: Tensor, batch: Batch) -> Tensor:
    """Return the mean squared error of next states plus that of next returns-to-go, each over the
    steps that have a next one in their episode; 0 if none has.

    The paper names these losses (p.5) without weights, and its code leaves them out: equal weights
    here.

    Args:
        states: (B, K, obs) predicted for steps 1 to K of the batch, counted from 0; normalised.
        returns_to_go: (B, K), likewise; scaled.
        batch: windows of K + 1 steps.
    """
    real = batch.valid[:, 1:]  # padding is on the right: if a step is real, so is the one before
    of_states = (states.float() - batch.states[:, 1:]).square().mean(dim=2)
    of_returns = (returns_to_go.float() - batch.returns_to_go[:, 1:]).square()
    return (of_states + of_returns)[real].sum() / real.sum().clamp(min=1)
