"""The name of this system, those of its job types, and of the service whose address it calls."""

from accounts.models import Organization

SYSTEM = "decisioning"
SERVICE = "decisioning"

ANALYSE = "decisioning.analyse"
MIGRATE = "decisioning.migrate"
ROLL_BACK = "decisioning.roll_back"
WORKFLOWS = (ANALYSE, MIGRATE, ROLL_BACK)
DELETE = "decisioning.delete"


def slot_of(organization: Organization) -> str:
    """The service runs one workflow of an organization at a time, of whatever kind."""
    return f"decisioning:{organization.pk}"
