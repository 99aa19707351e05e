"""A supervisor over small programs, run by the tests as a process of its own: supervised.py FOLDER."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from config.supervisor import Program, StoppedError, Supervisor

# Says its pid, then waits; on SIGTERM notes its name and ends. `stubborn` does not end, `brief` ends at once.
CHILD = """
import os, signal, subprocess, sys, time
from pathlib import Path
name, folder = sys.argv[1], Path(sys.argv[2])
def note(*_):
    with (folder / "ended").open("a") as file:
        file.write(name + "\\n")
    if name != "stubborn":
        sys.exit(0)
signal.signal(signal.SIGTERM, note)
(folder / (name + ".pid")).write_text(str(os.getpid()))
if name == "parent":
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (folder / "grandchild.pid").write_text(str(grandchild.pid))
print("hello from", name, flush=True)
if name == "brief":
    sys.exit(3)
while True:
    time.sleep(600)
"""


def main() -> None:
    folder = Path(sys.argv[1])
    names = json.loads(sys.argv[2])

    def write(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    try:
        keep_running(folder, names, write)
    except StoppedError:
        write("Stopped while waiting.")


def keep_running(folder: Path, names: list[str], write: Callable[[str], None]) -> None:
    with Supervisor(folder / "children.lock", write, os.environ) as supervisor:
        for wave, name in enumerate(names):
            supervisor.start(Program(name, [sys.executable, "-c", CHILD, name, str(folder)], wave=wave, grace_s=1.0))
        supervisor.run()


if __name__ == "__main__":
    main()
