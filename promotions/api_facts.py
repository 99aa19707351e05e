"""What every face tells of an API version: what was brought into it and elsewhere, and what was done to it."""

from django.db.models import Q, QuerySet

from accounts.models import User
from promotions.api_choices import ALLOWED_FROM, ApiVersionState, LifecycleAct
from promotions.models import ApiVersion, Archive, Job, Promotion
from promotions.systems.snaplogic import kinds

HISTORY_SHOWN = 20


def acts_from(state: str) -> list[LifecycleAct]:
    """The acts that lead on from a state, as far as is known here; from an unknown one all of them."""
    return [act for act, states in ALLOWED_FROM.items() if ApiVersionState(state) in states]


def imports_into(row: ApiVersion, user: User) -> QuerySet[Promotion]:
    """What was to be imported into the version, and the import that has made it under a name of the platform's."""
    named = Q(pick_key=row.pick_key)
    if row.state_job_id is not None:
        named |= Q(jobs=row.state_job_id)
    return Promotion.objects.visible_to(user).filter(named, system=kinds.SYSTEM).distinct()


def imports_from(row: ApiVersion, user: User) -> QuerySet[Promotion]:
    """What was to be brought elsewhere from the version, exported anew or as a zip that it was exported as before."""
    exported = Q(pick__source=[row.api, row.version]) | Q(source_place=row.path[:256])
    return Promotion.objects.visible_to(user).filter(
        exported, system=kinds.SYSTEM, source_organization=row.organization
    )


def changes_of(row: ApiVersion, user: User) -> QuerySet[Promotion]:
    """Changes of its life: those of this version alone, and of several ones that were run."""
    runs = Job.objects.filter(
        kind=kinds.LIFECYCLE, organization=row.organization, results__remote_id=f"{row.api}/{row.version}"
    )
    return Promotion.objects.visible_to(user).filter(
        Q(pick_key=row.pick_key) | Q(pk__in=runs.values("promotion")), system=kinds.LIFECYCLE_SYSTEM
    )


def latest_listing(row: ApiVersion) -> Job | None:
    """The latest job that lists, or listed, its assets."""
    jobs = Job.objects.filter(kind=kinds.LIST_ASSETS, organization=row.organization, params__api_version=row.pk)
    return jobs.order_by("-pk").first()


def promotions_with(archives: list[Archive], user: User) -> dict[int, list[Promotion]]:
    """By the key of an archive, the promotions that took it, oldest first; in one query."""
    taken: dict[int, list[Promotion]] = {archive.pk: [] for archive in archives}
    named = Q(pick__archive__in=list(taken)) | Q(pick__expressions__in=list(taken))
    promotions = Promotion.objects.visible_to(user).filter(named, system=kinds.SYSTEM)
    for promotion in promotions.select_related("target_sandbox__organization").order_by("pk"):
        for pk in {promotion.pick.get("archive"), promotion.pick.get("expressions")} & taken.keys():
            taken[pk].append(promotion)
    return taken
