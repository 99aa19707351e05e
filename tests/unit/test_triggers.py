"""What the database itself keeps: a migration that makes a table anew on SQLite loses its triggers without a word."""

import pytest
from django.db import connection

# What refuses to change the record, and what keeps the searches up to date.
NEEDED = {
    "sqlite": {
        ("accounts_auditevent", "accounts_auditevent_refuse_delete"),
        ("accounts_auditevent", "accounts_auditevent_refuse_update"),
        ("accounts_auditevent", "accounts_auditevent_search_delete"),
        ("accounts_auditevent", "accounts_auditevent_search_insert"),
        ("promotions_package", "promotions_package_search_delete"),
        ("promotions_package", "promotions_package_search_insert"),
        ("promotions_package", "promotions_package_search_update"),
    },
    "postgresql": {
        ("accounts_auditevent", "accounts_auditevent_refuse_change"),
        ("accounts_auditevent", "accounts_auditevent_refuse_truncate"),
    },
}
LISTED = {
    "sqlite": "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal",
}


@pytest.mark.django_db
def test_every_trigger_that_is_needed_outlives_all_migrations() -> None:
    with connection.cursor() as cursor:
        cursor.execute(LISTED[connection.vendor])
        found = {(table, name) for table, name in cursor.fetchall()}

    assert found == NEEDED[connection.vendor]
