import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_idempotent_answers")]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="service_urls",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="By name of a further service, only where it differs from its default.",
            ),
        ),
        migrations.CreateModel(
            name="StoredValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("description", models.CharField(blank=True, max_length=500)),
                (
                    "sealed",
                    models.TextField(blank=True, help_text="The ciphertext; empty once the value was erased."),
                ),
                (
                    "digest",
                    models.CharField(
                        blank=True,
                        help_text="Tells whether the value is still the one somebody chose.",
                        max_length=64,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("set_at", models.DateTimeField(blank=True, null=True)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stored_values",
                        to="accounts.organization",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["organization", "name"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at", None)),
                        fields=("organization", "name"),
                        name="one_present_value_per_organization_and_name",
                    )
                ],
            },
        ),
    ]
