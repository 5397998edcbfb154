"""A real Slurm of one node on the loopback: munged, slurmctld and slurmd, with a configuration of their own.

It needs root and Debian's packages `slurm-wlm` and `munge`. While it runs, its configuration stands in /etc/slurm,
since Snakemake clears the variable SLURM_CONF. A machine that has a configuration there is left alone.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PLACE = Path("/etc/slurm/slurm.conf")
MISSING = next(
    (
        f"{program} is not installed: apt-get install slurm-wlm munge"
        for program in ("munged", "slurmctld", "slurmd", "sbatch")
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None
    ),
    f"this machine has a Slurm of its own: {PLACE}"
    if PLACE.exists()
    else ("" if os.geteuid() == 0 else "the daemons of Slurm need root"),
)
CONFIGURATION = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=20
SlurmdTimeout=10
JobRequeue=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """The daemons.

    Attributes:
        folder: of their state and logs.
        host: the short name of this machine.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; it must exist."""
        self.folder, self.host = folder, socket.gethostname().partition(".")[0]

    def run(self, *command: str) -> str:
        """Run a command of Slurm and return its output."""
        path = f"{os.environ['PATH']}:/usr/sbin"
        environment = {**os.environ, "PATH": path}
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        return done.stdout

    def start_node(self) -> None:
        """Start slurmd and wait until its node takes jobs."""
        self.run("setsid", "slurmd")
        self.wait_for("idle")

    def kill_node(self) -> None:
        """Kill slurmd and all that it started, as when a machine loses its power."""
        pid = int((self.folder / "slurmd.pid").read_text())
        steps = subprocess.run(["pgrep", "-f", "slurmstepd"], capture_output=True, text=True)
        for each in [pid, *map(int, steps.stdout.split())]:
            for child in _descendants(each):
                with suppress(ProcessLookupError):
                    os.kill(child, 9)

    def wait_for(self, state: str, seconds: float = 30.0) -> None:
        """Wait until the node has a state."""
        deadline = time.monotonic() + seconds
        while state not in (found := self.run("sinfo", "-h", "-o", "%t")):
            assert time.monotonic() < deadline, f"the node is {found}, not {state}"
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop all daemons."""
        for name in ("slurmd.pid", "slurmctld.pid", "munge/pid"):
            with suppress(FileNotFoundError, ProcessLookupError, ValueError):
                os.kill(int((self.folder / name).read_text()), 15)
        PLACE.unlink()


def _descendants(pid: int) -> list[int]:
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    below = [each for child in listed.stdout.split() for each in _descendants(int(child))]
    return [*below, pid]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def slurm(folder: Path, cores: int = 2) -> Iterator[Slurm]:
    """Start a Slurm of one node and stop it at the end.

    Args:
        folder: a new folder; short, since the path of a socket has at most 107 characters.
        cores: job slots of the node. It may have more than the machine.
    """
    daemons = Slurm(folder)
    munge = folder / "munge"
    for path in (munge, folder / "state", folder / "spool"):
        path.mkdir(parents=True)
    key = munge / "key"
    key.write_bytes(os.urandom(128))
    for path in (munge, key):
        shutil.chown(path, "munge", "munge")
        path.chmod(0o700 if path.is_dir() else 0o400)
    munge.chmod(0o755)
    places = {"host": daemons.host, "folder": folder, "cores": cores}
    places |= {"controller": _free_port(), "node": _free_port()}
    PLACE.parent.mkdir(exist_ok=True)
    PLACE.write_text(CONFIGURATION.format(**places))
    subprocess.run(
        [
            *("runuser", "-u", "munge", "--", "/usr/sbin/munged"),
            *(f"--socket={munge}/socket", f"--key-file={key}", f"--pid-file={munge}/pid"),
            *(f"--log-file={munge}/log", f"--seed-file={munge}/seed"),
        ],
        check=True,
    )
    try:
        daemons.run("setsid", "slurmctld")
        time.sleep(1)
        daemons.start_node()
        yield daemons
    finally:
        daemons.stop()
