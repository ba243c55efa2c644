"""A real Slurm of two nodes on this one machine: ``python two_nodes.py up|down FOLDER``.

Debian's packages slurm-wlm and munge, and root. After `up`, with ``SLURM_CONF`` set as it prints,
sinfo, sbatch and whatever calls them work. Both nodes are this host, with one
processor each; there is no accounting daemon, so that sacct fails.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

NODES = ("n1", "n2")
CONF = """\
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=cred_expire=10
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
SlurmctldPort={ports[0]}
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=1
KillWait=5
MailProg=/bin/true
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
# A requeued job waits until its credential has expired (cred_expire), two minutes by default.
MUNGE_SOCKET = Path("/run/munge/munge.socket.2")
START_LIMIT_S = 30.0


def missing() -> str:
    """Why no Slurm can be started here; empty where one can."""
    if os.geteuid() != 0:
        return "a Slurm of its own needs root"
    programs = ("slurmctld", "slurmd", "sbatch", "munged")
    absent = [name for name in programs if shutil.which(name, path=_path()) is None]
    return f"{', '.join(absent)} not found: apt-get install slurm-wlm munge" if absent else ""


def up(folder: Path) -> Path:
    """Start both nodes, and wait until they are idle.

    Args:
        folder: Folder of its files; it must be the cluster's alone.

    Returns:
        Its slurm.conf.
    """
    for name in ("state", "log"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if not MUNGE_SOCKET.exists():
        MUNGE_SOCKET.parent.mkdir(parents=True, exist_ok=True)
        shutil.chown(MUNGE_SOCKET.parent, "munge", "munge")
        subprocess.run(
            [
                "su",
                "munge",
                "-s",
                "/bin/sh",
                "-c",
                f"/usr/sbin/munged --pid-file={MUNGE_SOCKET}.pid",
            ],
            check=True,
        )
        (folder / "munged.pid").write_text(Path(f"{MUNGE_SOCKET}.pid").read_text("utf-8"), "utf-8")
    conf = folder / "slurm.conf"
    host = socket.gethostname().partition(".")[0]
    conf.write_text(CONF.format(host=host, folder=folder, ports=_free_ports()), "utf-8")
    environment = {**os.environ, "PATH": _path(), "SLURM_CONF": str(conf)}
    start = ["slurmctld", "-f", str(conf)], *(["slurmd", "-f", str(conf), "-N", n] for n in NODES)
    for command in start:
        subprocess.run(command, env=environment, check=True)
        time.sleep(0.5)
    until = time.monotonic() + START_LIMIT_S
    while time.monotonic() < until:
        told = subprocess.run(
            ["sinfo", "--noheader", "--Node", "--format=%T"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if told.stdout.split() == ["idle"] * len(NODES):
            return conf
        time.sleep(0.3)
    log = (folder / "log" / "slurmctld.log").read_text("utf-8")[-2000:]
    raise RuntimeError(f"the nodes are not idle after {START_LIMIT_S:g} s:\n{log}")


def down(folder: Path) -> None:
    """End what `up` has started, the jobs first: a node's daemon ends when they have."""
    environment = {**os.environ, "PATH": _path(), "SLURM_CONF": str(folder / "slurm.conf")}
    until = time.monotonic() + START_LIMIT_S
    subprocess.run(["scancel", "--user=root"], env=environment, check=False)
    while (
        time.monotonic() < until
        and subprocess.run(
            ["squeue", "--noheader"], env=environment, capture_output=True, check=False
        ).stdout
    ):
        time.sleep(0.3)
    for file in sorted(folder.glob("*.pid")):
        with contextlib.suppress(ValueError, ProcessLookupError):
            os.kill(int(file.read_text("utf-8")), signal.SIGTERM)


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _free_ports() -> list[int]:
    """Three ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(3)]
        for it in sockets:
            it.bind(("127.0.0.1", 0))
        return [int(it.getsockname()[1]) for it in sockets]


if __name__ == "__main__":
    what, where = sys.argv[1:]
    if what == "down":
        down(Path(where).absolute())
    elif why := missing():
        sys.exit(why)
    else:
        print(f"export SLURM_CONF={up(Path(where).absolute())}")
