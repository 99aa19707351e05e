"""Full-text search on SQLite follows the packages again: making their table anew for a column loses its triggers."""

from importlib import import_module

from django.db import migrations

TRIGGERS = ("insert", "delete", "update")


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    _, *statements = import_module("promotions.migrations.0002_package_search").SQLITE_FORWARDS
    for name in TRIGGERS:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS promotions_package_search_{name}")
    for statement in statements:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("promotions", "0014_updated_outcome")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
