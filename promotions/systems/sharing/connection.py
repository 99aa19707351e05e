"""The client of sharing for an organization."""

from collections.abc import Iterator
from contextlib import contextmanager

from accounts.models import Organization
from clients.sandbox_sharing import SharingClient
from promotions.systems.packages.connection import default_sandbox, platform


@contextmanager
def sharing(organization: Organization) -> Iterator[SharingClient]:
    """A client that names the organization's default sandbox: sharing concerns none, and every call wants one."""
    with platform(organization) as connection:
        yield SharingClient(connection, sandbox=default_sandbox(organization))
