"""Who gets which answer from the routes of promotions; access_rows.py explains a row."""

from collections.abc import Callable
from typing import Any

from accounts.models import Organization
from promotions.choices import JobState, PlanState
from promotions.models import Job, JourneyCopy
from promotions.systems.packages import kinds
from tests.factories_journeys import JourneyCopyFactory, JourneyFactory
from tests.factories_promotions import (
    ApprovalFactory,
    JobFactory,
    PackageFactory,
    PlanFactory,
    PlanItemFactory,
    PromotionGroupFactory,
    SavedViewFactory,
)
from tests.unit import (
    access_rows_api,
    access_rows_api_apis,
    access_rows_api_sharing,
    access_rows_apis,
    access_rows_approvals,
    access_rows_decisioning,
    access_rows_journeys,
    access_rows_packages,
    access_rows_sharing,
    access_things_sharing,
)
from tests.unit.access_rows import MEMBERS, SIGNED_IN, Row, row


def failed_import(organization: Organization) -> Job:
    """A job that was planned here, sent, and failed."""
    plan = PlanFactory(promotion__package__organization=organization, state=PlanState.READY)
    job: Job = JobFactory(
        organization=organization,
        plan=plan,
        promotion=plan.promotion,
        package=plan.promotion.package,
        sandbox=plan.promotion.target_sandbox,
        succeeded=True,
        state=JobState.FAILED,
    )
    return job


def journey_copy(organization: Organization) -> JourneyCopy:
    """What an import into this organization made."""
    job = failed_import(organization)
    copy: JourneyCopy = JourneyCopyFactory(
        job=job, promotion=job.promotion, target_sandbox=job.sandbox, published_at=None
    )
    return copy


# How to make what the rows name, in the given organization: "package": lambda organization: PackageFactory(...).
THINGS: dict[str, Callable[[Organization], Any]] = {
    "package": lambda organization: PackageFactory(organization=organization),
    "versioned_package": lambda organization: PackageFactory(organization=organization, capabilities=["VERSIONABLE"]),
    "draft_package": lambda organization: PackageFactory(organization=organization, draft=True),
    "promotion": lambda organization: PlanFactory(promotion__package__organization=organization).promotion,
    "plan": lambda organization: PlanFactory(promotion__package__organization=organization),
    "plan_item": lambda organization: PlanItemFactory(plan__promotion__package__organization=organization),
    "job": lambda organization: JobFactory(organization=organization),
    "listing": lambda organization: JobFactory(organization=organization, kind=kinds.READ_OBJECTS, marker=None),
    "view_of_nobody_here": lambda organization: SavedViewFactory(),
    "approval": lambda organization: ApprovalFactory(plan__promotion__package__organization=organization),
    "group": lambda organization: PromotionGroupFactory(package__organization=organization),
    "failed_job": lambda organization: failed_import(organization),
    "unsure_job": lambda organization: JobFactory(organization=organization, unknown_outcome=True),
    "journey": lambda organization: JourneyFactory(sandbox__organization=organization),
    "journey_copy": lambda organization: journey_copy(organization),
    **access_rows_apis.THINGS,
    **access_rows_api_apis.THINGS,
    **access_rows_decisioning.THINGS,
    **access_rows_journeys.THINGS,
    **access_things_sharing.THINGS,
}

OPERATORS = "in 404 403 200 200 200 200"
OPERATORS_ACT = "in 404 403 302 302 302 302"
OPERATORS_FORM = "in 404 403 422 422 422 422"

HOME_AND_JOBS = [
    row("promotions:home", GET=SIGNED_IN),
    row("promotions:home-live", GET="in 302 302 302 302 302 302"),
    row("promotions:job-list", GET=SIGNED_IN),
    row("promotions:job-export", GET=SIGNED_IN),
    row("promotions:job-newer", GET="in 302 302 302 302 302 302"),
    row("promotions:view-save", POST="in 422 422 422 422 422 422"),
    row("promotions:view-rename", "view_of_nobody_here", POST="in 404 404 404 404 404 404"),
    row(
        "promotions:view-delete",
        "view_of_nobody_here",
        GET="in 404 404 404 404 404 404",
        POST="in 404 404 404 404 404 404",
    ),
    row("promotions:job-detail", "job", GET=MEMBERS),
    row("promotions:job-live", "job", GET="in 404 302 302 302 302 302"),
    row("promotions:job-row", "job", GET=MEMBERS),
    row("promotions:job-cancel", "job", GET=OPERATORS, POST=OPERATORS_ACT),
    row("promotions:job-stop-following", "job", GET=OPERATORS, POST="in 404 403 409 409 409 409"),
    row("promotions:job-resume", "unsure_job", POST=OPERATORS_FORM),
    row("promotions:job-adopt", "unsure_job", POST=OPERATORS_FORM),
    row("promotions:job-retry", "unsure_job", POST=OPERATORS_FORM),
    row("promotions:job-close", "unsure_job", POST=OPERATORS_FORM),
    row("promotions:job-retry-failed", "failed_job", GET=OPERATORS, POST=OPERATORS_ACT),
]

ROWS: list[Row] = [
    *access_rows_api.ROWS,
    *access_rows_api_apis.ROWS,
    *access_rows_api_sharing.ROWS,
    *HOME_AND_JOBS,
    *access_rows_apis.ROWS,
    *access_rows_approvals.ROWS,
    *access_rows_decisioning.ROWS,
    *access_rows_journeys.ROWS,
    *access_rows_packages.ROWS,
    *access_rows_sharing.ROWS,
]
