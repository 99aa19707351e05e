"""The only way a view, the API or a command gets an API version or an archive. What you may not know of is 404."""

from collections.abc import Collection

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.access import organizations_for_read, organizations_for_role, require_role
from accounts.choices import OrganizationKind, Role
from accounts.models import Organization, User
from accounts.models.organizations import OrganizationQuerySet
from promotions.access import job_for_change, plan_for_change, plan_for_read
from promotions.models import ApiVersion, Archive, Job, Plan
from promotions.systems.snaplogic import kinds


def api_environments(user: User) -> OrganizationQuerySet:
    """SnapLogic environments that the person may read, by name."""
    return organizations_for_read(user).filter(kind=OrganizationKind.SNAPLOGIC).order_by("name", "pk")


def api_targets(user: User) -> OrganizationQuerySet:
    """SnapLogic environments whose versions the person may change, by name."""
    operated = organizations_for_role(user, Role.OPERATOR)
    return operated.filter(kind=OrganizationKind.SNAPLOGIC).order_by("name", "pk")


def require_api_targets(user: User) -> OrganizationQuerySet:
    """Those same environments; raises PermissionDenied if there is none."""
    targets = api_targets(user)
    if not targets:
        raise PermissionDenied("This needs the role operator in an environment of SnapLogic. Ask one of its admins.")
    return targets


def api_versions_for_read(user: User) -> QuerySet[ApiVersion]:
    visible = Organization.objects.visible_to(user).values("pk")
    return ApiVersion.objects.filter(organization__in=visible).select_related("organization")


def api_version_for_read(user: User, pk: int) -> ApiVersion:
    return get_object_or_404(api_versions_for_read(user).select_related("state_job"), pk=pk)


def api_version_for_change(user: User, pk: int) -> ApiVersion:
    """A version to forget or to note something on; needs an operator."""
    row = api_version_for_read(user, pk)
    require_role(user, row.organization, Role.OPERATOR)
    return row


def api_versions_for_change(user: User, pks: Collection[int]) -> list[ApiVersion]:
    """Several versions to change together, by API and version; needs an operator wherever one of them is."""
    rows = list(api_versions_for_read(user).filter(pk__in=pks).order_by("organization", "api", "version"))
    if len(rows) < len(set(pks)):
        raise Http404("There is no such API version.")
    for organization in {row.organization for row in rows}:
        require_role(user, organization, Role.OPERATOR)
    return rows


def archives_for_read(user: User) -> QuerySet[Archive]:
    """Zips of environments that the person may read."""
    visible = Organization.objects.visible_to(user).values("pk")
    return Archive.objects.filter(organization__in=visible).select_related("organization", "created_by")


def archive_for_read(user: User, pk: int) -> Archive:
    return get_object_or_404(archives_for_read(user), pk=pk)


def archive_for_change(user: User, pk: int) -> Archive:
    """An archive to erase; needs an operator."""
    archive = archive_for_read(user, pk)
    require_role(user, archive.organization, Role.OPERATOR)
    return archive


def import_job_for_change(user: User, pk: int) -> Job:
    """A job that imported an API version; needs an operator of its target."""
    job = job_for_change(user, pk)
    if job.kind != kinds.IMPORT:
        raise Http404
    return job


def import_plan_for_read(user: User, pk: int) -> Plan:
    """A plan that imports an API version."""
    plan = plan_for_read(user, pk)
    if plan.promotion.system != kinds.SYSTEM:
        raise Http404
    return plan


def import_plan_for_change(user: User, pk: int) -> Plan:
    """The same; needs an operator of its target."""
    plan = plan_for_change(user, pk)
    if plan.promotion.system != kinds.SYSTEM:
        raise Http404
    return plan
