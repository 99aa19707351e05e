"""Whether whoever asked for a write still may: time passes between the click and the call."""

from accounts import access
from accounts.choices import Role
from promotions.choices import JobState, ProblemKind
from promotions.engine.registry import Ending
from promotions.models import Job


def lost(job: Job) -> Ending | None:
    """How a job ends whose requester was deactivated or is no operator any more; None if nothing speaks against it.

    A job that nobody is named for was started on the server itself.
    """
    person = job.requested_by
    if person is None or access.has_role(person, job.organization, Role.OPERATOR):
        return None
    return Ending(
        state=JobState.CANCELLED,
        problem_kind=ProblemKind.PLAN_CHANGED,
        problem=f"Nothing was sent: {person} asked for it, and is no operator of {job.organization} any more. "
        "Another operator can run it.",
    )
