"""Many processes start a new version at once: one backup, one migration; and one that fails leaves what was."""

import json
import tarfile

import pytest

PROCESSES = 4


def migrations_in(archive):
    with tarfile.open(archive) as tar:
        file = tar.extractfile("manifest.json")
        assert file is not None
        return set(json.load(file)["migrations"])


def backups_of(installation):
    return sorted((installation.data_dir / "backups").glob("*.tar.gz"))


def tables(installation):
    listed = installation.succeed(
        "shell",
        "-v",
        "0",
        "-c",
        "import json; from django.db import connection; print(json.dumps(connection.introspection.table_names()))",
    )
    return set(json.loads(listed))


def test_processes_that_start_at_once_make_one_backup_and_one_upgrade(make_installation, engine):
    installation = make_installation(engine)
    installation.succeed("migrate", "accounts", "0001", "-v", "0")

    running = [installation.start("upgrade") for _ in range(PROCESSES)]
    outputs = [process.communicate(timeout=120)[0] for process in running]

    assert [process.returncode for process in running] == [0] * PROCESSES, outputs
    assert sum("Upgrading the database" in output for output in outputs) == 1
    assert all(output.endswith("The database fits this version.\n") for output in outputs)
    (kept,) = backups_of(installation)
    assert "accounts.0001_accounts" in migrations_in(kept)
    assert "accounts.0002_audit_immutability" not in migrations_in(kept)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "promotions_job" in tables(installation)
    assert installation.succeed("upgrade") == "The database fits this version.\n"


def test_processes_that_set_a_new_installation_up_at_once_need_no_backup(make_installation, engine):
    installation = make_installation(engine)

    running = [installation.start("upgrade") for _ in range(PROCESSES)]
    outputs = [process.communicate(timeout=120)[0] for process in running]

    assert [process.returncode for process in running] == [0] * PROCESSES, outputs
    assert sum("Setting up the database" in output for output in outputs) == 1
    assert backups_of(installation) == []


def test_a_migration_that_fails_leaves_the_database_as_it_was_and_names_the_backup(make_installation, engine):
    installation = make_installation(engine, holding="tables")
    before = tables(installation)
    installation.environment["DJANGO_SETTINGS_MODULE"] = "tests.integration.operations.failing_settings"

    said = installation.refuse("upgrade")

    del installation.environment["DJANGO_SETTINGS_MODULE"]
    (kept,) = backups_of(installation)
    assert "The database could not be upgraded: the database says: " in said
    assert "Every step was taken back: the database is as it was" in said
    assert f"A backup is in {kept}." in said
    assert tables(installation) == before
    assert installation.succeed("upgrade") == "The database fits this version.\n"


def test_an_upgrade_that_fails_again_and_again_does_not_fill_the_disk(make_installation):
    installation = make_installation(holding="tables")
    installation.environment["DJANGO_SETTINGS_MODULE"] = "tests.integration.operations.failing_settings"
    folder = installation.data_dir / "backups"
    folder.mkdir()
    for number in range(7):
        (folder / f"before-upgrade-2020010{number}T000000.000000Z.tar.gz").touch()

    installation.refuse("upgrade")

    assert len(backups_of(installation)) == 5


@pytest.mark.postgres
def test_without_pg_dump_the_server_is_upgraded_all_the_same_and_says_so(make_installation, tmp_path):
    installation = make_installation("postgresql")
    installation.succeed("migrate", "accounts", "0001", "-v", "0")
    installation.environment["PATH"] = str(tmp_path)

    said = installation.succeed("upgrade")

    assert "No backup was made before the upgrade. pg_dump is not on this machine." in said
    assert said.endswith("The database fits this version.\n")
