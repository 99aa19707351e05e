"""Planning the import of journeys, into one sandbox or several."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import OrganizationKind, Role
from accounts.models import Sandbox, User
from accounts.services import audit
from promotions.models import Job, Journey, JourneyCopy, JourneyVersion, Promotion, PromotionGroup
from promotions.services import plans, repeats
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.verbs import Verb
from promotions.systems.journeys.kinds import SYSTEM


@transaction.atomic
def plan_promotion(
    *,
    journey: Journey,
    version_uid: str,
    sandbox: Sandbox,
    actor: User,
    group: PromotionGroup | None = None,
    origin_job: Job | None = None,
    texts: Sequence[str] = (),
) -> Promotion:
    """Start the promotion of one version of a journey, as `plans.start` does.

    `texts` are pointers of further texts to decide, beside what the export asks for (services.journey_texts). Raises
    RefusedError if the journey, the version or the sandbox cannot take part.
    """
    require_role(actor, journey.organization, Role.VIEWER)
    require_role(actor, sandbox.organization, Role.OPERATOR)
    version = _version(journey, version_uid)
    if sandbox.organization.kind != OrganizationKind.ADOBE:
        raise RefusedError(f"{sandbox.organization} has no journeys. Choose a sandbox of Adobe.", field="sandbox")
    if journey.vanished_at is not None:
        raise RefusedError(f"“{journey}” is no longer at the platform.", field="version")
    if not journey.is_exportable:
        raise RefusedError(
            f"“{journey}” is known through the newer API only, which cannot export. Check the journey service URL of "
            f"{journey.organization}, then synchronize.",
            field="version",
        )
    return plans.start(
        system_name=SYSTEM,
        title=journey.name,
        source=journey.organization,
        source_place=journey.sandbox.name,
        sandbox=sandbox,
        pick={
            "journey": journey.pk,
            "uid": journey.uid,
            "version_uid": version.uid,
            "version": version.version,
            "sandbox": journey.sandbox.name,
            **({"texts": list(texts)} if texts else {}),
        },
        pick_key=journey.pick_key,
        group=group,
        origin_job=origin_job,
        job_name=journey.name,
        actor=actor,
        details={"journey": journey.uid, "version": version.uid},
    )


def version_named(journey: Journey, said: str) -> str:
    """The uid of the version that somebody names by it, or by its number; the latest one if they name none.

    Raises RefusedError if the journey has no such version, or several.
    """
    if not said or said == journey.latest_version_uid or journey.versions.filter(uid=said).exists():
        return said
    found = set(journey.versions.filter(version=said).values_list("uid", flat=True))
    if journey.latest_version == said:
        found.add(journey.latest_version_uid)
    if len(found) > 1:
        raise RefusedError(
            f"“{journey}” has several versions {said}. Name one by its id: {', '.join(sorted(found))}.", field="version"
        )
    return found.pop() if found else _version(journey, said).uid


def _version(journey: Journey, version_uid: str) -> JourneyVersion:
    wanted = version_uid or journey.latest_version_uid
    found = journey.versions.filter(uid=wanted).first() if wanted else None
    if found is not None:
        return found
    if wanted and wanted == journey.latest_version_uid:
        # A list may name the latest version and tell nothing else of it.
        return JourneyVersion(journey=journey, uid=wanted, version=journey.latest_version)
    raise RefusedError(
        f"“{journey}” has no version {wanted or 'that is known here'}. Synchronize the journeys, then pick one.",
        field="version",
    )


@transaction.atomic
def promote_to(*, journey: Journey, version_uid: str, sandboxes: Sequence[Sandbox], actor: User) -> PromotionGroup:
    """Plan one promotion for each sandbox, all or none. Raises RefusedError naming the sandbox that cannot take it."""

    def plan(sandbox: Sandbox, group: PromotionGroup) -> Promotion:
        return plan_promotion(journey=journey, version_uid=version_uid, sandbox=sandbox, actor=actor, group=group)

    return repeats.promote_to_each(
        title=journey.name, organization=journey.organization, sandboxes=sandboxes, plan=plan, actor=actor
    )


@transaction.atomic
def note_published(*, copy: JourneyCopy, actor: User, is_published: bool = True) -> JourneyCopy:
    """A person says that the copy was published in the target, or takes that back: no API tells it."""
    require_role(actor, copy.target_organization, Role.OPERATOR)
    copy = JourneyCopy.objects.select_for_update(of=("self",)).select_related("target_organization").get(pk=copy.pk)
    if (copy.published_at is not None) == is_published:
        raise ConflictError(f"“{copy.name}” is marked so already. Reload the page.")
    copy.published_at = timezone.now() if is_published else None
    copy.published_by = actor if is_published else None
    copy.save(update_fields=["published_at", "published_by"])
    audit.record(
        Verb.COPY_PUBLISHED if is_published else Verb.COPY_NOT_PUBLISHED,
        actor=actor,
        subject=copy,
        organization=copy.target_organization,
        details={"uid": copy.uid, "version": copy.version_uid},
    )
    return copy
