"""A PostgreSQL cluster of our own on a unix socket, gone after use. As root it runs as the user `postgres`."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A cluster that lives for one test run need not survive a power cut.
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"


def find_programs() -> Path | None:
    """The folder of initdb, pg_ctl and postgres, newest version first; None if there is no PostgreSQL here."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    candidates = [*debian, *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in candidates if (folder / "pg_ctl").exists()), None)


@contextmanager
def private_cluster(programs: Path) -> Iterator[str]:
    """The URL of an empty database on a fresh cluster."""
    folder = Path(tempfile.mkdtemp(prefix="towpath-pg-"))
    as_owner: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        as_owner = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"]
    data = folder / "data"

    def run(*command: str) -> None:
        done = subprocess.run([*as_owner, *command], capture_output=True, text=True, check=False, cwd=folder)
        assert done.returncode == 0, f"{command[0]} failed: {done.stdout}{done.stderr}"

    try:
        run(str(programs / "initdb"), "-D", str(data), "-U", "towpath", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} {FAST}"
        run(str(programs / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w", "-o", options, "start")
        try:
            run(str(programs / "createdb"), "-h", str(folder), "-U", "towpath", "towpath")
            yield f"postgresql://towpath@{str(folder).replace('/', '%2F')}/towpath"
        finally:
            run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
