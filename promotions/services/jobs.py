"""Queueing jobs, and what people may do with them."""

import logging
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import Credential, Organization, Sandbox, User
from accounts.services import audit
from promotions import tasks
from promotions.choices import ACTIVE, UNFINISHED, JobState, ProblemKind, Severity
from promotions.engine import accepting, hooks, registry, submissions, timeline
from promotions.engine.endings import end
from promotions.engine.registry import Ending
from promotions.models import Job, Package, Plan, Promotion
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.verbs import Verb

log = logging.getLogger(__name__)

WATCH_S = 20
REMOTE_ID_LIMIT = 100


def queue(
    *,
    kind: str,
    title: str,
    organization: Organization,
    actor: User | None,
    package: Package | None = None,
    sandbox: Sandbox | None = None,
    promotion: Promotion | None = None,
    plan: Plan | None = None,
    credential: Credential | None = None,
    scope: str = "",
    slot: str = "",
    params: dict[str, Any] | None = None,
) -> Job:
    """Add a job and wake a worker after the commit; call it inside a transaction.

    A job nobody asked for is routine. `scope` names what only one unfinished write may concern; raises ConflictError if
    another job has it. Jobs of one `slot` are sent one after the other.
    """
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind,
                title=title[:500],
                organization=organization,
                requested_by=actor,
                is_quiet=actor is None,
                package=package,
                sandbox=sandbox,
                promotion=promotion,
                plan=plan,
                credential=credential,
                scope=scope,
                slot=slot,
                params=params or {},
                marker=submissions.new_marker() if registry.is_submission(kind) else None,
            )
    except IntegrityError as exc:
        raise ConflictError(_what_holds(scope, kind, title)) from exc
    timeline.note(job, "Queued.", actor=actor)
    wake()
    return job


def scope_of(package: Package, sandbox: Sandbox | None = None) -> str:
    """What a write to a package, or an import of it into a sandbox, keeps others from."""
    return f"package:{package.pk}:sandbox:{sandbox.pk}" if sandbox else f"package:{package.pk}"


def _what_holds(scope: str, kind: str, title: str) -> str:
    """Why a write cannot be queued: another one of its scope is not over."""
    holder = Job.objects.filter(scope=scope, state__in=UNFINISHED).first()
    if holder is None or holder.kind == kind:
        return f"{registry.named(kind, title)} is under way already. Open its job before starting another."
    return (
        f"{registry.named(holder.kind, holder.title)} is under way as job {holder.pk}. Wait for its end before "
        "starting another."
    )


def wake() -> None:
    """Have a worker look at what is due as soon as this transaction has committed."""
    transaction.on_commit(_send_tick, robust=True)


def _send_tick() -> None:
    """Without a broker the next tick of beat does the same, a second later: a note in the log is all that is lost."""
    try:
        tasks.tick.delay()
    except OperationalError as exc:
        log.warning("the broker could not be told of new work: %s", exc)


def queue_once(*, kind: str, title: str, organization: Organization, actor: User | None, **links: Any) -> Job:
    """Add a job unless one of this kind is waiting or running for the organization; that one is returned instead."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    filters = {name: value for name, value in links.items() if name != "params"}
    active = Job.objects.filter(kind=kind, organization=organization, state__in=ACTIVE, **filters).first()
    if active is None:
        return queue(kind=kind, title=title, organization=organization, actor=actor, **links)
    if actor is not None and active.is_quiet:
        Job.objects.filter(pk=active.pk).update(is_quiet=False, requested_by=actor)
    return active


def watch(job: Job) -> None:
    """Somebody has the page open: follow this job closely for a while."""
    now = timezone.now()
    if job.is_live and (job.watched_until is None or job.watched_until < now + timedelta(seconds=WATCH_S / 2)):
        Job.objects.filter(pk=job.pk).update(watched_until=now + timedelta(seconds=WATCH_S))


def _lock(job: Job) -> None:
    """Read the job anew and keep others from moving it: what a person decides on is what stands now."""
    job.refresh_from_db(from_queryset=Job.objects.select_for_update())


@transaction.atomic
def cancel(*, job: Job, actor: User) -> None:
    """Take a queued job back. Raises ConflictError once it has been sent."""
    require_role(actor, job.organization, Role.OPERATOR)
    _lock(job)
    ending = Ending(state=JobState.CANCELLED, problem=f"Cancelled by {actor} before anything was sent.")
    # Only from queued: a worker that is about to send moves the row to submitting first, and one of the two wins.
    if not Job.objects.filter(pk=job.pk, state=JobState.QUEUED, submit_count=0).update(
        lease_token="", due_at=timezone.now()
    ):
        raise ConflictError(f"“{job.title}” has started and cannot be cancelled: the platform offers no way.")
    job.refresh_from_db()
    end(job, ending, actor=actor)
    audit.record(Verb.JOB_CANCELLED, actor=actor, subject=job)


@transaction.atomic
def stop_following(*, job: Job, actor: User) -> None:
    """Stop looking at a job that runs at the platform. It goes on there, and its end is then not known here."""
    require_role(actor, job.organization, Role.OPERATOR)
    if not registry.is_submission(job.kind):
        raise RefusedError(f"“{job.title}” only reads; there is nothing to stop following.")
    _lock(job)
    ending = Ending(
        state=JobState.NEEDS_ATTENTION,
        problem_kind=ProblemKind.STOPPED_FOLLOWING,
        problem=f"{actor} stopped following it. It may still run at the platform; go on following it or close it.",
    )
    if job.state != JobState.RUNNING or not end(job, ending, actor=actor):
        raise ConflictError(f"“{job.title}” does not run any more.")
    audit.record(Verb.FOLLOWING_STOPPED, actor=actor, subject=job)


def is_followable(job: Job) -> bool:
    """Whether the platform is known to have it: by its id there, or because it was followed before."""
    was_followed = job.problem_kind in (ProblemKind.STOPPED_FOLLOWING, ProblemKind.DEADLINE) and job.remote_status
    return bool(job.remote_id or was_followed)


@transaction.atomic
def resume_following(*, job: Job, actor: User) -> None:
    """Follow a job again that the platform is known to have."""
    require_role(actor, job.organization, Role.OPERATOR)
    _lock(job)
    if not is_followable(job):
        raise RefusedError(f"The remote job of “{job.title}” is not known. Name it, send it again or close it.")
    now = timezone.now()
    if not job.advance(
        JobState.RUNNING,
        only_from=[JobState.NEEDS_ATTENTION],
        due_at=now,
        attempts=0,
        interval_s=0,
        deadline_at=registry.submission(job.kind).followed_until(now, job),
        problem="",
        problem_kind="",
    ):
        raise ConflictError(f"“{job.title}” is no longer waiting for a decision.")
    timeline.note(job, "Following it again.", actor=actor)
    hooks.resumed(job)
    audit.record(Verb.FOLLOWING_RESUMED, actor=actor, subject=job)
    wake()


@transaction.atomic
def adopt(*, job: Job, remote_id: str, actor: User, reason: str) -> None:
    """A person says which remote job is ours; from then on it is followed."""
    require_role(actor, job.organization, Role.OPERATOR)
    _lock(job)
    if job.state != JobState.NEEDS_ATTENTION:
        raise ConflictError(f"“{job.title}” is no longer waiting for a decision.")
    try:
        named = registry.submission(job.kind).named(job, remote_id)
    except ValueError as exc:
        raise RefusedError(str(exc), field="remote_id") from exc
    if len(named.remote_id or "") > REMOTE_ID_LIMIT:
        raise RefusedError(f"An id has at most {REMOTE_ID_LIMIT} characters. Copy it again.", field="remote_id")
    how = f"named by {actor}" if named.remote_id else f"{remote_id.strip()}, named by {actor}"
    remote_id = named.remote_id or remote_id.strip()
    same = Job.objects.filter(organization=job.organization, remote_id=named.remote_id, is_foreign=False)
    if named.remote_id and same.exclude(pk=job.pk).exists():
        raise RefusedError(f"Remote job {remote_id} belongs to another job here already. Check the id.")
    if named.remote_id != job.remote_id:
        job.results.all().delete()  # they tell of the remote job that was taken for ours before
    Job.objects.filter(pk=job.pk).update(
        deadline_at=registry.submission(job.kind).followed_until(timezone.now(), job), remote_finished_at=None
    )
    if not accepting.accept(job, named, how=how):
        raise ConflictError(f"“{job.title}” has changed meanwhile. Reload the page.")
    audit.record(Verb.ATTENTION_ADOPTED, actor=actor, subject=job, reason=reason, details={"remote_id": remote_id})
    wake()


@transaction.atomic
def retry_sending(*, job: Job, actor: User, reason: str) -> None:
    """A person is sure that the write never happened, and has it sent again."""
    require_role(actor, job.organization, Role.OPERATOR)
    _lock(job)
    if job.state == JobState.NEEDS_ATTENTION and (job.remote_id or job.problem_kind != ProblemKind.OUTCOME_UNKNOWN):
        name = f" as {job.remote_id}" if job.remote_id else ""
        raise RefusedError(f"“{job.title}” reached the platform{name}; sending it again would repeat it.")
    if not registry.is_searchable(job.kind):
        raise RefusedError(
            f"The platform lists no {registry.noun(job.kind)}s, so “{job.title}” is sent once. Name what runs there, "
            "or close it and plan anew."
        )
    if not job.advance(
        JobState.QUEUED,
        only_from=[JobState.NEEDS_ATTENTION],
        due_at=timezone.now(),
        submit_count=0,
        empty_look_ups=0,
        attempts=0,
        deadline_at=None,
        problem="",
        problem_kind="",
        # Jobs that the person has seen and found not to be ours do not hold it up again.
        params={
            **job.params,
            "accepted": False,
            "dismissed": [*job.params.get("dismissed", []), *job.result.get("candidates", [])],
        },
        result={name: value for name, value in job.result.items() if name != "candidates"},
    ):
        raise ConflictError(f"“{job.title}” is no longer waiting for a decision.")
    timeline.note(job, f"To be sent again: {reason}", severity=Severity.WARNING, actor=actor)
    hooks.resumed(job)
    audit.record(Verb.ATTENTION_RETRIED, actor=actor, subject=job, reason=reason)
    wake()


@transaction.atomic
def close(*, job: Job, actor: User, reason: str) -> None:
    """A person ends a job whose outcome stays unknown."""
    require_role(actor, job.organization, Role.OPERATOR)
    _lock(job)
    words = f"Closed by {actor}: {reason.strip()}" if reason.strip() else f"Closed by {actor}"
    ending = Ending(
        state=JobState.CANCELLED,
        problem_kind=ProblemKind.CLOSED,
        problem=f"{words.rstrip('.')}. How it ended at the platform is not known here.",
    )
    if job.state != JobState.NEEDS_ATTENTION or not end(job, ending, actor=actor):
        raise ConflictError(f"“{job.title}” is no longer waiting for a decision.")
    audit.record(Verb.ATTENTION_CLOSED, actor=actor, subject=job, reason=reason)
