"""The arithmetic of matrix products that a device can do: float32 or bfloat16."""

from __future__ import annotations

import sys
from functools import cache
from typing import Literal

import torch
from torch.nn import functional

Precision = Literal["float32", "bfloat16"]


def usable(wanted: Literal["float32", "bfloat16", "auto"], device: str) -> Precision:
    """Return the precision that a run on this device uses.

    If it is not the one asked for, one line on standard error says so, once in a process.

    Args:
        wanted: bfloat16 is used where the device can multiply in it; `auto` takes it only where the
            device has instructions for it, because emulated bfloat16 is slower than float32.
        device: a PyTorch device, for instance `cpu` or `cuda`.
    """
    if wanted == "float32":
        return "float32"
    can = native(device) if wanted == "auto" else multiplies(device)
    if not can:
        _say_once(
            f"precision {wanted}: float32 is used, because this processor or this build of PyTorch "
            f"has no {'fast ' if wanted == 'auto' else ''}bfloat16 products on {device}"
        )
    return "bfloat16" if can else "float32"


def native(device: str) -> bool:
    """Return whether the device has instructions for bfloat16, and PyTorch can use them."""
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False)) and multiplies(device)


def multiplies(device: str) -> bool:
    """Return whether the device multiplies in bfloat16: on a CPU, whether oneDNN does."""
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported())
    return _onednn_multiplies()


@cache
def _say_once(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@cache
def _onednn_multiplies() -> bool:
    """Try a tiny product. Processor flags are not enough: oneDNN may be missing from the build or
    limited to an older instruction set (ONEDNN_MAX_CPU_ISA).
    """
    try:
        one = torch.ones(1, 1, dtype=torch.bfloat16).to_mkldnn()
        functional.linear(one, one)
    except RuntimeError:
        return False
    return True
