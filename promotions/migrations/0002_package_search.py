"""Full-text search over packages: FTS5 beside the table on SQLite, a GIN index on PostgreSQL."""

from django.db import migrations

SQLITE_FORWARDS = [
    """
    CREATE VIRTUAL TABLE promotions_package_search USING fts5(
        search_text, content='promotions_package', content_rowid='id', tokenize="unicode61 remove_diacritics 2"
    )
    """,
    """
    CREATE TRIGGER promotions_package_search_insert AFTER INSERT ON promotions_package BEGIN
        INSERT INTO promotions_package_search(rowid, search_text) VALUES (new.id, new.search_text);
    END
    """,
    """
    CREATE TRIGGER promotions_package_search_delete AFTER DELETE ON promotions_package BEGIN
        INSERT INTO promotions_package_search(promotions_package_search, rowid, search_text)
        VALUES ('delete', old.id, old.search_text);
    END
    """,
    """
    CREATE TRIGGER promotions_package_search_update AFTER UPDATE OF search_text ON promotions_package
    WHEN old.search_text IS NOT new.search_text BEGIN
        INSERT INTO promotions_package_search(promotions_package_search, rowid, search_text)
        VALUES ('delete', old.id, old.search_text);
        INSERT INTO promotions_package_search(rowid, search_text) VALUES (new.id, new.search_text);
    END
    """,
    "INSERT INTO promotions_package_search(promotions_package_search) VALUES ('rebuild')",
]
SQLITE_BACKWARDS = [
    "DROP TRIGGER promotions_package_search_update",
    "DROP TRIGGER promotions_package_search_delete",
    "DROP TRIGGER promotions_package_search_insert",
    "DROP TABLE promotions_package_search",
]
POSTGRESQL_FORWARDS = [
    """
    CREATE INDEX promotions_package_search ON promotions_package
    USING gin (to_tsvector('simple', search_text))
    """
]
POSTGRESQL_BACKWARDS = ["DROP INDEX promotions_package_search"]


def forwards(apps, schema_editor):
    run(schema_editor, {"sqlite": SQLITE_FORWARDS, "postgresql": POSTGRESQL_FORWARDS})


def backwards(apps, schema_editor):
    run(schema_editor, {"sqlite": SQLITE_BACKWARDS, "postgresql": POSTGRESQL_BACKWARDS})


def run(schema_editor, statements):
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("promotions", "0001_promotions")]

    operations = [migrations.RunPython(forwards, backwards)]
