"""A program for a supervisor: child.py NAME FOLDER.

Says its pid, then waits; on SIGTERM notes its name and ends. `stubborn` does not end, `brief` ends at once, `parent`
has a child of its own.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main(name: str, folder: Path) -> None:
    def note(*_: object) -> None:
        with (folder / "ended").open("a") as file:
            file.write(f"{name}\n")
        if name != "stubborn":
            sys.exit(0)

    signal.signal(signal.SIGTERM, note)
    (folder / f"{name}.pid").write_text(str(os.getpid()))
    if name == "parent":
        grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (folder / "grandchild.pid").write_text(str(grandchild.pid))
    sys.stdout.write(f"hello from {name}\n")
    sys.stdout.flush()
    if name == "brief":
        sys.exit(3)
    while True:
        time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
