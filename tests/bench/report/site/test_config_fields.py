"""Hyperparameters, read from the source of a method."""

from __future__ import annotations

from pathlib import Path

from bench.report.site.config_fields import Field, fields

PLAIN = '''
from dataclasses import dataclass

@dataclass(frozen=True)
class Config:
    """Hyperparameters."""

    width: int = 64  # of each layer
    # above: the source,
    # two lines
    rate: float = 1e-3
    needed: str
    wrapped: float | None = (
        None  # inside the brackets
    )
'''


def module(root: Path, name: str, text: str) -> None:
    (root / "baselines").mkdir(exist_ok=True)
    (root / "baselines" / f"{name}.py").write_text(text)


def test_defaults_and_comments_beside_or_above(tmp_path: Path) -> None:
    module(tmp_path, "mine", PLAIN)
    assert fields("mine", tmp_path) == {
        "width": Field("width", "64", "of each layer"),
        "rate": Field("rate", "0.001", "above: the source, two lines"),
        "needed": Field("needed", "", ""),
        "wrapped": Field("wrapped", "None", "inside the brackets"),
    }


def test_a_config_of_another_file_with_more(tmp_path: Path) -> None:
    module(tmp_path, "base", PLAIN)
    text = "from baselines import base\n\nclass Config(base.Config):\n    width: int = 8  # smaller\n    own: int = 1\n"
    module(tmp_path, "mine", text)
    found = fields("mine", tmp_path)
    assert list(found) == ["width", "rate", "needed", "wrapped", "own"]
    assert found["width"] == Field("width", "8", "smaller")


def test_an_imported_config(tmp_path: Path) -> None:
    module(tmp_path, "base", PLAIN)
    module(tmp_path, "mine", "from baselines.base import Config\n")
    assert "width" in fields("mine", tmp_path)


def test_a_source_that_does_not_tell(tmp_path: Path) -> None:
    module(tmp_path, "broken", "class Config(:\n")
    module(tmp_path, "circle", "class Config(Config):\n    own: int = 1\n")
    assert fields("broken", tmp_path) == {}
    assert fields("missing", tmp_path) == {}
    assert list(fields("circle", tmp_path)) == ["own"]


def test_the_methods_of_the_suite_explain_themselves() -> None:
    assert fields("dt")["context_length"].comment.startswith("K, in time steps")
    assert fields("percent_bc")["width"] == Field(
        "width", "256", "Table 10; the code's default is 128"
    )
    assert "layers" in fields("discrete_cql")
