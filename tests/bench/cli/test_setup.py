"""`bench new-baseline` and `bench completion`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bench.cli.main import main
from bench.core.code import ROOT
from tests.helpers.cli import fails


@pytest.fixture
def checkout() -> Path:
    """The baselines of this repository, in the working directory."""
    shutil.copytree(ROOT / "baselines", "baselines", ignore=shutil.ignore_patterns("__pycache__"))
    return Path("baselines")


def test_a_new_baseline_is_a_copy_of_the_template(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new-baseline", "mine"]) == 0
    said = capsys.readouterr()
    assert said.out == "baselines/mine.py\n"
    assert "python -m pytest tests/test_contract.py -k mine" in said.err
    made, template = ((checkout / name).read_text() for name in ("mine.py", "_template.py"))
    assert made == template  # the template speaks of `mine`
    assert main(["new-baseline", "second"]) == 0
    assert "the method `second` is in the plan" in (checkout / "second.py").read_text()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bc", "bc exists already"),
        ("BC", "BC exists already"),
        ("dt", "dt exists already"),
        ("_mine", "'_mine' cannot be the name of a method"),
        ("../mine", "'../mine' cannot be the name of a method"),
        ("my-method", "'my-method' cannot be the name of a method"),
        ("class", "'class' cannot be the name of a method"),
        ("", "'' cannot be the name of a method"),
    ],
)
def test_a_bad_name_writes_nothing(
    name: str, message: str, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in checkout.iterdir()}
    assert message in fails(capsys, "new-baseline", name)
    assert {path: path.read_bytes() for path in checkout.iterdir()} == before


def test_outside_a_checkout_it_says_where_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert "run this command in the folder of a checkout" in fails(capsys, "new-baseline", "mine")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_BENCH_COMPLETE={shell}_complete" in script
    if program := shutil.which(shell):
        done = subprocess.run([program, "-n"], input=script, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
