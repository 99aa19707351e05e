"""What the objects of a package need, kept with it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('promotions', '0002_package_search'),
    ]

    operations = [
        migrations.AddField(
            model_name='package',
            name='dependencies',
            field=models.JSONField(blank=True, help_text='{"nodes": [{"key", "type", "id", "title", "depth"}], "children": {key: [...]}, "is_cut"}', null=True),
        ),
        migrations.AddField(
            model_name='package',
            name='dependencies_read_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
