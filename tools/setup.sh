#!/bin/sh
# Create .venv: the packages of requirements.lock by hash, PyTorch, this project. Called by make,
# which passes PYTHON and TORCH_INDEX. Writes .venv/.installed last, with what was installed: an
# environment without it was not finished, and one of another lock is old; both are made anew.
set -eu

usage="make mujoco PYTHON=/path/to/python3.11"
supported="3.11, 3.12 or 3.13"
cpu_index="https://download.pytorch.org/whl/cpu"

if [ -z "${PYTHON:-}" ]; then
    echo "error: no Python found. Install Python $supported, or name one: $usage" >&2
    exit 1
fi
version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || {
    echo "error: $PYTHON does not run. Name a Python $supported: $usage" >&2
    exit 1
}
case "$version" in
3.11 | 3.12 | 3.13) ;;
*)
    echo "error: $PYTHON is Python $version, but the lock is for $supported. Install one of them, name it ($usage)," >&2
    echo "       or use conda: conda env create -f environment.yml && conda activate decision-transformer-benchmark" >&2
    exit 1
    ;;
esac

# the interpreter itself: PYTHON may be that of the .venv that is about to be replaced
PYTHON=$("$PYTHON" -c 'import os, sys; print(os.path.realpath(sys.executable))')
start=$(date +%s)
torch=$("$PYTHON" -c '
import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
print(next(line for line in project["dependencies"] if line.startswith("torch==")))')
stamp="Python $version, $torch ${TORCH_INDEX:-}, lock $(cksum < requirements.lock)"
python=.venv/bin/python
pip="$python -m pip --disable-pip-version-check"

if [ "$(cat .venv/.installed 2>/dev/null)" = "$stamp" ]; then
    $pip install -qq --no-deps --no-build-isolation -e . # its commands may have changed
    touch .venv/.installed
    exit 0
fi
if [ -e .venv ] && [ ! -e .venv/.installed ]; then
    echo "Removing .venv, whose set-up was not finished"
fi
rm -rf .venv
echo "Setting up .venv with Python $version (a few minutes, once)"
"$PYTHON" -m venv .venv

$pip install -qq --no-deps --require-hashes -r requirements.lock

if [ -n "${TORCH_INDEX:-}" ]; then
    # NVIDIA's libraries, which a CUDA build needs, come from the same index
    $pip install -qq --index-url "$TORCH_INDEX" "$torch" || {
        echo "error: $torch could not be installed from TORCH_INDEX=$TORCH_INDEX" >&2
        exit 1
    }
    from="from $TORCH_INDEX"
elif $pip install -qq --no-index --no-deps "$torch" 2>/dev/null; then
    from="from the files that pip's configuration names (find-links)"
elif $pip install -qq --no-deps --retries 1 --timeout 20 --index-url "$cpu_index" "$torch" 2>/dev/null; then
    from="the CPU build, from $cpu_index"
else
    echo "$cpu_index does not provide $torch here; taking it from pip's default index (on Linux a CUDA build of several GB)"
    $pip install -qq "$torch"
    from="from pip's default index"
fi
echo "PyTorch $($python -c 'from importlib.metadata import version; print(version("torch"))'): $from"

$pip install -qq --no-deps --no-build-isolation -e .
$pip check >/dev/null || {
    $pip check >&2 || true
    echo "error: the installed packages contradict each other (above); the lock needs renewing: make lock" >&2
    exit 1
}
echo "$stamp" > .venv/.installed
echo "Set-up took $(($(date +%s) - start)) s"
