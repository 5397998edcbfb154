#!/bin/sh
# Create .venv from requirements.lock with Python 3.11. Called by make, which passes PYTHON.
set -eu

if [ -z "${PYTHON:-}" ]; then
    echo "error: no Python found. Install Python 3.11, or name one: make mujoco PYTHON=/path/to/python3.11" >&2
    exit 1
fi
version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || {
    echo "error: $PYTHON does not run. Name a Python 3.11: make mujoco PYTHON=/path/to/python3.11" >&2
    exit 1
}
if [ "$version" != "3.11" ]; then
    echo "error: $PYTHON is Python $version, but the lock is for 3.11. Install it, name it (make mujoco PYTHON=python3.11)," >&2
    echo "       or use conda: conda env create -f environment.yml && conda activate decision-transformer-benchmark" >&2
    exit 1
fi
echo "Setting up .venv with Python $version (a few minutes, once)"
"$PYTHON" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
