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
    names = organization.sandboxes.filter(vanished_at=None, is_default=True).values_list("name", flat=True)
    return names.first() or FALLBACK_SANDBOX
