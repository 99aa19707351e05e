"""Objects of promotions for tests: each factory makes one object and what it cannot live without."""

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from promotions.choices import (
    Decision,
    ItemKind,
    JobState,
    Match,
    PackageStatus,
    PackageType,
    PlanState,
    ProblemKind,
    ResultOutcome,
    Visibility,
)
from promotions.engine import submissions
from promotions.models import (
    Approval,
    Artifact,
    Job,
    JobEvent,
    Package,
    Plan,
    PlanItem,
    Promotion,
    PromotionGroup,
    SavedView,
    TaskResult,
)
from promotions.services import freezing, jobs
from promotions.systems.packages import kinds
from tests.factories import OrganizationFactory, SandboxFactory, UserFactory


class PackageFactory(DjangoModelFactory[Package]):
    """Published and unexpired, unless a trait says otherwise."""

    class Meta:
        model = Package

    class Params:
        draft = factory.Trait(status=PackageStatus.DRAFT, published_at=None, expires_at=None)
        expired = factory.Trait(expires_at=factory.LazyFunction(lambda: timezone.now() - timedelta(days=1)))
        vanished = factory.Trait(vanished_at=factory.LazyFunction(timezone.now))
        full = factory.Trait(package_type=PackageType.FULL, artifact_count=0)

    organization = factory.SubFactory(OrganizationFactory)
    remote_id = factory.Sequence(lambda n: f"{n:032x}")
    name = factory.Sequence(lambda n: f"Package {n}")
    sort_name = factory.LazyAttribute(lambda made: made.name.lower())
    search_text = factory.LazyAttribute(lambda made: f"{made.name}\n{made.remote_id}")
    status = PackageStatus.PUBLISHED
    package_type = PackageType.PARTIAL
    visibility = Visibility.PRIVATE
    source_sandbox = "dev"
    version = 1
    artifact_count = 1
    remote_created_at = factory.LazyFunction(timezone.now)
    published_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=90))


class ArtifactFactory(DjangoModelFactory[Artifact]):
    class Meta:
        model = Artifact

    package = factory.SubFactory(PackageFactory)
    position = factory.Sequence(int)
    type = "REGISTRY_SCHEMA"
    remote_id = factory.Sequence(lambda n: f"schema-{n}")
    title = factory.Sequence(lambda n: f"Schema {n}")


class PromotionFactory(DjangoModelFactory[Promotion]):
    """A promotion without a plan; `PlanFactory` makes both."""

    class Meta:
        model = Promotion

    system = "packages"
    package = factory.SubFactory(PackageFactory)
    title = factory.SelfAttribute("package.name")
    source_place = factory.SelfAttribute("package.source_sandbox")
    source_organization = factory.SelfAttribute("package.organization")
    target_organization = factory.SelfAttribute("package.organization")
    target_sandbox = factory.SubFactory(SandboxFactory, organization=factory.SelfAttribute("..package.organization"))
    job_name = factory.SelfAttribute("package.name")
    created_by = factory.SubFactory(UserFactory)


class PlanFactory(DjangoModelFactory[Plan]):
    """An open plan, unless a trait says otherwise."""

    class Meta:
        model = Plan

    class Params:
        gathering = factory.Trait(state=PlanState.GATHERING, gathered_at=None)

    promotion = factory.SubFactory(PromotionFactory)
    state = PlanState.OPEN
    facts = factory.LazyFunction(lambda: {"package": {}, "conflicts": {}})
    gathered_at = factory.LazyFunction(timezone.now)


class ApprovalFactory(DjangoModelFactory[Approval]):
    """A request for consent to a frozen, decided plan into production, unless a trait says otherwise."""

    class Meta:
        model = Approval
        skip_postgeneration_save = True

    class Params:
        late = factory.Trait(expires_at=factory.LazyFunction(lambda: timezone.now() - timedelta(minutes=1)))

    plan = factory.SubFactory(
        PlanFactory,
        state=PlanState.READY,
        frozen_at=factory.LazyFunction(timezone.now),
        promotion__target_sandbox=factory.SubFactory(
            SandboxFactory, production=True, organization=factory.SelfAttribute("..package.organization")
        ),
    )
    organization = factory.SelfAttribute("plan.promotion.target_organization")
    content_hash = factory.LazyAttribute(lambda made: freezing.content_hash(made.plan))
    rule = "prod is production."
    requested_by = factory.SelfAttribute("plan.promotion.created_by")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=72))

    @factory.post_generation
    def _frozen(self: Approval, create: bool, extracted: Any, **kwargs: Any) -> None:
        Plan.objects.filter(pk=self.frozen_plan.pk).update(content_hash=self.content_hash, frozen_by=self.requested_by)


class PromotionGroupFactory(DjangoModelFactory[PromotionGroup]):
    """A group with one promotion, whose plan is open."""

    class Meta:
        model = PromotionGroup
        skip_postgeneration_save = True

    package = factory.SubFactory(PackageFactory)
    title = factory.SelfAttribute("package.name")
    organization = factory.SelfAttribute("package.organization")
    created_by = factory.SubFactory(UserFactory)

    @factory.post_generation
    def _member(self: PromotionGroup, create: bool, extracted: Any, **kwargs: Any) -> None:
        PlanFactory(promotion__group=self, promotion__package=self.package, promotion__created_by=self.created_by)


def offer(decision: Decision, *, target_id: str = "", title: str = "", rank: int = 0) -> dict[str, Any]:
    """A choice of a plan item, as planning stores it."""
    target = {"id": target_id, "type": "REGISTRY_SCHEMA", "title": title} if target_id else None
    reason = "exact title, proposed first" if target_id else "Create a new object"
    return {"decision": decision, "target": target, "reason": reason, "consequence": "", "rank": rank}


class PlanItemFactory(DjangoModelFactory[PlanItem]):
    """A conflict with one exact match that somebody has to decide, unless a trait says otherwise."""

    class Meta:
        model = PlanItem

    class Params:
        free = factory.Trait(
            match=Match.NONE,
            must_decide=False,
            decision=Decision.CREATE,
            choices=factory.LazyFunction(lambda: [offer(Decision.CREATE)]),
        )
        missing_right = factory.Trait(
            missing_rights=factory.LazyFunction(lambda: [{"resource": "Schemas", "permissions": ["write"]}]),
            is_creation_allowed=False,
        )

    plan = factory.SubFactory(PlanFactory)
    position = factory.Sequence(int)
    type = "REGISTRY_SCHEMA"
    remote_id = factory.Sequence(lambda n: f"schema-{n}")
    key = factory.LazyAttribute(lambda made: f"{made.type}:{made.remote_id}")
    kind = ItemKind.OBJECT
    title = factory.Sequence(lambda n: f"Schema {n}")
    match = Match.EXACT
    must_decide = True
    choices = factory.LazyAttribute(
        lambda made: [
            offer(Decision.REUSE, target_id=f"target-{made.remote_id}", title=made.title, rank=1),
            offer(Decision.CREATE),
        ]
    )


class JobFactory(DjangoModelFactory[Job]):
    """A queued import, unless a trait says otherwise."""

    class Meta:
        model = Job

    class Params:
        running = factory.Trait(
            state=JobState.RUNNING,
            remote_id=factory.Sequence(lambda n: f"remote-{n}"),
            remote_status="IN_PROGRESS",
            submit_count=1,
            started_at=factory.LazyFunction(timezone.now),
        )
        succeeded = factory.Trait(
            state=JobState.SUCCEEDED,
            remote_id=factory.Sequence(lambda n: f"remote-{n}"),
            remote_status="SUCCESS",
            submit_count=1,
            started_at=factory.LazyFunction(timezone.now),
            finished_at=factory.LazyFunction(timezone.now),
        )
        unknown_outcome = factory.Trait(
            state=JobState.NEEDS_ATTENTION,
            problem_kind=ProblemKind.OUTCOME_UNKNOWN,
            problem="Several jobs at the platform fit this one.",
            submit_count=1,
        )

    kind = kinds.IMPORT
    title = factory.Sequence(lambda n: f"Job {n}")
    organization = factory.SubFactory(OrganizationFactory)
    marker = factory.LazyFunction(submissions.new_marker)
    scope = factory.LazyAttribute(
        lambda made: (
            jobs.scope_of(made.package, getattr(made, "sandbox", None))
            if made.marker and getattr(made, "package", None)
            else ""
        )
    )


class JobEventFactory(DjangoModelFactory[JobEvent]):
    class Meta:
        model = JobEvent

    job = factory.SubFactory(JobFactory)
    text = factory.Sequence(lambda n: f"Event {n}.")


class TaskResultFactory(DjangoModelFactory[TaskResult]):
    class Meta:
        model = TaskResult

    job = factory.SubFactory(JobFactory)
    position = factory.Sequence(int)
    type = "REGISTRY_SCHEMA"
    remote_id = factory.Sequence(lambda n: f"schema-{n}")
    title = factory.Sequence(lambda n: f"Schema {n}")
    claim = "SUCCESS"
    outcome = ResultOutcome.CREATED


class SavedViewFactory(DjangoModelFactory[SavedView]):
    class Meta:
        model = SavedView

    person = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"View {n}")
    query = "state=failed"
