"""A step that works and can be taken back."""

from django.db import migrations


class Migration(migrations.Migration):
    operations = [migrations.RunSQL("CREATE TABLE next_version (id integer)", "DROP TABLE next_version")]
