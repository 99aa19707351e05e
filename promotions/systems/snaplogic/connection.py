"""The client of SnapLogic's public API for an environment."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from accounts.models import Organization
from accounts.services import connections
from clients.snaplogic import SnapLogicClient
from clients.transport import CallPolicy


@contextmanager
def snaplogic(organization: Organization, *, is_long: bool = False) -> Iterator[SnapLogicClient]:
    """Calls that bring a whole file (`is_long`) get longer than the 15 minutes that the platform may work on them.

    SnapLogic, public API, "Public APIs overview": the time limit of a call.
    """
    write_s = settings.UPLOAD_DEADLINE_S if is_long else settings.SUBMIT_DEADLINE_S
    policy = CallPolicy(write_deadline_s=write_s)
    if is_long:
        policy = CallPolicy(
            write_deadline_s=write_s, attempt_deadline_s=write_s, read_budget_s=write_s, silence_s=write_s
        )
    with connections.connect_snaplogic(organization, policy=policy) as connection:
        yield SnapLogicClient(connection, environment=organization.remote_id)
