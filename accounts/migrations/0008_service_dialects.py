from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_stored_values")]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="service_dialects",
            field=models.JSONField(
                blank=True, default=dict, help_text="By name of a further service, only where it is not the first."
            ),
        ),
    ]
