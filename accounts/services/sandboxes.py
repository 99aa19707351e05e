"""What is known of an organization's sandboxes."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.choices import SANDBOX_ACTIVE, OrganizationKind, SandboxType
from accounts.errors import RefusedError
from accounts.models import Organization, Sandbox
from clients.sandbox_management import RemoteSandbox

SEEN_FIELDS = ("title", "type", "state", "region", "is_default")


@dataclass(frozen=True)
class SandboxChanges:
    """Names of the sandboxes that a complete list changed."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    vanished: tuple[str, ...]


@transaction.atomic
def apply_sandboxes(organization: Organization, remote_sandboxes: Sequence[RemoteSandbox]) -> SandboxChanges:
    """Make our rows say what a complete list says; what it no longer names is marked as vanished, not removed.

    Raises RefusedError for an organization that has no sandboxes.
    """
    require_sandboxes(organization)
    Organization.objects.select_for_update().get(pk=organization.pk)
    now = timezone.now()
    known = {sandbox.name: sandbox for sandbox in organization.sandboxes.all()}
    seen = {remote.name: remote for remote in remote_sandboxes}
    created, updated = [], []
    for name, remote in seen.items():
        values = {
            "title": remote.title[:256],
            "type": remote.type[:32],
            "state": remote.state[:32],
            "region": (remote.region or "")[:32],
            "is_default": remote.is_default,
        }
        sandbox = known.get(name)
        if sandbox is None:
            Sandbox.objects.create(organization=organization, name=name, seen_at=now, **values)
            created.append(name)
            continue
        is_changed = sandbox.vanished_at is not None or any(
            getattr(sandbox, field) != values[field] for field in SEEN_FIELDS
        )
        if is_changed:
            updated.append(name)
        Sandbox.objects.filter(pk=sandbox.pk).update(seen_at=now, vanished_at=None, **values)
    vanished = [name for name, sandbox in known.items() if name not in seen and sandbox.vanished_at is None]
    organization.sandboxes.filter(name__in=vanished).update(vanished_at=now)
    return SandboxChanges(tuple(created), tuple(updated), tuple(vanished))


def require_sandboxes(organization: Organization) -> None:
    """Raise RefusedError unless there are sandboxes that can be read from the platform."""
    if not organization.vendor.has_sandboxes:
        raise RefusedError(
            f"{organization} is one environment of {organization.get_kind_display()}, and has no sandboxes to read."
        )


def keep_environment(organization: Organization) -> None:
    """Make the row of the environment that a SnapLogic organization is say what the organization says."""
    if organization.kind != OrganizationKind.SNAPLOGIC:
        return
    Sandbox.objects.update_or_create(
        organization=organization,
        type=SandboxType.ENVIRONMENT,
        defaults={"name": organization.remote_id, "title": organization.name, "state": SANDBOX_ACTIVE},
    )
