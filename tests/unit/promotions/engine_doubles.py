"""A remote system small enough to stop between any two steps of the engine."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clients.deadlines import remaining
from promotions.choices import ACTIVE, JobState
from promotions.engine import claims, inline, registry
from promotions.engine.registry import Ending, LookUp, Report, Snapshot, Submission, Submitted
from promotions.models import Job
from tests.factories_promotions import JobFactory

KIND = "test.post"


def nothing(job: Job) -> None:
    """What happens at a step where a test has nothing to say."""


def nothing_of_many(jobs: Sequence[Job]) -> None:
    """The same for many jobs at once."""


@dataclass
class Post(Submission):
    """Letters that are posted; each hook runs at its step and may raise, or do what another process would."""

    kind = KIND
    label = "Post"
    deadline = timedelta(seconds=60)
    settle = timedelta(seconds=120)
    follow_deadline: timedelta | None = timedelta(hours=1)

    sent: list[int] = field(default_factory=list)
    look_ups: list[LookUp] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    objection: Ending | None = None
    before: dict[str, Any] = field(default_factory=dict)
    is_contradicted: bool = False
    reads: list[str] = field(default_factory=list)
    at_recheck: Callable[[Job], None] = nothing
    at_submit: Callable[[Job], None] = nothing
    at_look_up: Callable[[Job], None] = nothing
    at_read: Callable[[Job], None] = nothing
    at_list: Callable[[Sequence[Job]], None] = nothing_of_many
    answer: Submitted = field(default_factory=lambda: Submitted("remote-1", {}))
    ends: list[str] = field(default_factory=list)
    time_left: float | None = None

    def recheck(self, job: Job, report: Report) -> Ending | None:
        self.at_recheck(job)
        return self.objection

    def note_before(self, job: Job) -> dict[str, Any]:
        return self.before

    def submit(self, job: Job, report: Report) -> Submitted:
        self.time_left = remaining()
        self.sent.append(job.pk)
        self.at_submit(job)
        return self.answer

    def look_up(self, job: Job, report: Report) -> LookUp:
        self.at_look_up(job)
        return self.look_ups.pop(0) if self.look_ups else LookUp([], is_complete=True)

    def list_statuses(self, jobs: Sequence[Job]) -> Mapping[int, str]:
        self.at_list(jobs)
        return {job.pk: self.statuses[job.remote_id] for job in jobs if job.remote_id in self.statuses}

    def read(self, job: Job) -> Snapshot:
        self.reads.append(job.remote_id)
        self.at_read(job)
        status = self.statuses.get(job.remote_id, "")
        return Snapshot(status=status, is_over=status == "SUCCESS", done=1, total=1, raw={"status": status})

    def record(self, job: Job, snapshot: Snapshot) -> None:
        pass

    def verify(self, job: Job) -> bool:
        return not self.is_contradicted

    def conclude(self, job: Job) -> Ending:
        return Ending(state=JobState.SUCCEEDED)

    def ended(self, job: Job, ending: Ending) -> None:
        self.ends.append(ending.state)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    found = Post()
    monkeypatch.setitem(registry._types, KIND, found)
    return found


def letter(**fields: object) -> Job:
    """A queued job of that kind."""
    return JobFactory(kind=KIND, **fields)


def running_letter(remote_id: str = "remote-1", **fields: object) -> Job:
    """One that the platform has."""
    values = {"state": JobState.RUNNING, "remote_id": remote_id, "submit_count": 1, "started_at": timezone.now()}
    return letter(**{**values, **fields})


def claim(job: Job) -> str:
    """Have somebody claim the row, due or not; returns the token."""
    Job.objects.filter(pk=job.pk).update(due_at=timezone.now())
    return next(found.token for found in claims.claim_due() if found.job_id == job.pk)


def work_on(*jobs: Job) -> None:
    """Let these jobs fall due and do what they need."""
    Job.objects.filter(pk__in=[job.pk for job in jobs], state__in=ACTIVE).update(due_at=timezone.now())
    inline.run_due()


def fresh(job: Job) -> Job:
    job.refresh_from_db()
    return job


def texts(job: Job) -> str:
    return "\n".join(job.events.values_list("text", flat=True))


def finders(ids: Iterable[str]) -> LookUp:
    return LookUp(list(ids), is_complete=True)
