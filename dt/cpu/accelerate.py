"""The switch between the plain network of dt/model.py and its fast parts for a CPU."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

from dt.cpu.block import FastBlock, supported
from dt.cpu.dropout import FastDropout
from dt.cpu.tokens import FastDecisionTransformer
from dt.model import Block, DecisionTransformer

Network = TypeVar("Network", bound=nn.Module)

# plain class -> its subclass with the same parameters and a faster way to the same function
FAST: dict[type[nn.Module], type[nn.Module]] = {
    Block: FastBlock,
    DecisionTransformer: FastDecisionTransformer,
    nn.Dropout: FastDropout,
}


def accelerate(model: Network) -> Network:
    """Replace the plain parts of a network on a CPU by fast ones, in place, and return it.

    Its parameters and their names do not change. Outputs and gradients are equal but for rounding,
    and dropout draws other numbers from torch's generator. The network stays as it is on another
    device, and where this build of PyTorch lacks an operator that the fast parts need. Leave the
    call out to train and act with the plain network.
    """
    on_cpu = all(parameter.device.type == "cpu" for parameter in model.parameters())
    if on_cpu and supported():
        for module in model.modules():
            module.__class__ = FAST.get(type(module), type(module))
    return model
