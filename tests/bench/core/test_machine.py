"""What a record says of the machine."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bench.core.machine import LIMITS, available_memory, machine, processor

CPUINFO = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 143
model name\t: Intel(R) Xeon(R) Platinum 8480+
flags\t\t: fpu vme avx512f

processor\t: 1
model name\t: another
"""


def test_the_processor_is_that_of_linux(tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(CPUINFO)
    assert processor(path) == "Intel(R) Xeon(R) Platinum 8480+ (cpu family 6, model 143)"


@pytest.mark.parametrize("content", [None, "", "Processor: ARMv8\n"], ids=["none", "empty", "arm"])
def test_elsewhere_it_is_what_python_says(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "cpuinfo"
    if content is not None:
        path.write_text(content)
    assert processor(path) == (platform.processor() or platform.machine())


def test_the_instruction_set_is_pytorchs_with_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LIMITS:
        monkeypatch.delenv(name, raising=False)
    capability = torch.backends.cpu.get_cpu_capability()
    found = {"processor": processor(), "instruction_set": capability, "limits": None}
    assert machine() == found
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    limits = "ONEDNN_MAX_CPU_ISA=AVX2, OPENBLAS_CORETYPE=Haswell"
    assert machine() == found | {"limits": limits}


def test_a_run_without_pytorch_does_not_load_it_to_name_the_machine() -> None:
    script = (
        "import sys; from bench.core.machine import machine; found = machine(); "
        "assert 'torch' not in sys.modules; assert found['instruction_set'] is None, found"
    )
    environment = {"PATH": "", "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def group(folder: Path, limit: str, used: int, files: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    stat = f"anon {used - files}\nactive_file 0\ninactive_file {files}\n"
    (folder / "memory.stat").write_text(stat)


def test_files_in_memory_count_as_free(tmp_path: Path) -> None:
    """In a container whose last work read large files, nearly all of the limit is in use by copies of files."""
    group(tmp_path, "1000", 990, 600)
    assert available_memory(tmp_path, tmp_path / "none") == 610


def test_the_limit_of_a_slurm_job_counts(tmp_path: Path) -> None:
    """Its group is below others; each of them may have a limit."""
    (own := tmp_path / "own").write_text("9:cpu:/x\n0::/slurm/job_1/step_0\n")
    group(tmp_path / "slurm/job_1/step_0", "max", 100, 0)
    group(tmp_path / "slurm/job_1", "500", 100, 0)
    group(tmp_path / "slurm", "900", 100, 0)
    assert available_memory(tmp_path, own) == 400
