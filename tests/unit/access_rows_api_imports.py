"""Who gets which answer from the pages on which imports of API versions are planned; access_rows.py explains a row."""

from collections.abc import Callable
from typing import Any

from accounts.models import Organization
from promotions.choices import JobState, PlanState
from promotions.models import Job, Plan
from promotions.systems.snaplogic import kinds
from tests.factories_api_accounts import DB_ACCOUNT, with_accounts
from tests.factories_apis import ApiImportPlanFactory, environment_beside
from tests.factories_promotions import JobFactory
from tests.unit.access_rows import MEMBERS, Row, row


def import_plan(organization: Organization) -> Plan:
    """An open plan with an account to edit, of the environment beside an organization."""
    archive_of = {"promotion__archive__organization": environment_beside(organization)}
    return with_accounts(ApiImportPlanFactory(**archive_of), edited=(DB_ACCOUNT,))


def import_job(organization: Organization) -> Job:
    """An import into the environment beside an organization that ended well."""
    plan = ApiImportPlanFactory(
        promotion__archive__organization=environment_beside(organization), state=PlanState.READY
    )
    fields = {"kind": kinds.IMPORT, "plan": plan, "promotion": plan.promotion, "remote_id": ""}
    target = plan.promotion.target_sandbox
    job: Job = JobFactory(
        organization=target.organization, sandbox=target, succeeded=True, state=JobState.SUCCEEDED, **fields
    )
    return job


class Account:
    """Stands for an account of the plan: addresses hold its id."""

    pk = DB_ACCOUNT


THINGS: dict[str, Callable[[Organization], Any]] = {
    "import_plan": import_plan,
    "import_account": lambda organization: Account(),
    "import_job": import_job,
}

OPERATORS = "in 404 403 200 200 200 200"
OPERATORS_ACT = "in 404 403 302 302 302 302"
OPERATORS_FORM = "in 404 403 422 422 422 422"

ROWS: list[Row] = [
    row("promotions:api-version-import", GET="in 403 403 200 200 200 200", POST="in 403 403 422 422 422 422"),
    row("promotions:plan-import-rule", "import_plan", POST=OPERATORS_ACT),
    row("promotions:plan-expressions", "import_plan", POST=OPERATORS_ACT),
    row("promotions:plan-file-account", "import_plan", GET=MEMBERS),
    row("promotions:plan-account", "import_plan", "import_account", GET=OPERATORS, POST=OPERATORS_FORM),
    row("promotions:plan-account-leave", "import_plan", "import_account", POST=OPERATORS_ACT),
    row("promotions:api-import-again", "import_job", POST=OPERATORS_ACT),
]
