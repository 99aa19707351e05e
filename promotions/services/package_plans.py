"""Planning the import of packages, into one sandbox or several."""

from collections.abc import Sequence

from django.db import transaction

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import Sandbox, User
from promotions.choices import PromotionMode
from promotions.models import Job, Package, Promotion, PromotionGroup
from promotions.services import plans, repeats, versions
from promotions.services.errors import RefusedError
from promotions.systems.packages.kinds import SYSTEM


@transaction.atomic
def plan_promotion(
    *,
    package: Package,
    sandbox: Sandbox,
    job_name: str,
    job_description: str = "",
    actor: User,
    group: PromotionGroup | None = None,
    origin_job: Job | None = None,
    mode: PromotionMode = PromotionMode.CREATE,
) -> Promotion:
    """Start the promotion of a package, as `plans.start` does.

    With the mode UPDATE objects of the target are brought up to date, which not every package can. Raises RefusedError
    if the package or the sandbox cannot take part.
    """
    require_role(actor, package.organization, Role.VIEWER)
    require_role(actor, sandbox.organization, Role.OPERATOR)
    if sandbox.organization_id != package.organization_id:
        raise RefusedError(
            f"“{package}” belongs to {package.organization}, and the platform imports only into sandboxes of the same "
            "organization. Share the package first.",
            field="sandbox",
        )
    if not package.is_importable:
        raise RefusedError(f"“{package}” cannot be imported: {_why_not(package)}", field="package")
    if mode == PromotionMode.UPDATE and (reason := versions.reason_not_offered(package)):
        raise RefusedError(reason, field="mode")
    return plans.start(
        system_name=SYSTEM,
        mode=mode,
        title=package.name,
        source=package.organization,
        source_place=package.source_sandbox,
        sandbox=sandbox,
        package=package,
        group=group,
        origin_job=origin_job,
        job_name=job_name,
        job_description=job_description,
        actor=actor,
        details={"package": package.remote_id},
    )


def _why_not(package: Package) -> str:
    if package.vanished_at is not None:
        return "it is no longer at the platform."
    if package.is_expired:
        return f"it expired on {package.expires_at:%Y-%m-%d}. Make and publish a new one."
    return f"it is {package.status_label.lower()}. Publish it first."


@transaction.atomic
def promote_to(
    *,
    package: Package,
    sandboxes: Sequence[Sandbox],
    job_name: str,
    job_description: str = "",
    actor: User,
    mode: PromotionMode = PromotionMode.CREATE,
) -> PromotionGroup:
    """Plan one promotion for each sandbox, all or none. Raises RefusedError naming the sandbox that cannot take it."""

    def plan(sandbox: Sandbox, group: PromotionGroup) -> Promotion:
        return plan_promotion(
            package=package,
            sandbox=sandbox,
            job_name=job_name,
            job_description=job_description,
            actor=actor,
            group=group,
            mode=mode,
        )

    return repeats.promote_to_each(
        title=package.name,
        organization=package.organization,
        package=package,
        sandboxes=sandboxes,
        plan=plan,
        actor=actor,
    )
