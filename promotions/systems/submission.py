"""What the writes of all systems have in common."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings

from accounts.services import audit
from accounts.services.audit import SubjectText
from promotions.choices import JobState, ProblemKind
from promotions.engine.registry import Ending, Submission
from promotions.models import Job
from promotions.services.verbs import Verb


def nothing_sent(reason: str) -> Ending:
    """What a write rests on is no longer so."""
    return Ending(
        state=JobState.CANCELLED, problem_kind=ProblemKind.PLAN_CHANGED, problem=f"Nothing was sent. {reason}"
    )


class TimedSubmission(Submission):
    """A write whose times come from the settings, read at every use."""

    @property
    def deadline(self) -> timedelta:  # type: ignore[override]
        return timedelta(seconds=settings.SUBMIT_DEADLINE_S)

    @property
    def settle(self) -> timedelta:  # type: ignore[override]
        return timedelta(seconds=settings.SUBMIT_SETTLE_S)

    @property
    def follow_deadline(self) -> timedelta:  # type: ignore[override]
        return timedelta(hours=settings.FOLLOW_DEADLINE_HOURS)


class RecordedSubmission(TimedSubmission):
    """A write that the record tells of in its own words."""

    accepted: ClassVar[Verb]
    """What the record says once the platform has it."""
    act: ClassVar[str]
    """What has come to an end when it is over: "creating"."""
    closed: ClassVar[Verb]
    """What the record says of that end."""

    def accepted_verb(self, job: Job) -> Verb:
        return self.accepted

    def whereof(self, job: Job) -> str:
        """What follows the verb, and the act."""
        return f"“{job.title}”"

    def as_accepted(self, job: Job) -> SubjectText:
        return SubjectText(job._meta.label_lower, str(job.pk), self.whereof(job))

    def as_ended(self, job: Job) -> SubjectText:
        words = f"{self.act} {self.whereof(job)} ({job.get_state_display().lower()})"
        return SubjectText(job._meta.label_lower, str(job.pk), words)

    def told(self, job: Job) -> dict[str, Any]:
        """What the record names by its id once the platform has it."""
        return {"remote_id": job.remote_id}

    def submitted(self, job: Job, *, how: str) -> None:
        audit.record(
            self.accepted_verb(job),
            actor=job.requested_by,
            subject=self.as_accepted(job),
            organization=job.organization,
            details={**self.told(job), "how": how, "sent": job.submit_count},
        )

    def ended(self, job: Job, ending: Ending) -> None:
        if ending.state != JobState.NEEDS_ATTENTION:
            audit.record(
                self.closed,
                actor=None,
                subject=self.as_ended(job),
                organization=job.organization,
                reason=ending.problem,
                details={"state": ending.state},
            )


def unknown_ids(job: Job, ids: Collection[str]) -> list[str]:
    """Those of some remote ids that this write may have made: not there before, nor another job's."""
    before: dict[str, Any] = job.params.get("before", {})
    others = Job.objects.filter(organization=job.organization, remote_id__in=list(ids)).exclude(pk=job.pk)
    known = {*before.get("ids", []), *job.params.get("dismissed", []), *others.values_list("remote_id", flat=True)}
    return [remote_id for remote_id in ids if remote_id not in known]
