"""A supervisor over small programs, run by the tests as a process of its own: supervised.py FOLDER NAMES [fork]."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from config.supervisor import Program, StoppedError, Supervisor

CHILD = "tests.integration.ground.child"


def main() -> None:
    folder = Path(sys.argv[1])
    names = json.loads(sys.argv[2])
    is_forked = sys.argv[3:] == ["fork"]

    def write(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    try:
        keep_running(folder, names, write, is_forked=is_forked)
    except StoppedError:
        write("Stopped while waiting.")


def keep_running(folder: Path, names: list[str], write: Callable[[str], None], *, is_forked: bool) -> None:
    with Supervisor(folder / "children.lock", write, os.environ) as supervisor:
        for wave, name in enumerate(names):
            arguments = [name, str(folder)]
            command = [sys.executable, "-m", CHILD, *arguments]
            module = (CHILD, arguments) if is_forked else None
            supervisor.start(Program(name, command, wave=wave, grace_s=1.0, module=module))
        supervisor.run()


if __name__ == "__main__":
    main()
