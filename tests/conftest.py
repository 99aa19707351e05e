"""Fixtures for every kind of test."""

import os
import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.test import Client, TransactionTestCase
from whitenoise.middleware import WhiteNoiseMiddleware

from accounts.choices import Role
from accounts.models import Organization, User
from config import embedded
from tests import prepared
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory

audit_triggers = import_module("accounts.migrations.0002_audit_immutability")


def lift_audit_protection() -> None:
    """Let this database change its record: only for cleaning up, and for tests that tamper."""
    with connection.cursor() as cursor:
        for statement in audit_triggers.DROP[connection.vendor]:
            cursor.execute(statement)


def restore_audit_protection() -> None:
    with connection.cursor() as cursor:
        for statement in audit_triggers.CREATE[connection.vendor]:
            cursor.execute(statement)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Every worker has a copy of a database that one of them has migrated.

    SQLite lies in a file, so that several threads and processes meet in it as they do in earnest.
    """
    test: Any = connection.settings_dict["TEST"]
    if connection.vendor == "sqlite":
        test["NAME"] = str(settings.DATA_DIR / "test.sqlite3")
        for leftover in settings.DATA_DIR.glob("test.sqlite3*"):
            leftover.unlink()
        shutil.copyfile(prepared.migrated_folder() / embedded.DATABASE_FILE, test["NAME"])
    else:
        test["TEMPLATE"] = prepared.migrated_database(os.environ["DATABASE_URL"])


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """On SQLite the copy is there already."""
    return connection.vendor == "sqlite"


@pytest.fixture(autouse=True, scope="session")
def _clean_up_may_empty_the_record() -> Iterator[None]:
    """Tests that commit end with every table emptied, which the protection of the record would refuse."""
    testcase: Any = TransactionTestCase  # the method is not public, so its stubs do not know it
    empty_tables = testcase._fixture_teardown

    def lifted(self: Any) -> None:
        lift_audit_protection()
        try:
            empty_tables(self)
        finally:
            restore_audit_protection()

    testcase._fixture_teardown = lifted
    yield
    testcase._fixture_teardown = empty_tables


@pytest.fixture(autouse=True, scope="session")
def _passwords_are_hashed_quickly() -> Iterator[None]:
    """One round in place of a million; installations that tests start as programs keep the million."""
    rounds = PBKDF2PasswordHasher.iterations
    PBKDF2PasswordHasher.iterations = 1
    yield
    PBKDF2PasswordHasher.iterations = rounds


@pytest.fixture(autouse=True, scope="session")
def _static_files_are_looked_for_once() -> Iterator[None]:
    """Every client loads the middleware anew; reading some hundred static files each time took a third of the tests."""
    look = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def look_once(self: Any) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = look_once
    yield
    WhiteNoiseMiddleware.add_files_from_finders = look


@pytest.fixture(autouse=True)
def _no_files_stay() -> Iterator[None]:
    """Rows go with their test; the files of archives, which are in no transaction, go with it too."""
    yield
    shutil.rmtree(settings.DATA_DIR / "files", ignore_errors=True)


@pytest.fixture
def organization(db: None) -> Organization:
    """The organization that owner and teammate work in."""
    return OrganizationFactory(name="Acme")


@pytest.fixture
def owner(organization: Organization) -> User:
    """Admin of the organization, and nothing beyond."""
    user = UserFactory(email="owner@example.com", full_name="Olive Owner")
    MembershipFactory(user=user, organization=organization, role=Role.ADMIN)
    return user


@pytest.fixture
def teammate(organization: Organization) -> User:
    """Operator of the organization."""
    user = UserFactory(email="teammate@example.com", full_name="Tim Teammate")
    MembershipFactory(user=user, organization=organization, role=Role.OPERATOR)
    return user


@pytest.fixture
def stranger(db: None) -> User:
    """Admin of another organization."""
    user = UserFactory(email="stranger@example.com", full_name="Stella Stranger")
    MembershipFactory(user=user, organization=OrganizationFactory(name="Globex"), role=Role.ADMIN)
    return user


@pytest.fixture
def administrator(db: None) -> User:
    """Administrator of the installation, without any membership."""
    return UserFactory(administrator=True, email="administrator@example.com", full_name="Ada Administrator")


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """Makes a browser in which this person is signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
