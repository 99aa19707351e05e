"""A database edited by hand, with the tools of its own, and `verify_audit` run on it as a process of its own."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pytest

from accounts.models import AuditEvent
from config import embedded
from tests import prepared
from tests.processes import ROOT

COLUMNS = [field.name for field in AuditEvent._meta.local_fields]
LINES = len(COLUMNS) + 1
# Another value of the column's own type, which differs from whatever is there.
OTHER: dict[str, str] = {
    "sequence": "sequence + 100",
    "at": "'2020-01-01 00:00:00+00:00'",
    "verb": "'credential.deleted'",
    "actor_id": "4711",
    "actor_text": "'Somebody else'",
    "organization_id": "4711",
    "subject_type": "'promotions.package'",
    "subject_id": "'4711'",
    "subject_text": "'Something else'",
    "reason": "'Because'",
    "details": """'{"n": 4711}'""",
    "request_id": "'forged-request'",
    "address": "'203.0.113.9'",
    "digest": f"'{'0' * 64}'",
}
WRITE = f"""
from django.db import transaction
from accounts.services import audit
with transaction.atomic():
    for n in range(1, {LINES} + 1):
        audit.record("credential.tested", actor=None, subject=audit.SubjectText("thing", str(n), f"Thing {{n}}"),
                     reason="as planned", details={{"n": n}})
"""

Edit = Callable[[str], None]


class Installation:
    """A database with a record of its own, and the commands that run on it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        ours = {"DATABASE_URL", "REDIS_URL", "TOWPATH_MODE", *embedded.KEY_NAMES}
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in ours},
            "TOWPATH_MODE": "development",
            "DATA_DIR": str(folder),
            "DATABASE_URL": database_url,
            "AUDIT_KEY": "the key that chains the record of these tests and stays outside of it",
        }

    def manage(self, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def verify(self, *arguments: str) -> tuple[int, list[str]]:
        """Exit code and sentences. What earlier readings knew is left aside: the chain must speak for itself."""
        done = self.manage("verify_audit", "--forget", *arguments)
        return done.returncode, done.stderr.splitlines()

    def fill(self) -> None:
        written = self.manage("shell", "--verbosity", "0", "--command", WRITE)
        assert written.returncode == 0, written.stderr


@pytest.fixture(scope="session")
def sqlite_template() -> Path:
    """A database to copy, the same for all workers."""

    def fill(path: Path) -> None:
        path.write_bytes((prepared.migrated_folder() / embedded.DATABASE_FILE).read_bytes())
        Installation(path.parent, f"sqlite:///{path}").fill()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    return prepared.once("record.sqlite3", fill)


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> tuple[Installation, Edit]:
    path = tmp_path / "record.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())

    def edit(script: str) -> None:
        connection = sqlite3.connect(path)
        connection.executescript(
            "DROP TRIGGER accounts_auditevent_refuse_update; DROP TRIGGER accounts_auditevent_refuse_delete;" + script
        )
        connection.commit()
        connection.close()

    return Installation(tmp_path, f"sqlite:///{path}"), edit


@pytest.fixture(scope="module")
def postgresql_template(
    postgres: str, migrated_on_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A database to copy; the cluster of the session holds other things beside it."""
    folder = tmp_path_factory.mktemp("record-pg")
    with _connect(postgres) as connection:
        connection.execute("DROP DATABASE IF EXISTS record_template")
        connection.execute(f"CREATE DATABASE record_template TEMPLATE {migrated_on_postgres}")
    url = prepared.on_server(postgres, "record_template")
    Installation(folder, url).fill()
    return folder, url


@pytest.fixture
def postgresql(postgres: str, postgresql_template: tuple[Path, str]) -> Iterator[tuple[Installation, Edit]]:
    folder, _ = postgresql_template
    with _connect(postgres) as connection:
        connection.execute("DROP DATABASE IF EXISTS record_copy")
        connection.execute("CREATE DATABASE record_copy TEMPLATE record_template")
    url = prepared.on_server(postgres, "record_copy")

    def edit(script: str) -> None:
        with _connect(url) as connection:
            connection.execute("DROP TRIGGER accounts_auditevent_refuse_change ON accounts_auditevent")
            connection.execute(script)

    yield Installation(folder, url), edit
    with _connect(postgres) as connection:
        connection.execute("DROP DATABASE record_copy")


def _connect(url: str) -> "psycopg.Connection[Any]":
    parts = urlsplit(url)
    host = unquote(parts.netloc.rpartition("@")[2])
    return psycopg.connect(host=host, user=parts.username, dbname=parts.path.lstrip("/"), autocommit=True)


MISFIT = "Row {0} does not fit its digest: it was changed or inserted."
ROW_COLUMNS = [name for name in COLUMNS if name != "sequence"]
COPY = f"""INSERT INTO accounts_auditevent ({", ".join(COLUMNS)}) SELECT {{0}}, {", ".join(ROW_COLUMNS)}
    FROM accounts_auditevent WHERE sequence = {{1}};"""  # noqa: S608  our own names
EDITS: dict[str, tuple[str, list[str]]] = {
    "changed": ("UPDATE accounts_auditevent SET reason = 'not as planned' WHERE sequence = 3;", [MISFIT.format(3)]),
    "removed": (
        "DELETE FROM accounts_auditevent WHERE sequence = 3;",
        ["Row 3 is missing: removed, or never part of this chain."],
    ),
    "inserted behind the head": (
        COPY.format(LINES + 1, 2),
        [f"Row {LINES + 1} lies behind the head of the chain: it was inserted."],
    ),
    "inserted in the middle": (
        "UPDATE accounts_auditevent SET sequence = sequence + 1000 WHERE sequence > 3;"  # noqa: S608  our own names
        "UPDATE accounts_auditevent SET sequence = sequence - 999 WHERE sequence > 1000;"
        f"{COPY.format(4, 2)} UPDATE accounts_audithead SET sequence = {LINES + 1};",
        [MISFIT.format(4), *(MISFIT.format(number) for number in range(5, LINES + 2))],
    ),
    "swapped": (
        "UPDATE accounts_auditevent SET sequence = 1000 WHERE sequence = 2;"
        "UPDATE accounts_auditevent SET sequence = 2 WHERE sequence = 4;"
        "UPDATE accounts_auditevent SET sequence = 4 WHERE sequence = 1000;",
        [MISFIT.format(number) for number in (2, 3, 4, 5)],
    ),
    "cut off": (
        "DELETE FROM accounts_auditevent WHERE sequence > 4;",
        [f"Rows 5 to {LINES} are missing: they were cut off."],
    ),
    "head changed": (
        f"UPDATE accounts_audithead SET digest = '{'f' * 64}';",  # noqa: S608  our own names
        [f"The head of the chain does not fit row {LINES}: one of them was changed."],
    ),
}
REWIND = """DELETE FROM accounts_auditevent WHERE sequence > 4;
    UPDATE accounts_audithead SET sequence = 4, digest = (SELECT digest FROM accounts_auditevent WHERE sequence = 4);"""


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_the_sqlite_file_is_found_and_its_line_named(sqlite: tuple[Installation, Edit], name: str) -> None:
    installation, edit = sqlite
    script, sentences = EDITS[name]

    edit(script)

    assert installation.verify() == (1, sentences)


def test_a_change_of_any_column_is_found_at_its_line(sqlite: tuple[Installation, Edit]) -> None:
    installation, edit = sqlite
    last = ["digest", "sequence"]  # a line after these two cannot be checked
    lines = dict(enumerate([*(name for name in COLUMNS if name not in last), *last], start=1))

    edit(
        "".join(
            f"UPDATE accounts_auditevent SET {column} = {OTHER[column]} WHERE sequence = {line};"  # noqa: S608  our own
            for line, column in lines.items()
        )
    )

    code, sentences = installation.verify()
    assert code == 1
    for line, column in lines.items():
        gone = f"Row {line} is missing: removed, or never part of this chain."
        assert (gone if column == "sequence" else MISFIT.format(line)) in sentences, column


def test_the_last_lines_cut_off_with_the_head_are_found_by_an_exported_head(sqlite: tuple[Installation, Edit]) -> None:
    installation, edit = sqlite
    head = installation.manage("verify_audit", "--only-head").stdout.strip()

    edit(REWIND)

    assert installation.verify() == (0, ["Intact: 4 lines."])
    assert installation.verify("--expected-head", head) == (
        1,
        [f"The chain ends at row 4, before the expected head {LINES}: rows were cut off."],
    )


def test_what_was_verified_once_is_missed_later_without_any_exported_head(sqlite: tuple[Installation, Edit]) -> None:
    installation, edit = sqlite
    assert installation.manage("verify_audit").returncode == 0

    edit(REWIND)

    done = installation.manage("verify_audit")
    assert done.returncode == 1
    assert f"before the expected head {LINES}" in done.stderr


def test_an_untouched_record_is_intact(sqlite: tuple[Installation, Edit]) -> None:
    installation, _ = sqlite

    assert installation.verify() == (0, [f"Intact: {LINES} lines."])


def test_edits_of_a_postgresql_database_by_its_owner_are_found(
    postgres: str, postgresql: tuple[Installation, Edit]
) -> None:
    installation, edit = postgresql
    head = installation.manage("verify_audit", "--only-head").stdout.strip()
    before = installation.verify()

    edit(REWIND)
    edit_again = "UPDATE accounts_auditevent SET details = '{\"n\": 4711}' WHERE sequence = 2;"
    with _connect(installation.environment["DATABASE_URL"]) as connection:
        connection.execute(edit_again)

    assert before == (0, [f"Intact: {LINES} lines."])
    assert installation.verify("--expected-head", head) == (
        1,
        [MISFIT.format(2), f"The chain ends at row 4, before the expected head {LINES}: rows were cut off."],
    )


@pytest.mark.parametrize("name", ["inserted in the middle", "swapped"])
def test_lines_moved_about_in_a_postgresql_database_are_found(postgresql: tuple[Installation, Edit], name: str) -> None:
    installation, edit = postgresql
    script, sentences = EDITS[name]

    edit(script)

    assert installation.verify() == (1, sentences)


def test_the_details_that_other_takes_are_json() -> None:
    assert json.loads(OTHER["details"].strip("'")) == {"n": 4711}
    assert set(OTHER) == set(COLUMNS)
