"""What the pages about jobs show, gathered in one place for pages, rows and live fragments."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max
from django.utils import timezone

from accounts.access import has_role, organizations_for_read
from accounts.choices import Role
from accounts.models import User
from promotions import access, keyset, progress
from promotions.choices import (
    GOOD_ENDS,
    GOOD_OUTCOMES,
    Decision,
    JobState,
    ProblemKind,
    ResultOutcome,
    Severity,
    Verification,
    label,
)
from promotions.engine import registry
from promotions.engine.registry import Submission
from promotions.models import Job, JobEvent, TaskResult
from promotions.services import consent
from promotions.systems.base import Words, system
from promotions.turns import turn_of
from promotions.undo_facts import undo_of
from promotions.views.attention import attention
from promotions.views.repeats import retry_of

NEWEST_FIRST = keyset.Order("created_at", is_descending=True, is_time=True)
TABS = {"objects": "Objects", "timeline": "Time line", "decisions": "Decisions and approval", "raw": "Raw"}
# Every live row asks for itself; where there are many, each asks less often.
FEW_LIVE_ROWS = 10
ROW_EVERY_S = (5, 20)
OBJECTS_SHOWN = 200
EVENTS_SHOWN = 500
# Times in words move on by themselves; the page of a job that stands still is renewed this often.
STALE_AFTER_S = 15

# What platforms say of what they made; beside a result that says the same it would be noise.
_PLAIN_CLAIMS = ("created", "imported", "made", "removed")
_BAD_OUTCOMES = (ResultOutcome.FAILED, ResultOutcome.HIDDEN_ERROR, ResultOutcome.UNKNOWN)


def title_of(job: Job) -> str:
    """What the job does, in words; reading jobs say it in their own title."""
    if not registry.is_submission(job.kind):
        return job.title
    target = f" {registry.into(job.kind)} {job.sandbox.name}" if job.sandbox else ""
    words = f"{registry.named(job.kind, job.title)}{target}"
    return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class Row:
    """A job in a list."""

    job: Job
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return title_of(self.job)

    @property
    def ended_at(self) -> datetime | None:
        return ended_at(self.job)

    @property
    def segments(self) -> list[progress.Segment]:
        return progress.small_bar(self.counts)

    @property
    def counts_in_words(self) -> str:
        return progress.in_words(self.counts)

    @property
    def outcome(self) -> str:
        """What came of it in words, where no objects tell it."""
        return "" if self.counts else self.job.problem or registry.describe(self.job)

    @property
    def took(self) -> timedelta | None:
        return took(self.job)


def ended_at(job: Job) -> datetime | None:
    """When it ended; of a job elsewhere only the beginning is known for sure."""
    return job.created_at if job.is_foreign else job.finished_at


def among_organizations(user: User) -> keyset.Among:
    """The organizations whose jobs the person sees."""
    return keyset.Among("organization_id", list(organizations_for_read(user).values_list("pk", flat=True)))


def rows_of(listed: Iterable[Job]) -> list[Row]:
    """Rows with their progress, in one query more whatever the number of jobs."""
    listed = list(listed)
    counts = progress.counts_of(listed)
    return [Row(job, counts.get(job.pk, {})) for job in listed]


def took(job: Job) -> timedelta | None:
    """How long it has taken; up to now while it goes on. Of a job elsewhere we know only when we saw its end."""
    if job.started_at is None or (job.is_foreign and job.is_finished):
        return None
    end = job.finished_at or job.remote_finished_at
    if end is None and not job.is_live:
        return None
    return max(timedelta(0), (end or timezone.now()) - job.started_at)


def version_of(job: Job) -> str:
    """Changes whenever the page of the job would: a poll that names it can be answered with nothing."""
    results = job.results.order_by().values_list("outcome", "verification").annotate(number=Count("pk"))
    state = [
        job.state,
        job.remote_status,
        job.remote_id,
        job.progress_text,
        job.progress_done,
        job.progress_total,
        job.submit_count,
        job.empty_look_ups,
        job.attempts,
        job.holds_slot,
        job.problem,
        job.events.aggregate(last=Max("pk"))["last"],
        sorted(results),
        int(timezone.now().timestamp()) // STALE_AFTER_S if job.is_live else 0,
    ]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ObjectRow:
    """What happened to one object."""

    result: TaskResult
    state: str

    @property
    def claim(self) -> str:
        """The platform's own word for the task, where it says less or other than the outcome."""
        is_said = self.state in GOOD_OUTCOMES and self.result.claim in _PLAIN_CLAIMS
        return "" if self.is_plain or is_said else self.result.claim

    @property
    def explanation(self) -> str:
        return "" if self.is_plain or self.state == progress.UNDER_WAY else self.result.explanation

    @property
    def is_plain(self) -> bool:
        """Well, and reported so: the badge says it all."""
        return self.state in GOOD_OUTCOMES and self.result.claim == "SUCCESS"

    @property
    def is_bad(self) -> bool:
        return self.state in _BAD_OUTCOMES or self.result.verification == Verification.CONTRADICTED


def detail(
    job: Job, *, user: User, tab: str, shown_from: int = 0, bound: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The context of the page of one job and of its live fragment."""
    is_submission = registry.is_submission(job.kind)
    results = list(job.results.all()) if is_submission else []
    segments = progress.of_job(job, results) if is_submission else []
    can_operate = access.can_operate(user, job.organization)
    tabs = _tabs(job, is_submission)
    tab = tab if tab in tabs else next(iter(tabs))
    problems = sum(segment.state in _BAD_OUTCOMES for segment in segments)
    context: dict[str, Any] = {
        "job": job,
        "organization": job.organization,
        "title": title_of(job),
        "kind_label": registry.label(job.kind),
        "noun": registry.noun(job.kind),
        "is_submission": is_submission,
        "segments": segments,
        "counts": progress.counts_of([job]).get(job.pk, {}),
        "problem_count": problems,
        "claimed": job.result.get("claimed"),
        "verified": job.result.get("verified"),
        "outcome": registry.describe(job),
        "problem_tone": _tone(job),
        "detail_says_more": bool(job.problem_detail) and job.problem_detail not in job.problem,
        "took": took(job),
        "can_operate": can_operate,
        "can_open_credential": job.credential_id is not None and has_role(user, job.organization, Role.ADMIN),
        "can_cancel": can_operate and job.state == JobState.QUEUED and job.submit_count == 0,
        "can_stop": can_operate and is_submission and job.state == JobState.RUNNING,
        "attention": attention(job, bound=bound),
        "retry": retry_of(job),
        "undo": undo_of(job),
        "turn": turn_of(job),
        "version": version_of(job),
        "tabs": [(name, words, name == tab) for name, words in tabs.items()],
        "tab": tab,
        "may_read_source": job.promotion is not None and has_role(user, job.promotion.source_organization, Role.VIEWER),
        "run_template": system(job.promotion.system).run_template if job.promotion is not None else "",
    }
    if tab == "objects":
        context |= _objects(job, results, shown_from)
    elif tab == "timeline":
        context |= _time_line(job)
    elif tab == "decisions":
        context |= _decisions(job, shown_from)
    elif tab == "raw" and can_operate and job.promotion is not None:
        reason = system(job.promotion.system).reason_to_keep_record(job)
        context |= {"has_record": reason is not None, "why_no_deletion": reason}
    return context


def _tabs(job: Job, is_submission: bool) -> dict[str, str]:
    left_out = set()
    if not is_submission:
        left_out |= {"objects", "decisions", "raw"}
    if job.plan_id is None and registry.noun(job.kind) != Submission.noun:
        left_out.add("objects")  # only remote jobs, and runs of plans, tell of objects one by one
    if job.plan_id is None:
        left_out.add("decisions")
    return {name: words for name, words in TABS.items() if name not in left_out}


def _tone(job: Job) -> str:
    if job.state in GOOD_ENDS or job.problem_kind == ProblemKind.PLAN_CHANGED:
        return "warn"
    if job.state == JobState.NEEDS_ATTENTION:
        return "unknown"
    return "quiet" if job.state == JobState.CANCELLED else "bad"


def _objects(job: Job, results: Sequence[TaskResult], shown_from: int) -> dict[str, Any]:
    rows = [ObjectRow(result, progress.state_of(job, result)) for result in results]
    if not job.is_live:
        rows.sort(key=lambda row: not row.is_bad)
    page = rows[shown_from : shown_from + OBJECTS_SHOWN]
    return {"objects": page, **_slice(len(rows), shown_from, len(page))}


def _slice(total: int, shown_from: int, shown: int) -> dict[str, Any]:
    after = shown_from + shown
    return {
        "total": total,
        "shown_first": shown_from + 1 if shown else 0,
        "shown_last": after,
        "is_cut": total > OBJECTS_SHOWN,
        "before_from": max(0, shown_from - OBJECTS_SHOWN) if shown_from else None,
        "after_from": after if shown and after < total else None,
    }


def _time_line(job: Job) -> dict[str, Any]:
    events: list[JobEvent] = list(job.events.order_by("-at", "-pk")[:EVENTS_SHOWN])[::-1]
    first_problem = next((event.pk for event in events if event.severity != Severity.INFO), None)
    return {"events": events, "first_problem": first_problem, "events_cut": len(events) == EVENTS_SHOWN}


def _decisions(job: Job, shown_from: int) -> dict[str, Any]:
    if job.plan is None:
        return {"decisions": []}
    items = job.plan.items.exclude(decision=Decision.UNDECIDED).select_related("decided_by").order_by("position")
    total = items.count()
    page = list(items[shown_from : shown_from + OBJECTS_SHOWN])
    rows = [{"item": item, "words": label(Decision, item.decision)} for item in page]
    words = system(job.promotion.system).words if job.promotion is not None else Words(gathers="", again="")
    approval = consent.latest(job.plan)
    return {"decisions": rows, "words": words, "approval": approval, **_slice(total, shown_from, len(page))}
