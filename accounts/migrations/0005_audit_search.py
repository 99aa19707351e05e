"""Full-text search over the record: FTS5 beside the table on SQLite, a column of its own with GIN on PostgreSQL."""

from django.db import migrations

TABLE = "accounts_auditevent"
SEARCH = f"{TABLE}_search"  # the statements below are made of these names alone
# Signs become blanks, so that the parts of an address are words on both engines.
VECTOR = (
    "to_tsvector('simple', regexp_replace(subject_text || ' ' || reason || ' ' || actor_text, "
    "'[^[:alnum:]_]+', ' ', 'g'))"
)

SQLITE_FORWARDS = [
    f"""
    CREATE VIRTUAL TABLE {SEARCH} USING fts5(
        subject_text, reason, actor_text, content='{TABLE}', content_rowid='sequence', prefix='2 3',
        tokenize="unicode61 remove_diacritics 2"
    )
    """,
    f"""
    CREATE TRIGGER {SEARCH}_insert AFTER INSERT ON {TABLE} BEGIN
        INSERT INTO {SEARCH}(rowid, subject_text, reason, actor_text)
        VALUES (new.sequence, new.subject_text, new.reason, new.actor_text);
    END
    """,  # noqa: S608
    # Lines are never removed; where somebody does it all the same, the search must not trip over what is gone.
    f"""
    CREATE TRIGGER {SEARCH}_delete AFTER DELETE ON {TABLE} BEGIN
        INSERT INTO {SEARCH}({SEARCH}, rowid, subject_text, reason, actor_text)
        VALUES ('delete', old.sequence, old.subject_text, old.reason, old.actor_text);
    END
    """,  # noqa: S608
    f"INSERT INTO {SEARCH}({SEARCH}) VALUES ('rebuild')",  # noqa: S608
]
SQLITE_BACKWARDS = [
    f"DROP TRIGGER {SEARCH}_delete",
    f"DROP TRIGGER {SEARCH}_insert",
    f"DROP TABLE {SEARCH}",
]
POSTGRESQL_FORWARDS = [
    # Kept rather than computed: a walk from the newest line on looks at it for every line that it passes.
    f"ALTER TABLE {TABLE} ADD COLUMN search_vector tsvector GENERATED ALWAYS AS ({VECTOR}) STORED",
    f"CREATE INDEX {SEARCH} ON {TABLE} USING gin (search_vector)",
]
POSTGRESQL_BACKWARDS = [
    f"DROP INDEX {SEARCH}",
    f"ALTER TABLE {TABLE} DROP COLUMN search_vector",
]


def forwards(apps, schema_editor):
    run(schema_editor, {"sqlite": SQLITE_FORWARDS, "postgresql": POSTGRESQL_FORWARDS})


def backwards(apps, schema_editor):
    run(schema_editor, {"sqlite": SQLITE_BACKWARDS, "postgresql": POSTGRESQL_BACKWARDS})


def run(schema_editor, statements):
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_record")]

    operations = [migrations.RunPython(forwards, backwards)]
