"""`manage.py sync_journeys`: read the journeys of organizations now."""

from accounts.models import Organization
from promotions.management.commands import sync_packages
from promotions.models import Job
from promotions.services import journeys


class Command(sync_packages.Command):
    help = (
        "Read the journeys of all active sandboxes of Adobe organizations, as a job, and print its progress. Exit "
        "codes: 0 every organization was read (or, with --no-wait, queued); 1 refused, nothing was started; 2 wrong "
        "usage; 4 reading failed; 5 not over when the time was up; 6 cancelled."
    )

    def request(self, organization: Organization) -> Job:
        return journeys.request_synchronization(organization=organization, actor=None)
