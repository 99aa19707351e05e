"""Every group of promotions names its source."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("promotions", "0016_promotions_of_anything")]

    operations = [
        migrations.AlterField("promotiongroup", "title", models.CharField(max_length=500)),
        migrations.AlterField(
            "promotiongroup",
            "organization",
            models.ForeignKey(
                help_text="The source.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organization",
            ),
        ),
    ]
