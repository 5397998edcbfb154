"""Settings that a run makes on its machine, and facts about the machine for its record."""

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
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path


def prepare(device: str) -> None:
    """Prepare this process for a run on a device.

    On a CPU, a run uses one thread. Its last bits then depend neither on the number of cores nor on
    `--cores`. The process also keeps freed memory (`keep_memory`).

    Args:
        device: a torch device.

    Raises:
        ValueError: the device is a GPU, and there is none here.
    """
    keep_memory()
    torch = sys.modules.get("torch")  # do not import torch for a method that does not use it
    if torch is None:
        return
    if device == "cpu":
        torch.set_num_threads(1)
    elif device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(
            f"device {device!r} is not available here; set `device: cpu` in the config"
        )


def keep_memory() -> None:
    """Make glibc keep freed memory. Every training step allocates and frees arrays of some megabytes.
    Requests for this memory from the operating system can take a tenth of the training time.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    set_option = ctypes.CDLL(None).mallopt
    mmap_threshold, trim_threshold = -3, -1  # as <malloc.h> defines them
    set_option(mmap_threshold, 32 * 2**20)  # the largest value that glibc accepts
    set_option(trim_threshold, 2**31 - 1)


@contextmanager
def importing() -> Iterator[None]:
    """Switch Python's garbage collector off while large libraries are imported in this context.

    Such an import makes a million objects, and none of them is garbage. Afterwards the objects are
    frozen: later collections ignore them.
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
    """Make child processes use this Python and the code of `checkout`, in any working directory."""
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(checkout), os.environ.get("PYTHONPATH")])
    )
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def peak_memory() -> float:
    """Return the peak resident memory of this process so far, in MB."""
    scale = 1024 if platform.system() == "Linux" else 1024**2
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale, 1)


def available_memory(
    groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> int | None:
    """Return the bytes of memory that a process can still take here; None if the system does not say.

    A limit of a control group (a container, a Slurm job) counts as well as the memory of the machine. Pages of files
    that the system can drop count as free.

    Args:
        groups: where the control groups (version 2) are mounted.
        own: the file that names the group of this process.
    """
    found = []
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        found.append(1024 * int(line.split()[1]))
    name = ""
    with suppress(OSError, ValueError, StopIteration):
        lines = own.read_text(encoding="utf-8").splitlines()
        name = next(line for line in lines if line.startswith("0::")).removeprefix("0::/")
    for group in (groups / name, *(groups / name).parents):
        if group.is_relative_to(groups):  # a group above this one may have a lower limit
            with suppress(OSError, ValueError):
                found.append(_left_in(group))
    return max(0, min(found)) if found else None


def _left_in(group: Path) -> int:
    """Return the bytes below the limit of a control group.

    Raises:
        OSError: it is the topmost group, which has no limit.
        ValueError: it has no limit (`max`).
    """
    limit, used = (
        int((group / name).read_text(encoding="ascii")) for name in ("memory.max", "memory.current")
    )
    facts = dict(line.split() for line in (group / "memory.stat").read_text("ascii").splitlines())
    return limit - used + int(facts.get("inactive_file", 0)) + int(facts.get("active_file", 0))


# environment variables that limit the instruction set of a library
LIMITS = (
    "DNNL_MAX_CPU_ISA",
    "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
)


def machine(device: str = "cpu") -> dict[str, str | None]:
    """Return the facts about this machine that determine the last bits of a calculation, besides the versions
    of libraries.

    Returns:
        `processor`: the model. `instruction_set`: the one that PyTorch uses; None if PyTorch is not loaded.
        `limits`: the variables of LIMITS that are set; None if there are none. `accelerator`: the name, only
        if the device is one.
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
    """Return the model of the processor: its name, and on Linux also its family and model numbers."""
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
    """Return the git commit of a checkout. It ends in `-dirty` if files differ from the commit. Outside
    git it is `unknown`.
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
