"""Indexes for every way to narrow the job list, and the names people give to their filters."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_audit_immutability"),
        ("promotions", "0004_approvals_memory_groups"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                (
                    "query",
                    models.CharField(help_text="The filter as the address of the list holds it.", max_length=1000),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["name", "pk"],
            },
        ),
        migrations.RemoveIndex(
            model_name="job",
            name="job_org_newest",
        ),
        migrations.RemoveIndex(
            model_name="job",
            name="job_state_newest",
        ),
        migrations.RemoveIndex(
            model_name="job",
            name="job_org_state_newest",
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["organization", "-created_at", "-id", "is_quiet"], name="job_organization"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["state", "-created_at", "-id", "organization", "is_quiet"], name="job_state"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                fields=["organization", "state", "-created_at", "-id", "is_quiet"], name="job_organization_state"
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["organization", "kind", "-created_at", "-id"], name="job_organization_kind"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                fields=["sandbox", "-created_at", "-id", "organization", "is_quiet"], name="job_sandbox"
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                fields=["sandbox", "state", "-created_at", "-id", "organization", "is_quiet"], name="job_sandbox_state"
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                fields=["requested_by", "-created_at", "-id", "organization", "is_quiet"], name="job_person"
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                fields=["requested_by", "state", "-created_at", "-id", "organization", "is_quiet"],
                name="job_person_state",
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("is_foreign", True)),
                fields=["organization", "-created_at", "-id"],
                name="job_elsewhere",
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("is_foreign", True)),
                fields=["organization", "state", "-created_at", "-id"],
                name="job_elsewhere_state",
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("is_foreign", False), ("is_quiet", False)),
                fields=["organization", "-created_at", "-id"],
                name="job_here",
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="saved_views", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("person", "name"), name="one_saved_view_per_person_and_name"),
        ),
    ]
