"""Clients of sandbox tooling for an organization."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from accounts.models import Organization
from accounts.services import connections
from clients.sandbox_tooling import SandboxToolingClient
from clients.transport import CallPolicy, Connection

FALLBACK_SANDBOX = "prod"


@contextmanager
def platform(organization: Organization) -> Iterator[Connection]:
    """A connection whose writes keep to the deadline that the settle time is reckoned from."""
    policy = CallPolicy(write_deadline_s=settings.SUBMIT_DEADLINE_S)
    with connections.connect(organization, policy=policy) as connection:
        yield connection


@contextmanager
def tooling(organization: Organization, *, sandbox: str | None = None) -> Iterator[SandboxToolingClient]:
    """A client that names `sandbox` in its calls, or else the organization's default sandbox."""
    with platform(organization) as connection:
        yield SandboxToolingClient(connection, sandbox=sandbox or default_sandbox(organization))


def default_sandbox(organization: Organization) -> str:
    """The sandbox to name in calls that concern none: some platforms refuse a name that they do not know."""
    known = list(organization.sandboxes.filter(vanished_at=None).order_by("-is_default", "name"))
    if not known or known[0].is_default:
        return known[0].name if known else FALLBACK_SANDBOX
    names = [sandbox.name for sandbox in known]
    return FALLBACK_SANDBOX if FALLBACK_SANDBOX in names else names[0]
