"""What the writes of sandbox tooling have in common."""

from datetime import timedelta

from django.conf import settings

from promotions.choices import JobState, ProblemKind
from promotions.engine.registry import Ending, Submission


def nothing_sent(reason: str) -> Ending:
    """What a write rests on is no longer so."""
    return Ending(
        state=JobState.CANCELLED, problem_kind=ProblemKind.PLAN_CHANGED, problem=f"Nothing was sent. {reason}"
    )


class ToolingSubmission(Submission):
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
