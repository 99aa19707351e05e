"""Planning migrations to Decisioning."""

import hashlib

from django.db import transaction

from accounts.access import require_role
from accounts.choices import OrganizationKind, Role
from accounts.models import Sandbox, User
from promotions.models import Job, Promotion
from promotions.services import plans
from promotions.services.errors import RefusedError
from promotions.systems.decisioning.kinds import SYSTEM
from promotions.systems.decisioning.picks import Pick

IDS_LIMIT = 1000
HOURS_LIMIT = 24 * 7


@transaction.atomic
def plan_migration(*, pick: Pick, target: Sandbox, actor: User, origin_job: Job | None = None) -> Promotion:
    """Start a migration between two sandboxes of one organization, or within one; the analysis waits for its turn.

    Raises RefusedError if a sandbox or the scope cannot take part.
    """
    organization = target.organization
    require_role(actor, organization, Role.OPERATOR)
    if organization.kind != OrganizationKind.ADOBE:
        raise RefusedError(f"{organization} has no decisioning. Choose a sandbox of Adobe.", field="target")
    source = organization.sandboxes.present().filter(name=pick.source).first()
    if source is None:
        raise RefusedError(f"{organization} has no sandbox {pick.source}. Choose one of the list.", field="source")
    if not source.is_active:
        raise RefusedError(f"The sandbox {source.name} is {source.state}; choose an active one.", field="source")
    if pick.level == "sandbox" and pick.ids:
        raise RefusedError("A whole sandbox takes no ids. Choose the offers or decisions instead.", field="ids")
    if pick.level != "sandbox" and not pick.ids:
        raise RefusedError(f"Name the {pick.level}s to migrate, or migrate the whole sandbox.", field="ids")
    if len(pick.ids) > IDS_LIMIT:
        raise RefusedError(f"Name at most {IDS_LIMIT:,} ids at once; a sandbox can be migrated whole.", field="ids")
    if not 1 <= pick.hours <= HOURS_LIMIT:
        raise RefusedError(f"A workflow can be followed for 1 to {HOURS_LIMIT} hours.", field="hours")
    digest = hashlib.sha256("\n".join(pick.ids).encode()).hexdigest()[:16]
    return plans.start(
        system_name=SYSTEM,
        title=pick.title,
        source=organization,
        source_place=pick.source,
        sandbox=target,
        pick=pick.as_json(),
        pick_key=f"{organization.pk}:{pick.source}:{pick.level}:{digest}",
        origin_job=origin_job,
        job_name=pick.title,
        actor=actor,
        details={"source": pick.source, "level": pick.level, "ids": list(pick.ids[:20])},
    )
