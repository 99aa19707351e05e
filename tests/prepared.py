"""What many tests begin with, made once for all workers of a run and copied by whoever needs it."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg

from config import embedded
from tests.processes import ROOT

MIGRATED = "towpath_migrated"


def once(name: str, make: Callable[[Path], None]) -> Path:
    """The path that `make` has filled, in whichever worker came first; the others wait for it."""
    folder = Path(os.environ["TEST_SHARED_DIR"])
    made, draft = folder / name, folder / f"{name}.draft"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            make(draft)
            draft.rename(made)
    return made


def migrated_folder() -> Path:
    """The data folder of an installation on SQLite that was set up and never used: its keys and its database."""
    return once("migrated", lambda folder: run("manage.py", "migrate", "-v", "0", **installed_in(folder)))


def migrated_database(url: str) -> str:
    """The name of a database like that on this PostgreSQL server, for others to be copied from."""

    def make(mark: Path) -> None:
        make_migrated_database(url)
        mark.touch()

    once("migrated-database", make)
    return MIGRATED


def make_migrated_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {MIGRATED}")
        connection.execute(f"CREATE DATABASE {MIGRATED}")
    run("manage.py", "migrate", "-v", "0", TOWPATH_MODE="development", DATABASE_URL=on_server(url, MIGRATED))


def on_server(url: str, database: str) -> str:
    """The URL of another database beside this one."""
    return f"{url.rpartition('/')[0]}/{database}"


def copy_to(data_dir: Path, prepared: Path) -> None:
    """Let an installation that was not started yet begin with this."""
    shutil.copytree(prepared, data_dir, dirs_exist_ok=True)


def installed_in(data_dir: Path) -> dict[str, str]:
    """The environment of an installation on one machine."""
    return {"TOWPATH_MODE": "embedded", "DATA_DIR": str(data_dir)}


def run(*command: str, **variables: str) -> None:
    """Run a Python program that has to succeed, with an environment that holds these and no settings of the tests."""
    ours = {"DATABASE_URL", "REDIS_URL", "TOWPATH_MODE", *embedded.KEY_NAMES}
    environment = {name: value for name, value in os.environ.items() if name not in ours} | variables
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
