from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def give_environments(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give SnapLogic organizations that the REST API took before what new ones get; no call ever went out for them."""
    found = apps.get_model("accounts", "Organization").objects.filter(kind="snaplogic")
    sandboxes = apps.get_model("accounts", "Sandbox").objects
    for organization in found:
        organization.ims_url, organization.service_urls, organization.service_dialects = "", {}, {}
        if organization.platform_url == "https://platform.adobe.io":
            organization.platform_url = "https://elastic.snaplogic.com"
        organization.save(update_fields=["ims_url", "platform_url", "service_urls", "service_dialects"])
        sandboxes.get_or_create(
            organization=organization,
            name=organization.remote_id,
            defaults={"title": organization.name, "type": "environment", "state": "active"},
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_snaplogic_organizations")]

    operations = [migrations.RunPython(give_environments, migrations.RunPython.noop)]
