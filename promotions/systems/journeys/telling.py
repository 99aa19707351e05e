"""What pages and commands say of promotions of journeys."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.urls import reverse

from accounts.models import User
from promotions.choices import Decision, ItemInput, ItemKind
from promotions.models import Job, Journey, Plan, PlanItem, Promotion
from promotions.services import journey_plans
from promotions.services.errors import RefusedError
from promotions.services.groups import target_words
from promotions.services.sealed_values import SECRET_LIMIT
from promotions.systems.base import Fact, Figure, Place, System, Words
from promotions.systems.journeys.payload import PLACEHOLDER
from promotions.systems.journeys.targets import UNKNOWN_SCHEMA

ITEM_TYPES = {
    "secret": "Secret",
    "schema": "Event schema",
    "template": "Template name",
    "mobile_app": "Mobile app name",
    "text": "Text",
}
_NOUNS = {
    "Secret": "secret",
    "Event schema": "schema",
    "Template name": "name",
    "Mobile app name": "name",
    "Text": "text",
}
TEXT_LIMIT = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
NO_WAY_BACK = (
    "The platform offers no way to take it back: what it makes has to be removed by hand. Just before sending, the "
    "version is exported again; if anything changed, nothing is sent."
)


class JourneyTelling(System):
    """The words and numbers of a journey's import."""

    label = "Journey"
    words = Words(
        item="value",
        items="values",
        undecided="not filled in",
        looked_at="found to fill in",
        gathers="Towpath exports the version, looks for secrets, schemas and names that have to be filled in, and for "
        "the schemas that the target has. It changes nothing.",
        again="Every import makes another copy, beside those that were made before.",
    )
    names_job = False
    tells_undecided = True
    decision_template = "promotions/journeys/_plan_decision.html"
    note_template = "promotions/journeys/_plan_note.html"
    run_template = "promotions/journeys/_run.html"

    def run_title(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        return f"Run import of “{promotion.title}”{_version(promotion)} into {target_words(promotion)}"

    def figures(self, promotion: Promotion, items: Sequence[PlanItem]) -> list[Figure]:
        duties = [item for item in items if item.must_decide]
        if not duties:
            return []
        if any(item.kind == ItemKind.CONFIRMATION for item in items):
            is_confirmed = all(item.decision != Decision.UNDECIDED for item in duties)
            state = Figure("confirmed", tone="accent") if is_confirmed else Figure("to be confirmed", tone="warn")
            return [Figure("nothing to fill in"), state]
        filled = sum(item.decision != Decision.UNDECIDED for item in duties)
        tone = "accent" if filled == len(duties) else "warn"
        kinds = Counter(_NOUNS.get(item.type, "value") for item in items)
        rest = [Figure(noun if number == 1 else f"{noun}s", str(number)) for noun, number in kinds.items()]
        return [Figure("filled", f"{filled} of {len(duties)}", tone), *rest]

    def words_of(self, promotion: Promotion, numbers: Mapping[str, int]) -> str:
        return f"{numbers['duties'] - numbers['open']} of {numbers['duties']} filled"

    def will_do(self, promotion: Promotion, numbers: Mapping[str, int]) -> str:
        return "a new draft copy of the journey and of what it uses"

    def ready_words(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        number = sum(item.kind == ItemKind.VALUE for item in items)
        return f"{number} filled, one new copy to make" if number else "One new copy to make"

    def undecided_words(self, number: int) -> str:
        return f"{number} value is not filled in yet." if number == 1 else f"{number} values are not filled in yet."

    def what_happens(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        carried = carried_words(_carried(promotion.current_plan))
        return (
            f"A draft copy of “{promotion.title}” is made in {target_words(promotion)}"
            f"{f', with {carried}' if carried else ''}, beside what is there. It is published by hand in the target. "
            f"{NO_WAY_BACK}"
        )

    def what_is_final(self, plan: Plan, items: Sequence[PlanItem]) -> tuple[str, list[str]]:
        promotion = plan.promotion
        objects = [one for one in plan.display.get("objects", ()) if not one["is_system"]]
        sentence = (
            f"A draft copy of the journey is made in {target_words(promotion)} together with new copies of what "
            "it uses. The platform cannot remove them again; this has to be done by hand:"
        )
        return sentence, [
            f"Journey “{promotion.title}”{_version(promotion)}",
            *(f"{str(one['type']).capitalize()} “{one['name'] or one['uid']}”" for one in objects),
        ]

    def source_facts(self, plan: Plan) -> list[Fact]:
        promotion = plan.promotion
        picked = self.picked(promotion)
        target = plan.facts.get("target") or {}
        content = str(plan.facts.get("content") or "")
        earlier = plan.display.get("earlier", ())
        return [
            Fact("Journey", picked.title if picked else promotion.title, url=picked.url if picked else ""),
            Fact("Version", str(promotion.pick.get("version") or promotion.pick.get("version_uid") or "unknown")),
            Fact("Exported document", content[:12] or "none", note=f"{plan.display.get('size', 0):,} bytes"),
            Fact(
                "Copies made before",
                str(len(earlier)) if earlier else "none that Towpath knows of",
                note=", ".join(str(one["name"]) for one in earlier[:3]),
            ),
            Fact("Sandbox is", state=str(target.get("state") or ""), note=str(target.get("type") or "")),
        ]

    def home(self) -> Place:
        return Place("Journeys", reverse("promotions:journey-list"))

    def picked(self, promotion: Promotion) -> Place | None:
        journey = Journey.objects.filter(pk=promotion.pick.get("journey")).first()
        return Place(journey.name, reverse("promotions:journey-detail", args=[journey.pk])) if journey else None

    def elsewhere(self, promotion: Promotion) -> str:
        pick = promotion.pick
        if not Journey.objects.filter(pk=pick.get("journey")).exists():
            return ""
        return f"{reverse('promotions:journey-promote', args=[pick['journey']])}?version={pick['version_uid']}"

    def source_note(self, promotion: Promotion) -> str:
        version = promotion.pick.get("version")
        return f"version {version}" if version else ""

    def scope(self, promotion: Promotion) -> str:
        return f"journey:{promotion.pick['version_uid']}:sandbox:{promotion.target_sandbox_id}"

    def checked_value(self, item: PlanItem, value: str) -> str:
        is_secret = item.input == ItemInput.SECRET
        value = value if is_secret else value.strip()
        if not value:
            raise RefusedError(f"Type the value of {item} first.", field="value")
        if len(value) > (SECRET_LIMIT if is_secret else TEXT_LIMIT):
            raise RefusedError(f"What was typed for {item} is too long.", field="value")
        if PLACEHOLDER in value:
            raise RefusedError(
                f"{PLACEHOLDER} is what the platform writes where a secret was left out. Type the secret itself.",
                field="value",
            )
        if not is_secret and _CONTROL.search(value):
            raise RefusedError(f"What was typed for {item} holds a line break or a control character.", field="value")
        if item.type == ITEM_TYPES["schema"] and re.search(r"\s", value):
            raise RefusedError(
                "A schema id holds no space. Copy it from the schema's page in the target, such as "
                "https://ns.adobe.com/tenant/schemas/0123456789abcdef.",
                field="value",
            )
        return value

    def consequence_of(self, item: PlanItem, value: str) -> str:
        listed = item.plan.display.get("schemas")
        if item.type == ITEM_TYPES["schema"] and listed is not None and value not in listed:
            return UNKNOWN_SCHEMA
        return ""

    def again(self, promotion: Promotion, *, actor: User, origin_job: Job | None) -> Promotion:
        journey = Journey.objects.filter(pk=promotion.pick.get("journey")).first()
        if journey is None:
            raise RefusedError(f"“{promotion.title}” is not known here any more. Synchronize the journeys first.")
        return journey_plans.plan_promotion(
            journey=journey,
            version_uid=promotion.pick["version_uid"],
            sandbox=promotion.target_sandbox,
            actor=actor,
            origin_job=origin_job,
            texts=promotion.pick.get("texts", ()),
        )

    def reason_not_to_retry(self, job: Job) -> str:
        return "An import cannot be repeated in part: every import makes another copy. Mend the copy in the target."


def carried_words(types: Iterable[str]) -> str:
    """For example "2 events, 1 data source"."""
    numbers = Counter(types)
    return ", ".join(f"{number} {kind}{'' if number == 1 else 's'}" for kind, number in numbers.items())


def _carried(plan: Plan) -> list[str]:
    return [str(one["type"]) for one in plan.display.get("objects", ()) if not one["is_system"]]


def _version(promotion: Promotion) -> str:
    version: Any = promotion.pick.get("version")
    return f" version {version}" if version else ""
