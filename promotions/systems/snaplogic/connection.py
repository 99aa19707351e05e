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
    """The client of an environment; `is_long` for calls that bring a whole file."""
    with connections.connect_snaplogic(organization, policy=policy_of(is_long=is_long)) as connection:
        yield SnapLogicClient(connection, environment=organization.remote_id)


def policy_of(*, is_long: bool) -> CallPolicy:
    """A long call gets longer than the 15 minutes that the platform may work on it, and says nothing all that time.

    SnapLogic, public API, "Public APIs overview": the time limit of a call.
    """
    if not is_long:
        return CallPolicy(write_deadline_s=settings.SUBMIT_DEADLINE_S)
    long_s = settings.UPLOAD_DEADLINE_S
    return CallPolicy(write_deadline_s=long_s, attempt_deadline_s=long_s, read_budget_s=long_s, silence_s=long_s)
