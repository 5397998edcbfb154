"""What make does: set-up, with a stand-in for Python that writes down what pip is asked to install,
and which tests belong to which target.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = ["Makefile", "pyproject.toml", "requirements.lock", "tools/setup.sh"]
LOCKED = "install -qq --no-deps --require-hashes -r requirements.lock"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"

# answers as Python {version} does; pip fails where one of its arguments is in $BROKEN
STAND_IN = """#!/bin/sh
case "$*" in
*sys.version_info\\[*2\\]\\)*) echo {version} ;;
*sys.version_info*) case {version} in 3.11 | 3.12 | 3.13) ;; *) exit 1 ;; esac ;;
*realpath*) echo "$0" ;;
*importlib.metadata*) echo 2.13.0+made ;;
*tomllib*) echo torch==2.13.0 ;;
"-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
"-m pip"*)
    echo "$*" | sed 's/-m pip --disable-pip-version-check //' >> pip.log
    if [ -n "$BROKEN" ]; then
        for part in $BROKEN; do case " $* " in *" $part "*) echo "pip: $part" >&2; exit 1 ;; esac; done
    fi ;;
*) echo "unexpected: $*" >&2; exit 2 ;;
esac
"""


def stand_in(path, version):
    path.parent.mkdir(exist_ok=True)
    path.write_text(STAND_IN.format(version=version))
    path.chmod(0o755)
    return path


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "clone"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def set_up(folder, *arguments, broken="", check=True, path=None):
    """Run make as far as the environment; return the process and what pip was asked."""
    (folder / "pip.log").write_text("")
    tools = os.environ["PATH"] if path is None else f"{path}{os.pathsep}/usr/bin{os.pathsep}/bin"
    done = subprocess.run(
        ["make", ".venv/.installed", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": tools, "BROKEN": broken},
    )
    assert (done.returncode == 0) is check, done.stdout + done.stderr
    return done, (folder / "pip.log").read_text().splitlines()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_it_installs_the_lock_by_hash_then_torch_then_the_project(clone, version):
    python = stand_in(clone.parent / "python", version)
    done, asked = set_up(clone, f"PYTHON={python}")
    assert f"Setting up .venv with Python {version}" in done.stdout
    assert asked == [
        LOCKED,
        "install -qq --no-index --no-deps torch==2.13.0",
        "install -qq --no-deps --no-build-isolation -e .",
        "check",
    ]
    assert (clone / ".venv/.installed").exists()
    assert set_up(clone, f"PYTHON={python}")[1] == []  # once is enough


def test_torch_comes_from_its_index_where_no_file_lies_on_disk(clone):
    python = stand_in(clone.parent / "python", "3.11")
    done, asked = set_up(clone, f"PYTHON={python}", broken="--no-index")
    [line] = [line for line in asked if CPU_INDEX in line]
    assert "torch==2.13.0" in line
    assert f"PyTorch 2.13.0+made: the CPU build, from {CPU_INDEX}" in done.stdout
    assert done.stderr == ""


def test_without_its_index_torch_comes_from_the_default_one(clone):
    python = stand_in(clone.parent / "python", "3.11")
    done, asked = set_up(clone, f"PYTHON={python}", broken=f"--no-index {CPU_INDEX}")
    assert "install -qq torch==2.13.0" in asked
    assert f"{CPU_INDEX} does not provide torch==2.13.0 here" in done.stdout
    assert "PyTorch 2.13.0+made: from pip's default index" in done.stdout


def test_an_index_asked_for_is_the_only_one(clone):
    python = stand_in(clone.parent / "python", "3.11")
    index = "https://example.org/cu126"
    done, asked = set_up(clone, f"PYTHON={python}", f"TORCH_INDEX={index}")
    assert [line for line in asked if "torch" in line] == [
        f"install -qq --index-url {index} torch==2.13.0"
    ]
    assert f"from {index}" in done.stdout
    (clone / ".venv/.installed").unlink()
    done, asked = set_up(
        clone, f"PYTHON={python}", f"TORCH_INDEX={index}", broken=index, check=False
    )
    assert f"torch==2.13.0 could not be installed from TORCH_INDEX={index}" in done.stderr
    assert len([line for line in asked if "torch" in line]) == 1


@pytest.mark.parametrize("broken", ["--require-hashes", "--no-build-isolation", "check"])
def test_a_set_up_that_broke_starts_over(clone, broken):
    python = stand_in(clone.parent / "python", "3.12")
    set_up(clone, f"PYTHON={python}", broken=broken, check=False)
    assert not (clone / ".venv/.installed").exists()
    (clone / ".venv/left-over").touch()
    done, asked = set_up(clone, f"PYTHON={python}")
    assert "Removing .venv, whose set-up was not finished" in done.stdout
    assert asked[0] == LOCKED
    assert (clone / ".venv/.installed").exists()
    assert not (clone / ".venv/left-over").exists()


def edited(path):
    """Add a comment, and make sure that make sees it."""
    path.write_text(path.read_text() + "# a comment\n")
    later = (path.parent / ".venv/.installed").stat().st_mtime + 10
    os.utime(path, (later, later))


def test_a_new_lock_makes_a_new_environment(clone):
    python = stand_in(clone.parent / "python", "3.12")
    set_up(clone, f"PYTHON={python}")
    (clone / ".venv/left-over").touch()
    edited(clone / "requirements.lock")
    assert set_up(clone, f"PYTHON={python}")[1][0] == LOCKED
    assert not (clone / ".venv/left-over").exists()


def test_another_pyproject_installs_the_project_again_and_nothing_else(clone):
    python = stand_in(clone.parent / "python", "3.12")
    set_up(clone, f"PYTHON={python}")
    edited(clone / "pyproject.toml")
    asked = set_up(clone, f"PYTHON={python}")[1]
    assert asked == ["install -qq --no-deps --no-build-isolation -e ."]


def test_make_takes_the_first_python_that_runs(clone):
    # as pyenv's: a name on the path that refuses to run
    names = clone.parent / "bin"
    stand_in(names / "python3.12", "3.12")
    stand_in(names / "python3.13", "3.13")
    (names / "python3.11").write_text("#!/bin/sh\nexit 127\n")
    (names / "python3.11").chmod(0o755)
    done, _ = set_up(clone, path=names)
    assert "Setting up .venv with Python 3.12" in done.stdout


@pytest.mark.parametrize(
    ("python", "message"),
    [
        ("", "no Python found. Install Python 3.11, 3.12 or 3.13"),
        ("/nonexistent/python3.11", "/nonexistent/python3.11 does not run"),
        ("3.10", "is Python 3.10, but the lock is for 3.11, 3.12 or 3.13"),
        ("3.14", "is Python 3.14, but the lock is for 3.11, 3.12 or 3.13"),
    ],
    ids=["missing", "does not run", "too old", "too new"],
)
def test_make_says_what_is_wrong_with_python(clone, python, message):
    if python[:2] == "3.":
        python = stand_in(clone.parent / "python", python)
    (clone / ".venv").mkdir()
    done, asked = set_up(clone, f"PYTHON={python}", check=False)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not asked
    assert (clone / ".venv").exists()


def recipe(target):
    """Return the commands of a target, without running them."""
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_every_test_belongs_to_one_target():
    selections = [
        re.findall(r'pytest -n 2 -m "?([^"]+?)"? --dist', recipe(target))
        for target in ("test-fast", "test-slow", "test-long")
    ]
    fast, slow = "not slow and not long", "slow and not long"
    assert selections == [[fast], [slow], [fast, fast, "long"]]


def test_all_is_the_short_and_the_long_ones():
    everything = recipe("test-all")
    for target in ("lint", "types", "test-fast", "test-slow", "test-long"):
        assert recipe(target).splitlines()[-1] in everything
    assert recipe("test-long") not in recipe("test")
    for processor in (
        "ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2",
        "ONEDNN_MAX_CPU_ISA=AVX512_CORE",
    ):
        assert processor in everything
    ci = (ROOT / ".ci/run").read_text().splitlines()
    assert ci[-2:] == ["make test", "make test-long"]
