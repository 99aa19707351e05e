"""A step that fails half-way."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("next_version", "0001_works")]
    operations = [
        migrations.RunSQL("CREATE TABLE half_way (id integer)", migrations.RunSQL.noop),
        migrations.RunSQL("INSERT INTO nowhere VALUES (1)", migrations.RunSQL.noop),
    ]
