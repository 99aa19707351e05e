"""Fixtures for tests of accounts."""

import pytest
from django.db import connection

from tests.conftest import lift_audit_protection, restore_audit_protection


@pytest.fixture
def tamper():
    """Runs SQL on the record as an intruder would who owns the database but not the audit key."""

    def run(statement, parameters=()):
        lift_audit_protection()
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
        restore_audit_protection()

    return run
