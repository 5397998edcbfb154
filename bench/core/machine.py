"""What a run asks of its machine, and what it says of it."""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path


def prepare(device: str) -> None:
    """On a CPU a run uses one thread, so that its last bits do not depend on the machine's cores or
    on `--cores`; and it keeps the memory that it has.
    """
    keep_memory()
    torch = sys.modules.get("torch")  # a method that does without torch is not made to wait for it
    if torch is None:
        return
    if device == "cpu":
        torch.set_num_threads(1)
    elif device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(
            f"device {device!r} is not available here; set `device: cpu` in the config"
        )


def keep_memory() -> None:
    """Let glibc keep freed memory: arrays of some megabytes come and go with every training step, and to
    get each of them from the system anew can take a tenth of the time.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    set_option = ctypes.CDLL(None).mallopt  # its options are in <malloc.h>
    mmap_threshold, trim_threshold = -3, -1
    set_option(mmap_threshold, 32 * 2**20)  # the largest that glibc accepts
    set_option(trim_threshold, 2**31 - 1)


@contextmanager
def importing() -> Iterator[None]:
    """Import large libraries in here: without Python's garbage collector, which finds nothing in
    the million objects that they make, and later passes over them, up to the process's end.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


def run_code_of(checkout: Path) -> None:
    """Make child processes run this Python and the code of `checkout`, whatever the working directory."""
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(checkout), os.environ.get("PYTHONPATH")])
    )
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def peak_memory() -> float:
    """Return the largest resident memory of this process so far, MB."""
    scale = 1024 if platform.system() == "Linux" else 1024**2
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale, 1)


# they lower the instruction set that a library uses
LIMITS = (
    "DNNL_MAX_CPU_ISA",
    "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
)


def machine(device: str = "cpu") -> dict[str, str | None]:
    """Return what decides the last bits of a calculation, besides the versions of libraries.

    Returns:
        processor: its model. instruction_set: the one that PyTorch uses; None where PyTorch is not
        loaded. limits: the environment variables that lower it for some library; None where none is
        set. accelerator: its name, where the device is one.
    """
    torch = sys.modules.get("torch")
    limits = [f"{name}={os.environ[name]}" for name in LIMITS if os.environ.get(name)]
    found: dict[str, str | None] = {
        "processor": processor(),
        "instruction_set": None if torch is None else torch.backends.cpu.get_cpu_capability(),
        "limits": ", ".join(limits) or None,
    }
    if torch is not None and device.startswith("cuda") and torch.cuda.is_available():
        found["accelerator"] = torch.cuda.get_device_name(device)
    return found


@cache
def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the model of the processor: its name and numbers where Linux says them."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    first = text.split("\n\n")[0]
    known = dict(re.findall(r"^([^:\n]+?)\s*:[ ]*(.*)$", first, flags=re.MULTILINE))
    if "model name" not in known:
        return platform.processor() or platform.machine()
    numbers = [f"{key} {known[key]}" for key in ("cpu family", "model") if key in known]
    name: str = known["model name"]
    return name + (f" ({', '.join(numbers)})" if numbers else "")


def commit(root: Path) -> str:
    """Return the git commit of a checkout, with `-dirty` if files differ from it; `unknown` outside
    git.
    """
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
