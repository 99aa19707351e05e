"""Planning the import of API versions, and going on after one."""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import Organization, User
from accounts.services import audit
from promotions.api_choices import ApiVersionState, ArchiveKind, DuplicateRule
from promotions.choices import PlanState
from promotions.models import ApiVersion, Archive, Job, Plan, Promotion, api_pick_key
from promotions.services import api_versions, archives, plans, repeats
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb
from promotions.systems.snaplogic.advice import remedies
from promotions.systems.snaplogic.asset_types import OVERWRITABLE
from promotions.systems.snaplogic.drafting import CHANGE_KEY, change_items
from promotions.systems.snaplogic.kinds import SYSTEM
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.snaplogic.verbs import ApiVerb


@transaction.atomic
def plan_import(
    *,
    source: Archive | ApiVersion,
    target: Organization,
    api: str,
    version: str,
    rule: DuplicateRule = DuplicateRule.SKIP,
    types: Collection[str] = (),
    expressions: Archive | None = None,
    accounts: Collection[str] = (),
    actor: User,
    origin_job: Job | None = None,
) -> Promotion:
    """Start an import of a zip that is kept here, or of a version that is exported first.

    `types` are those to overwrite; `accounts` the ids of accounts to edit, as a plan before had them. Raises
    RefusedError if source, target or rule cannot take part.
    """
    require_role(actor, source.organization, Role.VIEWER)
    require_role(actor, target, Role.OPERATOR)
    path = api_versions.checked_path(target, api, version)
    rule, words = _checked_rule(rule, types)
    if expressions is not None:
        require_role(actor, expressions.organization, Role.VIEWER)
        _require_expressions(expressions)
        if expressions.organization_id not in (source.organization_id, target.pk):
            # Who agrees is asked about source and target, and may know of no other.
            raise RefusedError(
                f"{expressions} belongs to {expressions.organization}, which is neither source nor target. Add the "
                "files to the plan instead.",
                field="expressions",
            )
        archives.take(expressions)
    pick = Pick(
        api=api,
        version=version,
        rule=rule,
        types=words,
        expressions=expressions.pk if expressions else None,
        accounts=tuple(accounts),
    )
    if isinstance(source, Archive):
        _require_usable(source)
        pick, place = pick.changed(archive=source.pk), source.version_path or source.name
        archives.take(source)
    else:
        pick, place = pick.changed(source=(source.api, source.version)), str(source)
        if source.path == path.text and rule != DuplicateRule.CREATE_NEW:
            raise RefusedError(f"{source} would be imported into itself. Choose another target.", field="version")
    return plans.start(
        system_name=SYSTEM,
        title=pick.title,
        source=source.organization,
        source_place=place[:256],
        sandbox=target.environment,
        pick=pick.as_json(),
        pick_key=api_pick_key(target.pk, api, version)[:600],
        origin_job=origin_job,
        job_name=pick.title,
        actor=actor,
        details={"path": path.text, "rule": rule, "types": list(words), "from": place[:256]},
    )


@transaction.atomic
def plan_again(
    promotion: Promotion,
    *,
    actor: User,
    origin_job: Job | None = None,
    rule: DuplicateRule | None = None,
    types: Collection[str] = (),
    version: tuple[str, str] | None = None,
) -> Promotion:
    """The same zip once more, under the same rule or another one, into the same version or another one.

    A retry of what failed under “make another version” goes into the one that was made: `version_path` of its job.
    """
    pick = Pick.of(promotion)
    archive = Archive.objects.filter(pk=pick.archive).first() if pick.archive is not None else None
    extras = Archive.objects.filter(pk=pick.expressions, erased_at=None).first() if pick.expressions else None
    if archive is None:
        raise RefusedError("The zip of this promotion never came. Plan a new import.")
    if rule is None:
        rule, types = pick.rule, pick.types
        if origin_job is not None and rule == DuplicateRule.CREATE_NEW:
            rule, types, version = DuplicateRule.SKIP, (), _made_by(origin_job)
    api, name = version or (pick.api, pick.version)
    return plan_import(
        source=archive,
        target=promotion.target_organization,
        api=api,
        version=name,
        rule=rule,
        types=types,
        expressions=extras,
        accounts=pick.accounts,
        actor=actor,
        origin_job=origin_job,
    )


@transaction.atomic
def apply_remedy(*, job: Job, key: str, actor: User) -> Promotion:
    """Plan again as a remedy of an ended import says. Raises RefusedError if it is not offered (any more)."""
    job = Job.objects.select_for_update(of=("self",)).select_related("promotion", "plan").get(pk=job.pk)
    require_role(actor, job.organization, Role.OPERATOR)
    remedy = next((one for one in remedies(job) if one.key == key), None)
    if remedy is None or job.promotion is None:
        raise RefusedError("This way to go on is not offered any more. Reload the page.")
    if (standing := repeats.standing_retry(job)) is not None:
        raise RefusedError(f"Promotion {standing.pk} goes on with it already. Go on there, or put that one away first.")
    newer = plan_again(
        job.promotion, actor=actor, origin_job=job, rule=remedy.rule, types=remedy.types, version=remedy.version
    )
    audit.record(
        Verb.RUN_REPEATED,
        actor=actor,
        subject=job.promotion,
        organization=job.organization,
        details={"new_promotion": newer.pk, "retried_job": job.pk, "rule": remedy.rule, "types": list(remedy.types)},
    )
    return newer


@transaction.atomic
def change_rule(*, plan: Plan, rule: DuplicateRule, types: Collection[str] = (), actor: User) -> None:
    """Import under another rule: what it does to each asset is worked out anew. Decisions on accounts stay."""
    plan = plans.open_for(plan, actor)
    rule, words = _checked_rule(rule, types)
    promotion = locked_promotion(plan)
    pick = Pick.of(promotion)
    if (pick.rule, pick.types) == (rule, words):
        return
    change(plan, pick.changed(rule=rule, types=words), actor)
    audit.record(
        ApiVerb.RULE_CHANGED,
        actor=actor,
        subject=promotion,
        organization=promotion.target_organization,
        details={"before": [pick.rule, *pick.types], "after": [rule, *words]},
    )


def locked_promotion(plan: Plan) -> Promotion:
    """The promotion as it is now, whoever waited for whom."""
    plan.promotion = (
        Promotion.objects.select_for_update(of=("self",))
        .select_related("target_organization", "source_organization", "target_sandbox__organization")
        .get(pk=plan.promotion_id)
    )
    return plan.promotion


def change(plan: Plan, pick: Pick, person: User) -> None:
    """Send something else than was planned: the plan names who has changed it, and its facts are gathered anew."""
    pick = pick.changed(is_changed=True)
    store(plan.promotion, pick)
    item = plan.items.filter(key=CHANGE_KEY).first() or plans.add_items(plan, change_items(pick, ()))[0]
    item.decided_by, item.decided_at = person, timezone.now()
    item.save(update_fields=["decided_by", "decided_at"])
    plan.state = PlanState.GATHERING
    plan.save(update_fields=["state"])
    plans.queue_facts(plan, person)


def store(promotion: Promotion, pick: Pick) -> None:
    promotion.pick = pick.as_json()
    promotion.save(update_fields=["pick"])


def _checked_rule(rule: DuplicateRule, types: Collection[str]) -> tuple[DuplicateRule, tuple[str, ...]]:
    unknown = [word for word in types if word not in OVERWRITABLE]
    if unknown:
        raise RefusedError(
            f"{', '.join(unknown)} cannot be overwritten. Choose among {', '.join(OVERWRITABLE)}.", field="types"
        )
    if rule == DuplicateRule.OVERWRITE and not types:
        raise RefusedError("Choose at least one type to overwrite, or another rule.", field="types")
    if rule != DuplicateRule.OVERWRITE and types:
        raise RefusedError("Types are chosen with the rule that overwrites only.", field="types")
    return rule, tuple(word for word in OVERWRITABLE if word in types)


def _require_usable(archive: Archive) -> None:
    if archive.kind != ArchiveKind.VERSION:
        raise RefusedError(f"{archive} holds expression files, and no API version.", field="archive")
    if archive.is_erased:
        raise RefusedError(f"{archive} was erased on {archive.erased_at:%Y-%m-%d}. Upload it again.", field="archive")


def _require_expressions(archive: Archive) -> None:
    if archive.kind != ArchiveKind.EXPRESSIONS:
        raise RefusedError(f"{archive} holds no expression files that were uploaded as such.", field="expressions")
    if archive.is_erased:
        raise RefusedError(
            f"{archive} was erased on {archive.erased_at:%Y-%m-%d}. Upload it again.", field="expressions"
        )


def _made_by(job: Job) -> tuple[str, str]:
    parts = str(job.result.get("version_path") or "").split("/")
    if len(parts) != 4:
        raise RefusedError("The platform did not tell the name of the version that it made. Plan a new import.")
    return parts[2], parts[3]


def state_after(plan: Plan) -> ApiVersionState | None:
    """The state of the version that an import has made; None where it kept the one it had, or that is not known.

    SnapLogic, public API, "Import an API version": a new version is unpublished.
    """
    is_new = plan.facts.get("target", {}).get("presence") == "absent"
    is_another = plan.facts.get("rule") == DuplicateRule.CREATE_NEW and not is_new
    return ApiVersionState.UNPUBLISHED if is_new or is_another else None
