"""What a fault can hit: each operation with the call that is spoiled, and how a test carries it out to its end."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.choices import Role
from accounts.models import AccessToken, Organization, User
from accounts.services import tokens
from clients.effects import Effect, effect_of_request
from promotions.choices import ACTIVE, Decision, JobState, Severity
from promotions.engine import inline, registry
from promotions.models import Job
from promotions.services import decisions, jobs, package_plans, packages, plans, runs
from promotions.systems import accounts_jobs
from promotions.systems.packages import kinds
from tests.factories import MembershipFactory, UserFactory
from tests.integration.promotions.conftest import Platform, connect_organization, known_package, sandbox_of

PACKAGE = "Web visits schema"
DRAFT = "Web visits dataset rework"
SETTLE = timedelta(seconds=settings.SUBMIT_SETTLE_S + 1)
ROUNDS = 120
# Rounds for which a fault that is not counted lasts where a job outlives it.
LASTS = 4
EXIM = "^/data/foundation/exim"


@dataclass
class Scene:
    """One organization, one operator, and the emulator behind them."""

    platform: Platform
    organization: Organization = field(init=False)
    operator: User = field(init=False)

    def __post_init__(self) -> None:
        self.organization = connect_organization(self.platform, "Acme")
        self.operator = UserFactory(email="operator@example.com", full_name="Oscar Operator")
        MembershipFactory(user=self.operator, organization=self.organization, role=Role.OPERATOR)

    def round(self, job: Job, *, seconds: int = 1) -> bool:
        """Let the job fall due and time pass at the platform; False once the job is over."""
        job.refresh_from_db()
        if job.state not in ACTIVE:
            return False
        Job.objects.filter(pk=job.pk).update(due_at=timezone.now())
        inline.run_due()
        self.platform.advance(seconds)
        job.refresh_from_db()
        return True

    def finish(self, job: Job) -> Job:
        for _ in range(ROUNDS):
            if not self.round(job):
                return job
        raise AssertionError(
            f"job {job.pk} never ended: {job.state}, {list(job.events.values_list('text', flat=True))}"
        )

    def queued(self, kind: str, title: str, **links: Any) -> Job:
        return jobs.queue(kind=kind, title=title, organization=self.organization, actor=self.operator, **links)

    def promotion(self) -> Any:
        package = known_package(self.organization, PACKAGE)
        stage = sandbox_of(self.organization, "stage")
        return package_plans.plan_promotion(package=package, sandbox=stage, job_name=PACKAGE, actor=self.operator)

    def gathering(self) -> Job:
        job = plans.gathering_job(self.promotion().current_plan)
        assert job is not None
        return job

    def requested(self) -> Job:
        promotion = self.promotion()
        gathering = plans.gathering_job(promotion.current_plan)
        assert gathering is not None
        self.finish(gathering)
        plan = promotion.current_plan
        undecided = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED)
        verdicts = [decisions.Verdict(item.pk, Decision.CREATE) for item in undecided]
        decisions.decide(plan=plan, verdicts=verdicts, actor=self.operator)
        return runs.request_run(plan=plan, actor=self.operator)

    def running(self) -> Job:
        """An import that the platform has, and has only begun."""
        job = self.requested()
        inline.run_due()
        job.refresh_from_db()
        assert job.state == JobState.RUNNING, job.problem
        return job

    def publishing(self) -> Job:
        draft = known_package(self.organization, DRAFT)
        return packages.request_publish(package=draft, expiry_days=None, actor=self.operator)

    def forget_token(self) -> None:
        AccessToken.objects.all().delete()
        tokens.forget()


@dataclass(frozen=True)
class Operation:
    """`concerns` are the words with which the emulator says what its faults concern.

    `arrange` comes before the fault, which then lasts for `lasts` rounds, or to the end if that is None; one that is
    `counted` hits so many calls in any case.
    """

    method: str
    path: str
    arrange: Callable[[Scene], Job]
    concerns: Sequence[str] = ("any",)
    lasts: int | None = None
    counted: int | None = None
    times: Sequence[str] = ("before",)


def _without_token(scene: Scene) -> Job:
    job = scene.gathering()
    scene.forget_token()
    return job


def _tested(scene: Scene) -> Job:
    credential = scene.organization.credentials.get()
    return scene.queued(accounts_jobs.TEST_CREDENTIAL, "Test", credential=credential)


OPERATIONS = {
    "gather": Operation("GET", f"{EXIM}/packages/[0-9a-f]+$", Scene.gathering, concerns=("any", "read")),
    "submit": Operation(
        "POST", "*/packages/import", Scene.requested, concerns=("any", "import"), counted=1, times=("before", "after")
    ),
    "publish": Operation(
        "GET", "*/export", Scene.publishing, concerns=("any", "publish"), counted=1, times=("before", "after")
    ),
    "follow by list": Operation(
        "GET", f"{EXIM}/packages/jobs$", Scene.running, concerns=("any", "read", "list"), lasts=LASTS
    ),
    "follow in detail": Operation("GET", "*/tools/job/*", Scene.running, concerns=("any", "read"), lasts=LASTS),
    "verify": Operation("GET", f"{EXIM}/packages/[0-9a-f]+/import$", Scene.running, concerns=("any", "read")),
    "synchronize": Operation(
        "GET",
        f"{EXIM}/packages$",
        lambda scene: scene.queued(kinds.SYNCHRONIZE, "Packages"),
        concerns=("any", "read", "list"),
    ),
    "read sandboxes": Operation(
        "GET",
        "*/sandbox-management/sandboxes",
        lambda scene: scene.queued(accounts_jobs.READ_SANDBOXES, "Sandboxes"),
        concerns=("any", "read"),
    ),
    "test credential": Operation("GET", "*/sandbox-management/sandboxes", _tested, concerns=("any", "read")),
    "get token": Operation("POST", "*/ims/token/v3", _without_token),
}


@dataclass(frozen=True)
class End:
    """What became of an operation: how it ended, what its page says, what was sent, and what came of it there."""

    state: str
    kind: str
    sentence: str
    sent: int
    effects: int


def carry_out(scene: Scene, name: str, fault: str, when: str, options: dict[str, Any]) -> End:
    """Arm the fault, and see what becomes of the operation."""
    operation = OPERATIONS[name]
    job = operation.arrange(scene)
    jobs_before = len(_jobs(scene))
    scene.platform.forget_requests()
    hits = {"count": operation.counted} if operation.counted else {"probability": 1}
    scene.platform.arm(operation.method, operation.path, fault, when=when, **hits, **options)
    if operation.counted:
        settle(scene, job)
    elif operation.lasts is None:
        scene.finish(job)
    else:
        for _ in range(operation.lasts):
            scene.round(job, seconds=0)
        sentence = said(job)
        scene.platform.disarm()
        scene.finish(job)
        return _end(scene, job, jobs_before, sentence or said(job))
    return _end(scene, job, jobs_before, said(job))


def settle(scene: Scene, job: Job) -> None:
    """Let a write be sent, be looked for, and be followed to its end, or to its deadline."""
    for number in range(ROUNDS):
        if number == ROUNDS // 2:
            Job.objects.filter(pk=job.pk).update(deadline_at=timezone.now() - timedelta(hours=1))
        if not scene.round(job):
            return
    raise AssertionError(f"job {job.pk} never ended: {job.state}, {list(job.events.values_list('text', flat=True))}")


def said(job: Job) -> str:
    """What a person reads of the job: its problem, else the last warning of its time line, else what came of it.

    Numbers that differ from run to run are left out.
    """
    job.refresh_from_db()
    warning = job.events.filter(severity=Severity.WARNING).order_by("-pk").first()
    blockers = " ".join(job.plan.blockers) if job.plan is not None and job.kind == plans.PLAN_KIND else ""
    text = job.problem or (warning.text if warning else "") or blockers or registry.describe(job) or _last_line(job)
    text = re.sub(r"emulated-fault-\d+|\b[0-9a-f]{24}\b", "N", text)
    text = re.sub(r"\b[0-9a-f]{32}\b|\b[0-9a-f]{8}-[0-9a-f-]{27}\b", "ID", text)
    text = re.sub(r"\bin \d+ s\b", "in N s", text)
    text = re.sub(r"\bafter \d+ ms\b", "after N ms", text)
    return re.sub(rf"\bjob {job.pk}\b", "job N", text)


def _last_line(job: Job) -> str:
    return str(job.events.order_by("pk").values_list("text", flat=True).last())


def _jobs(scene: Scene) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scene.platform.state()["jobs"]
    return found


def _end(scene: Scene, job: Job, jobs_before: int, sentence: str) -> End:
    writes = [
        row
        for row in scene.platform.requests()
        if effect_of_request(row["method"], row["path"]) is Effect.WRITE and not row["path"].startswith("/__")
    ]
    return End(job.state, job.problem_kind, sentence, len(writes), len(_jobs(scene)) - jobs_before)
