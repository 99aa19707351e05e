"""Expression files that people add to an import: they go to the root of the version, in a zip of their own."""

from collections.abc import Iterable, Sequence

from django.db import transaction

from accounts.models import User
from accounts.services import audit
from promotions.models import Archive, Plan
from promotions.services import api_version_plans, archives, plans
from promotions.services.errors import ConflictError
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.snaplogic.verbs import ApiVerb


@transaction.atomic
def add(*, plan: Plan, files: Sequence[tuple[str, Iterable[bytes]]], actor: User) -> Archive:
    """Take these files (name and content), or those of one zip, instead of what was added before; facts are read anew.

    Raises RefusedError for equal base names, naming both paths, and for what is too large or no file of this kind.
    """
    plan = plans.open_for(plan, actor)
    promotion = api_version_plans.locked_promotion(plan)
    archive = archives.receive_expressions(organization=promotion.target_organization, files=files, actor=actor)
    api_version_plans.change(plan, Pick.of(promotion).changed(expressions=archive.pk), actor)
    audit.record(
        ApiVerb.EXPRESSIONS_ADDED,
        actor=actor,
        subject=promotion,
        organization=promotion.target_organization,
        details={"revision": plan.revision, "files": archive.inventory["files"][:50], "sha256": archive.sha256},
    )
    return archive


@transaction.atomic
def remove(*, plan: Plan, actor: User) -> None:
    """Send no expression files after all. Raises ConflictError if there are none."""
    plan = plans.open_for(plan, actor)
    promotion = api_version_plans.locked_promotion(plan)
    pick = Pick.of(promotion)
    if pick.expressions is None:
        raise ConflictError("No expression files are added. Reload the page.")
    api_version_plans.change(plan, pick.changed(expressions=None), actor)
    audit.record(
        ApiVerb.EXPRESSIONS_REMOVED,
        actor=actor,
        subject=promotion,
        organization=promotion.target_organization,
        details={"revision": plan.revision},
    )
