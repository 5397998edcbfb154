"""Write requirements.lock, requirements-behaviours.lock and environment.yml from pyproject.toml:
`make lock`.

One resolution feeds all three, so pip and conda users get the same versions;
tests/test_environment.py checks that they agree.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Written by `make lock` from pyproject.toml; do not edit.\n"


def resolve(*extras: str, within: Path | None = None) -> list[str]:
    """Return `name==version` for pyproject.toml and these extras."""
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--no-annotate",
        "--no-header",
        "--no-emit-index-url",
    ]
    command += ["--no-emit-find-links", "--python-version", "3.11", "pyproject.toml"]
    command += [argument for extra in extras for argument in ("--extra", extra)]
    if within is not None:
        command += ["--constraint", str(within)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    lines = [
        line.strip()
        for line in done.stdout.splitlines()
        if line.strip() and not line.startswith("#")
    ]
    # a local build of PyTorch (+cpu) is the same version as the public one
    return sorted(re.sub(r"\+[a-z0-9.]+$", "", line) for line in lines)


def environment(pins: list[str], python: str) -> str:
    """Return environment.yml: Python and pip from conda, everything else from the same registry as
    the lock.
    """
    lines = [
        "name: decision-transformer-benchmark",
        "channels:",
        "  - conda-forge",
        "dependencies:",
    ]
    lines += [f"  - python={python}", "  - pip", "  - make", "  - pip:"]
    return HEADER + "\n".join(lines + [f"      - {pin}" for pin in pins] + ["      - -e ."]) + "\n"


def main() -> None:
    """Resolve and write."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    match = re.search(r">=(\d+\.\d+)", project["requires-python"])
    assert match is not None
    lock = ROOT / "requirements.lock"
    pins = resolve("dev")
    lock.write_text(HEADER + "\n".join(pins) + "\n", encoding="utf-8")
    extra = [pin for pin in resolve("dev", "behaviours", within=lock) if pin not in pins]
    (ROOT / "requirements-behaviours.lock").write_text(
        HEADER + "\n".join(extra) + "\n", encoding="utf-8"
    )
    (ROOT / "environment.yml").write_text(environment(pins, match.group(1)), encoding="utf-8")


if __name__ == "__main__":
    main()
