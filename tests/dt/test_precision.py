"""dt/precision.py: which arithmetic is used, and the line that says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import dt
from bench.behaviours.random_play import random_episodes
from bench.datasets import storage
from bench.runs.policies import POLICY
from bench.runs.train import TRAINING, train_run
from dt import precision
from dt.atari.config import Config as AtariConfig
from dt.config import Config
from dt.cpu.products import onednn_takes


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Forget what was tried and said, before and after the test."""
    forgetful = (precision._onednn_multiplies, precision._say_once)
    for function in forgetful:
        function.cache_clear()
    yield
    for function in forgetful:
        function.cache_clear()


def pretend(monkeypatch: pytest.MonkeyPatch, flags: dict[str, bool], works: bool) -> None:
    """Let the processor have these flags, and oneDNN multiply in bfloat16 or refuse to."""

    def linear(x: Any, weight: Any) -> Any:
        if not works:
            raise RuntimeError("could not create a primitive descriptor")

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)
    monkeypatch.setattr(precision.functional, "linear", linear)


@pytest.mark.parametrize("config", [Config, AtariConfig])
@pytest.mark.parametrize(
    ("wanted", "flags", "works", "used"),
    [
        ("auto", {"avx512_bf16": True}, True, "bfloat16"),
        ("auto", {"avx512_bf16": False}, True, "float32"),  # emulated: slower than float32
        ("auto", {}, True, "float32"),
        ("auto", {"avx512_bf16": True}, False, "float32"),  # ONEDNN_MAX_CPU_ISA=AVX2
        ("bfloat16", {}, True, "bfloat16"),
        ("bfloat16", {"avx512_bf16": True}, False, "float32"),
        ("float32", {"avx512_bf16": True}, True, "float32"),
    ],
)
def test_the_precision_is_what_the_device_can_do(
    config: Any,
    wanted: str,
    flags: dict[str, bool],
    works: bool,
    used: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The configuration that is recorded says it, and one line, once, where it is not the one asked for."""
    pretend(monkeypatch, flags, works)
    decided = config(precision=wanted, layers=1).on("cpu")
    assert decided == config(precision=used, layers=1)
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    if used == "bfloat16" or wanted == "float32":
        assert lines == []
    else:
        assert len(lines) == 1
        assert lines[0].startswith(f"precision {wanted}: float32 is used, because this processor")
    assert decided.on("cpu") == decided
    assert config(precision=wanted, layers=1).on("cpu") == decided
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("wanted", "native", "emulated", "used"),
    [
        ("auto", True, True, "bfloat16"),
        ("auto", False, True, "float32"),
        ("bfloat16", False, True, "bfloat16"),
        ("bfloat16", False, False, "float32"),
    ],
)
def test_on_a_gpu(
    wanted: Any, native: bool, emulated: bool, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return emulated if including_emulation else native

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert precision.usable(wanted, "cuda:0") == used


def test_here_the_tiny_product_tells_what_products_do() -> None:
    """Where it is refused, oneDNN's linear layer refuses bfloat16 too."""
    if precision.multiplies("cpu"):
        assert onednn_takes(torch.bfloat16)
    else:
        assert not precision.native("cpu")


def test_trying_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    monkeypatch.setattr(precision.functional, "linear", lambda x, weight: tried.append(1))
    assert [precision.multiplies("cpu") for _ in range(3)] == [True] * 3
    assert tried == [1]


@pytest.mark.parametrize("works", [True, False], ids=["bfloat16", "no bfloat16"])
def test_the_record_of_a_training_states_the_precision_that_was_used(
    works: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "_onednn_multiplies", lambda: works)
    storage.save(random_episodes(5, 0), tmp_path / "data", {"source": "generated"})
    run = tmp_path / "results/tiny/runs/key_to_door-1k/dense/100/dt/0"
    options = {"layers": 1, "width": 8, "batch_size": 2, "precision": "bfloat16"}
    train_run(run, tmp_path / "data", "dt", options, 1, (), "cpu")
    used = "bfloat16" if works else "float32"
    assert json.loads((run / TRAINING).read_text())["config"]["precision"] == used
    assert dt.load(run / POLICY, "cpu").config.precision == used
