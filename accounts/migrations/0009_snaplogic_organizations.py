from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_service_dialects")]

    operations = [
        migrations.AddField(
            model_name="credential",
            name="issuer",
            field=models.CharField(
                blank=True, default="", help_text="Of a signed JWT, as SnapLogic was told it.", max_length=200
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="credential",
            name="key_id",
            field=models.CharField(
                blank=True, default="", help_text="Which published key proves a signed JWT.", max_length=200
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="credential",
            name="kind",
            field=models.CharField(
                choices=[
                    ("oauth_server_to_server", "OAuth server-to-server"),
                    ("jwt", "JWT service account (retired by Adobe)"),
                    ("snaplogic_basic", "SnapLogic user and password"),
                    ("snaplogic_bearer", "SnapLogic JWT bearer"),
                ],
                max_length=32,
            ),
        ),
        migrations.AlterField(
            model_name="organization",
            name="ims_url",
            field=models.URLField(
                blank=True,
                default="https://ims-na1.adobelogin.com",
                help_text="Empty where there is no sign-in service.",
                max_length=300,
            ),
        ),
    ]
