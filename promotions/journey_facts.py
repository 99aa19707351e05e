"""What every face tells of a journey: what it uses, whether it can be promoted, where copies of it live."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import User
from promotions.journey_outline import Outline, Used, from_json
from promotions.models import Journey, JourneyCopy, Promotion

SYSTEM = "journeys"
HISTORY_SHOWN = 10
COPIES_SHOWN = 50
# In this order; things of another type come after them.
USED_TYPES = ("event", "data source", "field group", "custom action")


@dataclass(frozen=True)
class CopyRow:
    """A copy, with our row of the journey at its other end, where there is one."""

    copy: JourneyCopy
    journey: Journey | None


def why_no_promotion(journey: Journey) -> str:
    """In words why no version of this journey can be promoted; empty if one can."""
    if journey.vanished_at is not None:
        return "It is no longer at the platform."
    if not journey.is_exportable:
        return "Only the newer API names it, which cannot export."
    if not journey.sandbox.is_active:
        return f"{journey.sandbox.name} is no active sandbox any more."
    return ""


def promotions_of(journey: Journey, user: User) -> QuerySet[Promotion]:
    return Promotion.objects.visible_to(user).filter(system=SYSTEM, pick_key=journey.pick_key)


def outline_of(journey: Journey) -> Outline | None:
    return from_json(journey.outline) if journey.outline else None


def used_by(journey: Journey, outline: Outline | None) -> list[Used]:
    """What the journey uses: from its export if one was read, else as far as its steps tell."""
    if journey.uses is not None:
        found = [Used(**one) for one in journey.uses]
    else:
        found = list(outline.used) if outline is not None else []
    places = {name: place for place, name in enumerate(USED_TYPES)}
    return sorted(found, key=lambda one: (places.get(one.type, len(places)), one.type, one.name.lower(), one.uid))


def made_of(journey: Journey) -> Q:
    """Narrows copies to those of this journey."""
    return Q(source_organization=journey.organization, source_sandbox_name=journey.sandbox.name, source_uid=journey.uid)


def copies_of(journey: Journey, user: User) -> list[CopyRow]:
    """What was made of it elsewhere, newest first."""
    found = JourneyCopy.objects.visible_to(user).filter(made_of(journey))
    copies = list(
        found.select_related(
            "source_organization", "target_organization", "target_sandbox__organization", "published_by"
        )[:COPIES_SHOWN]
    )
    wanted = Q(pk=None)
    for copy in copies:
        if copy.uid:
            wanted |= Q(sandbox=copy.target_sandbox_id, uid=copy.uid)
    rows = Journey.objects.filter(wanted).only("sandbox_id", "uid", "name")
    known = {(one.sandbox_id, one.uid): one for one in rows}
    return [CopyRow(copy, known.get((copy.target_sandbox_id, copy.uid))) for copy in copies]


def origins_of(journey: Journey, user: User) -> list[CopyRow]:
    """The imports that made it; more than one only if the platform named two of them alike."""
    made_here = JourneyCopy.objects.visible_to(user).filter(target_sandbox=journey.sandbox)
    versions = journey.versions.values("uid")
    found = made_here.filter(Q(uid=journey.uid) | Q(uid="", version_uid__in=versions))
    related = ("source_organization", "target_organization", "target_sandbox__organization", "published_by")
    return [CopyRow(copy, _source_of(copy)) for copy in found.select_related(*related)[:HISTORY_SHOWN]]


def _source_of(copy: JourneyCopy) -> Journey | None:
    if not copy.source_uid:
        return None
    found = Journey.objects.filter(organization=copy.source_organization, sandbox__name=copy.source_sandbox_name)
    return found.filter(uid=copy.source_uid).only("pk", "name").first()
