"""A backup becomes an installation again: whole, proved, and with nothing sent twice."""

import fcntl
import json
import re
import sqlite3
import tarfile
from pathlib import Path

import psycopg
import pytest

from tests.factories import CLIENT_SECRET


@pytest.fixture
def filled(make_installation):
    return make_installation(holding="the world")


def test_a_backup_is_restored_into_an_empty_installation_and_proved(make_installation, engine):
    filled = make_installation(engine, holding="the world")
    archive = filled.succeed("backup", "--to", str(filled.data_dir.parent / "kept")).strip()
    before = filled.world("show")
    other = make_installation(engine)

    said = other.succeed("restore", archive)

    after = other.world("show")
    assert "The record is intact" in said
    assert (after["people"], after["secrets"], after["files"]) == (before["people"], [CLIENT_SECRET], before["files"])
    assert after["files"]["uploads/flow.zip"] == 256 * 999
    assert len(after["files"]) == 3
    assert (after["archives"]["orders.zip"], after["archives"]["refunds.zip"]) == ("intact", "intact")
    assert "was erased" in after["archives"]["erased.zip"]
    assert before["sessions"] == 1
    assert after["sessions"] == 0
    assert after["intact"]
    assert after["verbs"][: len(before["verbs"])] == before["verbs"]
    assert after["verbs"][-1] == "installation.restored"
    head = other.succeed("verify_audit", "--expected-head", head_in(archive)).strip()
    assert int(head.split(":")[0]) == len(after["verbs"])
    assert_nothing_is_sent_again(after)


def assert_nothing_is_sent_again(after):
    """What may have been sent since the backup waits for a person; what is known to be there is followed on."""
    jobs = after["jobs"]
    assert {title: job["state"] for title, job in jobs.items()} == {
        "queued": "needs_attention",
        "submitting": "needs_attention",
        "running": "running",
        "done": "succeeded",
        "reading": "queued",
        "foreign": "running",
    }
    for title in ("queued", "submitting"):
        assert "was restored from a backup of 20" in jobs[title]["problem"]
        assert jobs[title]["events"][-1] == jobs[title]["problem"]
        # Both count as sent: whoever has one sent again has it looked for first.
        assert (jobs[title]["sent"], jobs[title]["started"], jobs[title]["lease"]) == (1, True, "")
    assert {jobs[title]["due"] for title in ("running", "reading", "foreign")} < {2025, 2026, 2027, 2028, 2029, 2030}
    assert after["verbs"].count("installation.job_held") == 2
    assert after["approvals"] == ["void"]
    assert after["plans"] == ["superseded", "open"]


def test_a_backup_that_lacks_a_file_or_holds_a_damaged_one_is_not_called_sound(make_installation, filled):
    lost, damaged = (filled.data_dir / "files" / "archives").iterdir()
    lost.unlink()
    damaged.write_bytes(damaged.read_bytes()[:-4])

    says = make_installation().refuse("restore", filled.succeed("backup").strip())

    assert re.search(r"The backup does not hold the file of (orders|refunds)\.zip\.", says)
    assert f"do not open the secret of the file archives/{damaged.name}" in says
    assert "is not sound" in says


def head_in(archive):
    return json.loads(contents(archive)["manifest.json"])["audit_head"]


def test_an_archive_is_private_and_holds_no_keys_unless_asked(filled):
    plain = filled.succeed("backup").strip()
    with_keys = filled.succeed("backup", "--with-keys").strip()

    keys = [line.partition("=")[2] for line in (filled.data_dir / "keys.env").read_text().splitlines()]
    assert len(keys) == 3
    assert not any(key.encode() in content for key in keys for content in contents(plain).values())
    assert contents(with_keys)["keys.env"].decode() == (filled.data_dir / "keys.env").read_text()
    for path in (plain, with_keys):
        assert not any(CLIENT_SECRET.encode() in content for content in contents(path).values())
        assert mode(path) == 0o600


def contents(archive):
    with tarfile.open(archive) as tar:
        files = [(member.name, tar.extractfile(member)) for member in tar.getmembers()]
        return {name: file.read() for name, file in files if file is not None}


def mode(path):
    return Path(path).stat().st_mode & 0o777


def test_a_new_machine_takes_over_the_keys_of_an_archive_that_holds_them(filled, tmp_path, make_installation):
    archive = filled.succeed("backup", "--with-keys", "--to", str(tmp_path)).strip()
    other = make_installation()
    (other.data_dir / "keys.env").unlink()

    said = other.succeed("restore", archive)

    assert "The keys of the archive are the keys of this installation now." in said
    assert (other.data_dir / "keys.env").read_text() == (filled.data_dir / "keys.env").read_text()
    assert other.world("show")["secrets"] == [CLIENT_SECRET]


def test_without_the_keys_of_its_time_an_archive_is_refused_and_nothing_changes(filled, tmp_path, make_installation):
    archive = filled.succeed("backup", "--to", str(tmp_path)).strip()
    other = make_installation()
    (other.data_dir / "keys.env").unlink()
    other.succeed("migrate", "-v", "0")

    said = other.refuse("restore", archive)

    assert "was made with another AUDIT_KEY" in said
    assert other.world("show")["people"] == []


def test_an_installation_with_content_is_replaced_only_after_the_word_was_typed(make_installation, engine, tmp_path):
    filled = make_installation(engine, holding="the world")
    archive = filled.succeed("backup", "--to", str(tmp_path)).strip()
    filled.succeed(
        "shell", "-v", "0", "-c", "from accounts.models import User; User.objects.create(email='late@x.org')"
    )

    plain = filled.refuse("restore", archive)
    mistyped = filled.refuse("restore", archive, "--replace", typed="yes\n")
    untouched = filled.world("show")["people"]
    said = filled.succeed("restore", archive, "--replace", typed="replace\n")

    assert "This installation is not empty." in plain
    assert "Nothing was changed." in mistyped
    assert untouched == ["owner@example.com", *untouched[1:]]
    assert "late@x.org" in untouched
    assert "late@x.org" not in filled.world("show")["people"]
    assert "What was here before is kept in " in said
    assert any(path.name.startswith("replaced-") for path in (filled.data_dir / "backups").iterdir())


def test_a_running_installation_is_not_restored_over(make_installation, tmp_path):
    installation = make_installation(holding="tables")
    archive = installation.succeed("backup", "--to", str(tmp_path)).strip()

    with (installation.data_dir / "lock").open("w+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write('{"pid": 4711, "url": "http://127.0.0.1:8000"}')
        lock.flush()
        said = installation.refuse("restore", archive)

    assert f"Towpath runs on the data in {installation.data_dir} (process 4711). Stop it first." in said


def test_an_installation_whose_scheduler_ticks_is_not_restored_over(make_installation, tmp_path, valkey_server):
    installation = make_installation(holding="tables")
    installation.environment["REDIS_URL"] = valkey_server.url
    archive = installation.succeed("backup", "--to", str(tmp_path)).strip()
    installation.succeed("shell", "-v", "0", "-c", "from config import heartbeat; heartbeat.note_tick('beat')")

    said = installation.refuse("restore", archive)

    assert "Beat and workers run: their last tick was" in said


@pytest.mark.postgres
def test_a_database_that_others_use_is_not_restored_over(make_installation, tmp_path):
    installation = make_installation("postgresql", holding="tables")
    archive = installation.succeed("backup", "--to", str(tmp_path)).strip()

    with psycopg.connect(installation.environment["DATABASE_URL"]):
        said = installation.refuse("restore", archive)

    assert "Other sessions use the database: 1." in said


@pytest.mark.postgres
def test_without_the_programs_of_postgresql_it_says_what_to_install(make_installation, tmp_path):
    installation = make_installation("postgresql", holding="tables")
    installation.environment["PATH"] = str(tmp_path)

    said = installation.refuse("backup")

    assert "pg_dump is not on this machine. Install PostgreSQL's client programs" in said
    assert not list((installation.data_dir / "backups").glob("*.gz"))


@pytest.mark.postgres
def test_an_archive_of_the_other_database_is_refused(make_installation, tmp_path):
    first = make_installation("sqlite", holding="tables")
    archive = first.succeed("backup", "--to", str(tmp_path)).strip()

    said = make_installation("postgresql").refuse("restore", archive)

    assert "The backup was made from sqlite, and this installation uses postgresql." in said


def test_a_backup_is_consistent_while_everything_is_written(make_installation, tmp_path):
    installation = make_installation(holding="tables")
    code = (
        "from django.db import transaction\n"
        "from accounts.services import audit\n"
        "for n in range(4000):\n"
        "    with transaction.atomic():\n"
        "        audit.record(audit.Verb.SIGNED_IN, actor=None, subject=audit.SubjectText('test', str(n), 'x'))\n"
        "    n or print('writing', flush=True)\n"
    )
    writer = installation.start("shell", "-v", "0", "-c", code)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"

    archive = installation.succeed("backup", "--to", str(tmp_path)).strip()
    was_writing = writer.poll() is None
    writer.communicate(timeout=60)

    other = make_installation()
    assert was_writing
    assert "The record is intact" in other.succeed("restore", archive)
    assert 1 < len(other.world("show")["verbs"]) < 4000


def test_a_database_of_the_future_is_refused(make_installation, tmp_path):
    installation = make_installation(holding="tables")
    with sqlite3.connect(installation.data_dir / "towpath.sqlite3") as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('promotions', '0999_next_year', '2026-01-01')"
        )
    archive = installation.succeed("backup", "--to", str(tmp_path)).strip()

    said = make_installation().refuse("restore", archive)

    assert "which is newer than this one" in said
    assert "promotions.0999_next_year" in said
