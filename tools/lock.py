"""Write requirements.lock, requirements-behaviours.lock and environment.yml from pyproject.toml.

`make lock` keeps the locked versions that still fit; `make lock UPGRADE=--upgrade` takes the newest.
One resolution serves Python 3.11, 3.12 and 3.13 on every platform, and feeds all three files, so
pip and conda users get the same versions; tests/tools/test_lock.py checks that they agree.
PyTorch is not in the locks: its CPU build is another file on every platform. tools/setup.sh
installs the version that pyproject.toml pins.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
BEHAVIOURS = ROOT / "requirements-behaviours.lock"
HEADER = "# Written by `make lock` from pyproject.toml; do not edit.\n"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
COMMAND = (
    *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "pyproject.toml"),
    # one version of a package for all Pythons, so that results do not depend on the Python
    *("--universal", "--fork-strategy", "fewest", "--python-version", "3.11"),
    *("--generate-hashes", "--no-emit-package", "torch"),
    *("--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"),
)


def resolve(extras: list[str], known: Path, *arguments: str) -> list[str]:
    """Return an entry for each package that pyproject.toml and these extras need.

    Args:
        extras: the optional dependencies to add.
        known: a lock whose versions are kept where they fit.
        arguments: more of uv's options, such as `--upgrade`.

    Returns:
        Requirements of several lines each: `name==version [; marker]`, then a hash a line, as pip
        reads them.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "lock.txt"
        if known.exists():
            output.write_text(known.read_text(encoding="utf-8"), encoding="utf-8")
        chosen = [argument for extra in extras for argument in ("--extra", extra)]
        command = [*COMMAND, *chosen, *arguments, "--output-file", str(output)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        text = output.read_text(encoding="utf-8")
    return re.findall(r"^[^\s#].*(?:\n[ \t].*)*", text, flags=re.MULTILINE)


def write(path: Path, entries: list[str]) -> None:
    """Write a lock."""
    path.write_text(HEADER + "\n".join(entries) + "\n", encoding="utf-8")


def environment(project: dict[str, list[str]], entries: list[str]) -> str:
    """Return environment.yml: Python and pip from conda, everything else as the lock has it.

    Args:
        project: the table `project` of pyproject.toml.
        entries: those of requirements.lock.
    """
    torch = [line for line in project["dependencies"] if line.startswith("torch==")]
    pins = [entry.splitlines()[0].removesuffix("\\").strip() for entry in entries]
    lines = [
        "name: decision-transformer-benchmark",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python {project['requires-python']}",
        "  - pip",
        "  - make",
        "  - pip:",
        f"      - --extra-index-url {CPU_INDEX}  # the CPU build of torch",
    ]
    lines += [f"      - {pin}" for pin in sorted(pins + torch)] + ["      - -e ."]
    return HEADER + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Resolve and write."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    entries = resolve(["dev"], LOCK, *arguments)
    write(LOCK, entries)
    constraints = ("--constraint", str(LOCK))
    wider = resolve(["dev", "behaviours"], BEHAVIOURS, *constraints, *arguments)
    write(BEHAVIOURS, [entry for entry in wider if entry not in entries])
    (ROOT / "environment.yml").write_text(environment(project, entries), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
