"""Approvals of before were all of plans: the target's approvers decide. Apart, since PostgreSQL alters no table while
its rows wait for their checks."""

from django.db import migrations
from django.db.models import OuterRef, Subquery


def name_organizations(apps, schema_editor):
    targets = apps.get_model("promotions", "Plan").objects.filter(pk=OuterRef("plan_id"))
    apps.get_model("promotions", "Approval").objects.filter(organization=None).update(
        organization_id=Subquery(targets.values("promotion__target_organization_id")[:1])
    )


class Migration(migrations.Migration):
    dependencies = [("promotions", "0011_sharing")]

    operations = [migrations.RunPython(name_organizations, migrations.RunPython.noop)]
