"""Who gets which answer from the REST API of API versions; access_rows.py explains a row."""

from collections.abc import Callable
from typing import Any

from accounts.models import Organization
from promotions.choices import JobState, PlanState
from promotions.models import Job, Plan
from promotions.systems.snaplogic import kinds
from tests.factories_api_accounts import MAIL_ACCOUNT, with_accounts
from tests.factories_apis import ApiImportPlanFactory, environment_beside
from tests.factories_promotions import JobFactory
from tests.unit.access_rows import Row, row


def edited_plan(organization: Organization) -> Plan:
    """An open plan in which an account is edited."""
    plan = ApiImportPlanFactory(promotion__archive__organization=environment_beside(organization))
    return with_accounts(plan, edited=(MAIL_ACCOUNT,))


def ended_import(organization: Organization) -> Job:
    """An import that was sent and failed."""
    environment = environment_beside(organization)
    plan = ApiImportPlanFactory(promotion__archive__organization=environment, state=PlanState.READY)
    job: Job = JobFactory(
        organization=environment,
        kind=kinds.IMPORT,
        plan=plan,
        promotion=plan.promotion,
        sandbox=plan.promotion.target_sandbox,
        succeeded=True,
        state=JobState.FAILED,
    )
    return job


class Uuid:
    """What stands for an account in an address."""

    pk = MAIL_ACCOUNT


THINGS: dict[str, Callable[[Organization], Any]] = {
    "edited_plan": edited_plan,
    "ended_import": ended_import,
    "account_uuid": lambda organization: Uuid,
}

READ = "401 404 200 200 200 200 200"
LIST = "401 200 200 200 200 200 200"
STARTED = "401 404 202 202 202 202 202"  # whoever may read may have it listed
INCOMPLETE = "401 404 403 400 400 400 400"
NO_FORM = "401 404 403 415 415 415 415"  # JSON, where files are wanted
GONE = "401 404 403 204 204 204 204"
NAMES_NOTHING = "401 400 400 400 400 400 400"

ROWS: list[Row] = [
    # Nothing is read of what is sent by those who operate no environment.
    row("promotions_api:archive-list", GET=LIST, POST="401 403 403 415 415 415 415"),
    row("promotions_api:archive-detail", "archive", GET=READ, DELETE=GONE),
    row("promotions_api:api-version-list", GET=LIST, POST=NAMES_NOTHING),
    row("promotions_api:api-version-detail", "api_version", GET=READ, DELETE=GONE),
    row("promotions_api:api-version-state", "api_version", PUT=INCOMPLETE),
    row("promotions_api:api-version-listing", "api_version", POST=STARTED),
    row("promotions_api:api-life-cycle-create", POST=NAMES_NOTHING),
    row("promotions_api:api-import-create", POST=NAMES_NOTHING),
    row("promotions_api:plan-import-rule", "edited_plan", PUT=INCOMPLETE),
    row("promotions_api:plan-accounts", "edited_plan", GET=READ),
    row(
        "promotions_api:plan-account",
        "edited_plan",
        "account_uuid",
        PUT="401 404 403 200 200 200 200",
        DELETE=GONE,
    ),
    row("promotions_api:plan-file-account", "edited_plan", GET=READ),
    row("promotions_api:plan-expressions", "edited_plan", POST=NO_FORM, DELETE="401 404 403 409 409 409 409"),
    row("promotions_api:job-remedies", "ended_import", GET=READ, POST=INCOMPLETE),
]
