"""One rule for all writes: what only one unfinished job at a time may concern is named by the job itself."""

from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Cast, Concat

UNFINISHED = ("queued", "submitting", "running", "needs_attention")


def _text(number):
    return Cast(number, models.CharField())


def name_scopes(apps, schema_editor):
    """Give the unfinished writes the scope that two constraints expressed by their columns."""
    writes = apps.get_model("promotions", "Job").objects.filter(
        state__in=UNFINISHED, marker__isnull=False, package__isnull=False
    )
    of_package = Concat(models.Value("package:"), _text("package_id"))
    writes.filter(sandbox__isnull=True).update(scope=of_package)
    writes.filter(sandbox__isnull=False).update(
        scope=Concat(of_package, models.Value(":sandbox:"), _text("sandbox_id"))
    )


class Migration(migrations.Migration):
    dependencies = [("promotions", "0009_package_lists")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="scope",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What only one unfinished write at a time may concern.",
                max_length=400,
            ),
            preserve_default=False,
        ),
        migrations.RunPython(name_scopes, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="job", name="one_unfinished_import_per_package_and_sandbox"),
        migrations.RemoveConstraint(model_name="job", name="one_unfinished_publish_per_package"),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=Q(("state__in", UNFINISHED), models.Q(("scope", ""), _negated=True)),
                fields=("scope",),
                name="one_unfinished_per_scope",
            ),
        ),
    ]
