"""Installations on either database, each with a data folder and a database of its own."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import prepared
from tests.integration.ground.conftest import Installation
from tests.processes import ROOT, end

WORLD = ("-m", "tests.integration.operations.world")
FILLED = "towpath_filled"


class OperatedInstallation(Installation):
    """With what these tests ask of one again and again."""

    def world(self, act: str) -> Any:
        done = subprocess.run(
            [sys.executable, *WORLD, act],
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def succeed(self, *arguments: str, typed: str = "") -> str:
        done = self.manage(*arguments, typed=typed)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refuse(self, *arguments: str, typed: str = "") -> str:
        """What it says when it refuses; never with a traceback."""
        done = self.manage(*arguments, typed=typed)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    def manage(self, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment(),
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command and leave it running."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def filled_folder() -> Path:
    """The data folder of an installation on SQLite that holds the world."""

    def fill(folder: Path) -> None:
        prepared.copy_to(folder, prepared.migrated_folder())
        prepared.run(*WORLD, "fill", **prepared.installed_in(folder))

    return prepared.once("filled", fill)


@pytest.fixture(scope="session")
def filled_on_postgresql(postgres: str, migrated_on_postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that goes with the filled database; both wait to be copied."""
    folder = tmp_path_factory.mktemp("filled") / "data"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {FILLED} TEMPLATE {migrated_on_postgres}")
    url = prepared.on_server(postgres, FILLED)
    prepared.run(*WORLD, "fill", **prepared.installed_in(folder), DATABASE_URL=url)
    return folder


@pytest.fixture
def make_installation(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., OperatedInstallation]]:
    """Makes installations that hold nothing, empty tables or the world; those made after the first get its keys."""
    made: list[OperatedInstallation] = []
    databases: list[str] = []

    def make(engine: str = "sqlite", *, holding: str = "nothing") -> OperatedInstallation:
        folder = tmp_path / f"installation-{len(made)}"
        folder.mkdir()
        found = OperatedInstallation(folder / "data")
        if engine == "postgresql":
            url = request.getfixturevalue("postgres")
            filled = request.getfixturevalue("filled_on_postgresql")
            template = {"nothing": "template1", "tables": prepared.MIGRATED, "the world": FILLED}[holding]
            name = f"operated_{tmp_path.name.replace('-', '_')}_{len(made)}"[-60:].lower()
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {template}')
            databases.append(name)
            found.environment["DATABASE_URL"] = prepared.on_server(url, name)
            if holding == "the world":
                prepared.copy_to(found.data_dir, filled)
        elif holding != "nothing":
            prepared.copy_to(found.data_dir, prepared.migrated_folder() if holding == "tables" else filled_folder())
        if made and (made[0].data_dir / "keys.env").exists():
            found.data_dir.mkdir(mode=0o700, exist_ok=True)
            keys = found.data_dir / "keys.env"
            keys.write_text((made[0].data_dir / "keys.env").read_text())
            keys.chmod(0o600)
        made.append(found)
        return found

    yield make
    for one in made:
        if one._process is not None:
            end(one._process)
    if databases:
        with psycopg.connect(request.getfixturevalue("postgres"), autocommit=True) as connection:
            for name in databases:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
