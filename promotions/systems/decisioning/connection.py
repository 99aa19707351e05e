"""The client of the Decisioning Migration Service for an organization."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from accounts.models import Organization
from accounts.services import connections
from clients.decisioning import DecisioningClient, Dialect
from clients.transport import CallPolicy
from promotions.systems.decisioning.kinds import SERVICE


@contextmanager
def decisioning(organization: Organization) -> Iterator[DecisioningClient]:
    """In the dialect that the organization's admins have chosen; writes keep to the deadline settling reckons with."""
    policy = CallPolicy(write_deadline_s=settings.SUBMIT_DEADLINE_S)
    with connections.connect(organization, service=SERVICE, policy=policy) as connection:
        dialect = Dialect(organization.service_dialect(SERVICE))
        yield DecisioningClient(connection, dialect=dialect, ims_org_id=organization.remote_id)
