"""Journeys as last seen, and the copies that imports made of them."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_stored_values"),
        ("promotions", "0017_promotion_group_source"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Journey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=500)),
                ("sort_name", models.CharField(help_text="Lower case, for ordering by name.", max_length=500)),
                (
                    "search_text",
                    models.TextField(blank=True, help_text="Lower case; what the list's search looks through."),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("testing", "Testing"),
                            ("in_review", "In review"),
                            ("live", "Live"),
                            ("paused", "Paused"),
                            ("closed", "Closed"),
                            ("finished", "Finished"),
                            ("stopped", "Stopped"),
                            ("unknown", "Unknown"),
                        ],
                        default="unknown",
                        max_length=16,
                    ),
                ),
                ("raw_state", models.CharField(blank=True, help_text="As the platform spells it.", max_length=64)),
                ("description", models.TextField(blank=True)),
                ("latest_version_uid", models.CharField(blank=True, max_length=200)),
                ("latest_version", models.CharField(blank=True, max_length=32)),
                ("version_count", models.PositiveIntegerField(default=0)),
                ("remote_created_at", models.DateTimeField(blank=True, null=True)),
                ("remote_modified_at", models.DateTimeField(blank=True, null=True)),
                (
                    "sort_at",
                    models.DateTimeField(help_text="Modified, else created, else first seen here; orders the list."),
                ),
                ("created_by", models.CharField(blank=True, max_length=200)),
                ("modified_by", models.CharField(blank=True, max_length=200)),
                (
                    "source",
                    models.CharField(
                        choices=[("authoring", "Authoring API"), ("retrieve", "Newer API only"), ("both", "Both APIs")],
                        default="authoring",
                        max_length=16,
                    ),
                ),
                (
                    "problem",
                    models.TextField(blank=True, help_text="Why its latest version could not be read, in a sentence."),
                ),
                ("findings", models.JSONField(blank=True, default=list)),
                ("outline", models.JSONField(blank=True, null=True)),
                ("uses", models.JSONField(blank=True, help_text="Null until an export of it was read.", null=True)),
                ("outline_read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "raw",
                    models.JSONField(blank=True, default=dict, help_text="The remote documents by source, redacted."),
                ),
                ("first_seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "seen_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="Last written, because something changed."
                    ),
                ),
                ("vanished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="journeys", to="accounts.organization"
                    ),
                ),
                (
                    "sandbox",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="journeys", to="accounts.sandbox"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JourneyCopy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source_sandbox_name", models.CharField(max_length=256)),
                ("source_uid", models.CharField(blank=True, max_length=200)),
                ("source_version_uid", models.CharField(max_length=200)),
                ("source_version", models.CharField(blank=True, max_length=32)),
                (
                    "uid",
                    models.CharField(
                        blank=True, help_text="Of the journey made; empty until it is known.", max_length=200
                    ),
                ),
                ("version_uid", models.CharField(blank=True, max_length=200)),
                ("name", models.CharField(blank=True, max_length=500)),
                ("objects_made", models.JSONField(blank=True, default=list)),
                ("problems", models.JSONField(blank=True, default=list)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                (
                    "job",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="journey_copy", to="promotions.job"
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="journey_copies",
                        to="promotions.promotion",
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source_organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.organization"
                    ),
                ),
                (
                    "target_organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.organization"
                    ),
                ),
                (
                    "target_sandbox",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="journey_copies",
                        to="accounts.sandbox",
                    ),
                ),
            ],
            options={
                "ordering": ["-made_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="JourneyReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "authoring",
                    models.CharField(
                        choices=[
                            ("", "Not asked yet"),
                            ("answers", "Answers"),
                            ("not_there", "Not there"),
                            ("unreachable", "Not reachable"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                ("authoring_said", models.TextField(blank=True)),
                (
                    "retrieve",
                    models.CharField(
                        choices=[
                            ("", "Not asked yet"),
                            ("answers", "Answers"),
                            ("not_there", "Not there"),
                            ("unreachable", "Not reachable"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                ("retrieve_said", models.TextField(blank=True)),
                ("listed", models.PositiveIntegerField(default=0, help_text="Journeys that the lists named.")),
                ("is_complete", models.BooleanField(default=False)),
                ("read_at", models.DateTimeField(blank=True, help_text="When a source last answered.", null=True)),
                (
                    "sandbox",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="journey_reading",
                        to="accounts.sandbox",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JourneyVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.CharField(max_length=200)),
                ("version", models.CharField(blank=True, max_length=32)),
                (
                    "sort_key",
                    models.CharField(
                        blank=True, help_text="The version's numbers, made to sort as text.", max_length=100
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("testing", "Testing"),
                            ("in_review", "In review"),
                            ("live", "Live"),
                            ("paused", "Paused"),
                            ("closed", "Closed"),
                            ("finished", "Finished"),
                            ("stopped", "Stopped"),
                            ("unknown", "Unknown"),
                        ],
                        default="unknown",
                        max_length=16,
                    ),
                ),
                ("raw_state", models.CharField(blank=True, max_length=64)),
                ("name", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(blank=True, null=True)),
                ("modified_at", models.DateTimeField(blank=True, null=True)),
                ("modified_by", models.CharField(blank=True, max_length=200)),
                ("raw", models.JSONField(blank=True, default=dict, help_text="The remote row, redacted.")),
                (
                    "journey",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="promotions.journey"
                    ),
                ),
            ],
            options={
                "ordering": ["journey", "-sort_key", "-pk"],
            },
        ),
        migrations.AddIndex(
            model_name="journey",
            index=models.Index(fields=["-sort_at", "-id"], name="journey_newest"),
        ),
        migrations.AddIndex(
            model_name="journey",
            index=models.Index(fields=["organization", "-sort_at", "-id"], name="journey_org_newest"),
        ),
        migrations.AddIndex(
            model_name="journey",
            index=models.Index(fields=["sort_name", "id"], name="journey_name"),
        ),
        migrations.AddIndex(
            model_name="journey",
            index=models.Index(fields=["organization", "sort_name", "id"], name="journey_org_name"),
        ),
        migrations.AddConstraint(
            model_name="journey",
            constraint=models.UniqueConstraint(fields=("sandbox", "uid"), name="one_journey_per_sandbox_and_uid"),
        ),
        migrations.AddIndex(
            model_name="journeycopy",
            index=models.Index(fields=["source_organization", "source_uid"], name="journey_copies_of"),
        ),
        migrations.AddIndex(
            model_name="journeycopy",
            index=models.Index(
                condition=models.Q(("uid", ""), _negated=True),
                fields=["target_sandbox", "uid"],
                name="journey_copy_made",
            ),
        ),
        migrations.AddIndex(
            model_name="journeycopy",
            index=models.Index(fields=["target_sandbox", "version_uid"], name="journey_copy_version"),
        ),
        migrations.AddIndex(
            model_name="journeyversion",
            index=models.Index(fields=["uid"], name="journey_version_uid"),
        ),
        migrations.AddConstraint(
            model_name="journeyversion",
            constraint=models.UniqueConstraint(fields=("journey", "uid"), name="one_version_per_journey_and_uid"),
        ),
    ]
