from django.db import migrations


class Migration(migrations.Migration):
    """The answers kept for repeated calls belong to accounts, whose calls can be repeated too; the rows stay."""

    dependencies = [
        ("promotions", "0007_idempotent_answers"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.AlterModelTable("IdempotentAnswer", "accounts_idempotentanswer")],
            state_operations=[migrations.DeleteModel("IdempotentAnswer")],
        ),
    ]
