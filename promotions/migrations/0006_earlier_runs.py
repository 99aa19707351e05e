"""What became of an object in the run that a plan retries, and the latest act on a group of promotions."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("promotions", "0005_job_list")]

    operations = [
        migrations.AddField(
            model_name="planitem",
            name="earlier",
            field=models.JSONField(blank=True, help_text='{"job", "outcome", "text", "target"}: what became of it in the run that this plan retries.', null=True),
        ),
        migrations.AddField(
            model_name="promotiongroup",
            name="last_act",
            field=models.JSONField(blank=True, default=dict, help_text='{"words", "by", "at", "outcomes": [{"promotion", "words", "tone"}]} of the last act on all.'),
        ),
    ]
