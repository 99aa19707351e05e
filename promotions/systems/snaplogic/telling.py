"""What pages and commands say of imports of API versions."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from django.urls import reverse

from accounts.models import User
from promotions.api_choices import DuplicateRule
from promotions.choices import Decision, ItemInput, JobState
from promotions.models import ApiVersion, Job, Plan, PlanItem, Promotion
from promotions.services import api_version_plans
from promotions.services.errors import RefusedError
from promotions.services.groups import target_words
from promotions.services.sealed_values import SECRET_LIMIT
from promotions.systems.base import Fact, Figure, Place, System, Words
from promotions.systems.snaplogic.advice import has_missing
from promotions.systems.snaplogic.drafting import ACCOUNT_ITEM, VALUE_ITEM
from promotions.systems.snaplogic.effects import Effect
from promotions.systems.snaplogic.picks import Pick, archive_of, target_path
from promotions.systems.snaplogic.secret_words import holds_secret_within

TEXT_LIMIT = 20_000
NO_WAY_BACK = (
    "The platform offers no way to take an import back: what is overwritten is gone, and what is added has to be "
    "removed by hand. Just before sending, the target is asked once more; if anything changed, nothing is sent."
)
_FORESEEN = (
    (Effect.ADDED, "added", "accent"),
    (Effect.OVERWRITTEN, "overwritten", "warn"),
    (Effect.LEFT, "left as they are", ""),
    (Effect.ADDED_OR_LEFT, "added or left, not known", ""),
    (Effect.ADDED_OR_OVERWRITTEN, "added or overwritten, not known", "warn"),
)


class SnapLogicTelling(System):
    """The words and numbers of an import."""

    label = "API version"
    words = Words(
        item="asset",
        items="assets",
        undecided="not decided",
        looked_at="found in the zip and its accounts",
        gathers="Towpath reads the zip, and asks the target what its version holds, where the account may. It changes "
        "nothing.",
        again="Under “Make another version” every run makes one more; otherwise what is there already stays, or is "
        "overwritten again.",
        verb="Import",
        confirm="I have read this, and it may be so",
        keep_all="Leave all undecided accounts as exported",
    )
    change_groups = {
        Decision.CONFIRM: "Confirmed and chosen",
        Decision.CREATE: "Added",
        Decision.UPDATE: "Overwritten in the target: cannot be undone",
        Decision.REUSE: "Account values from stored values of the target",
        Decision.FILL: "Accounts edited, and the values typed for them",
        Decision.KEEP: "Kept as exported",
        Decision.LEAVE: "There already: left as they are",
    }
    decides_on_made = False
    names_job = False
    tells_undecided = True
    decision_template = "promotions/apis/_plan_decision.html"
    answer_template = "promotions/apis/_plan_answer.html"
    note_template = "promotions/apis/_plan_note.html"
    run_template = "promotions/apis/_run.html"

    def run_title(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        return f"Run import of {Pick.of(promotion).title} into {target_words(promotion)}"

    def figures(self, promotion: Promotion, items: Sequence[PlanItem]) -> list[Figure]:
        foreseen = Counter(item.details.get("effect") for item in items)
        found = [Figure(words, str(foreseen[effect]), tone) for effect, words, tone in _FORESEEN if foreseen[effect]]
        duties = [item for item in items if item.must_decide]
        if duties:
            done = sum(item.decision != Decision.UNDECIDED for item in duties)
            found.insert(0, Figure("decided", f"{done} of {len(duties)}", "accent" if done == len(duties) else "warn"))
        edited = sum(item.type == ACCOUNT_ITEM and item.decision == Decision.FILL for item in items)
        if edited:
            found.append(Figure("account edited" if edited == 1 else "accounts edited", str(edited)))
        return found

    def words_of(self, promotion: Promotion, numbers: Mapping[str, int]) -> str:
        return f"{numbers['duties'] - numbers['open']} of {numbers['duties']} decided"

    def will_do(self, promotion: Promotion, numbers: Mapping[str, int]) -> str:
        return f"its assets come into {Pick.of(promotion).title} under the rule “{_rule(promotion).label.lower()}”"

    def ready_words(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        number = sum("effect" in item.details for item in items)
        return f"{number} asset{'' if number == 1 else 's'}, {_rule(promotion).label.lower()}"

    def undecided_words(self, number: int) -> str:
        return f"{number} row is not decided yet." if number == 1 else f"{number} rows are not decided yet."

    def what_happens(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        where = f"{Pick.of(promotion).title} in {target_words(promotion)}"
        foreseen = Counter(item.details.get("effect") for item in items)
        told = [f"{foreseen[effect]} {words}" for effect, words, _ in _FORESEEN if foreseen[effect]]
        made = " Another version is made, under a name that the platform decides." if _makes_another(promotion) else ""
        return f"The zip is imported into {where}: {', '.join(told) or 'no asset is known'}.{made} {NO_WAY_BACK}"

    def what_is_final(self, plan: Plan, items: Sequence[PlanItem]) -> tuple[str, list[str]]:
        sentence = (
            f"Assets come into {target_path(plan.promotion).text}. What is overwritten cannot be brought back; what is "
            "added has to be removed by hand:"
        )
        return sentence, [
            f"{item.type} {item.title} ({'overwritten' if item.decision == Decision.UPDATE else 'added'})"
            for item in items
            if "effect" in item.details and item.decision != Decision.LEAVE
        ]

    def not_final(self, promotion: Promotion) -> str:
        return "Nothing is added or overwritten, as far as is known: the target has every asset already."

    def source_facts(self, plan: Plan) -> list[Fact]:
        promotion = plan.promotion
        pick, archive = Pick.of(promotion), archive_of(promotion)
        kept = plan.display.get("archive") or {}
        sha256 = str((plan.facts.get("archive") or {}).get("sha256") or "")
        origin = " ".join(pick.source) if pick.source else "an uploaded file"
        told = str(plan.display.get("source") or "")
        holding = plan.display.get("holding") or {}
        presence = str(holding.get("presence") or "")
        there = {"there": "there", "absent": "not there yet", "unknown": "not known"}.get(presence, "not asked yet")
        return [
            Fact("From", origin, note=f"its metadata name {told}" if told else ""),
            Fact("Zip", str(kept.get("name") or "none") if archive else "erased", note=_size(kept.get("size"))),
            Fact("Content", sha256[:12] or "none"),
            Fact("Version in the target", there, note=_held(holding)),
            Fact("Duplicate rule", pick.rule.label, note=", ".join(pick.types)),
        ]

    def home(self) -> Place:
        return Place("APIs", reverse("promotions:api-version-list"))

    def picked(self, promotion: Promotion) -> Place | None:
        source = Pick.of(promotion).source
        if source is None:
            return None
        api, version = source
        row = ApiVersion.objects.filter(organization=promotion.source_organization, api=api, version=version).first()
        return Place(str(row), reverse("promotions:api-version-detail", args=[row.pk])) if row else None

    def target_note(self, promotion: Promotion) -> str:
        return Pick.of(promotion).title

    def scope(self, promotion: Promotion) -> str:
        return f"api:{promotion.pick_key}"[:400]

    def checked_value(self, item: PlanItem, value: str) -> str:
        """A value as it will be written; JSON has numbers and flags of their own, which are told by what is there."""
        if item.type != VALUE_ITEM:
            raise RefusedError(f"Nothing can be typed for {item}. Open the account instead.", field="value")
        is_secret = item.input == ItemInput.SECRET
        if is_secret and not value:
            raise RefusedError(f"Type {item} first, in clear: the platform encrypts it again.", field="value")
        if len(value) > (SECRET_LIMIT if is_secret else TEXT_LIMIT):
            raise RefusedError(f"What was typed for {item} is too long.", field="value")
        if is_secret and value.startswith("ENC("):
            raise RefusedError(
                f"This is the encrypted form of {item}. Type the secret itself: the platform encrypts it again.",
                field="value",
            )
        if not is_secret and holds_secret_within(value):
            raise RefusedError(
                f"What was typed for {item} holds a secret, and all who read this plan would see it. Leave the secret "
                "out, or leave the account as exported and edit it in SnapLogic after the import.",
                field="value",
            )
        what = item.details["what"]
        if what == "flag" and value not in ("true", "false"):
            raise RefusedError(f"{item} is true or false.", field="value")
        if what == "number" and not _is_number(value):
            raise RefusedError(f"{item} is a number.", field="value")
        return value

    def again(self, promotion: Promotion, *, actor: User, origin_job: Job | None) -> Promotion:
        return api_version_plans.plan_again(promotion, actor=actor, origin_job=origin_job)

    def reason_not_to_retry(self, job: Job) -> str:
        if job.promotion is None:
            return ""
        if _rule(job.promotion) == DuplicateRule.SKIP and not has_missing(job):
            return "What failed is there already, and would fail again. Overwrite it instead, if it is to be replaced."
        if not _makes_another(job.promotion) or job.result.get("version_path"):
            return ""
        if job.state == JobState.FAILED and not job.results.exists():
            return "The platform refused it, and made nothing. Its plan is open again: run it from there."
        return (
            "Every import under this rule makes another version, and the platform did not tell the name of the one "
            "that it made. Find it there, then plan an import into it that adds what is missing."
        )


def _rule(promotion: Promotion) -> DuplicateRule:
    return Pick.of(promotion).rule


def _makes_another(promotion: Promotion) -> bool:
    return _rule(promotion) == DuplicateRule.CREATE_NEW


def _size(number: object) -> str:
    return f"{number:,} bytes" if isinstance(number, int) else ""


def _held(holding: Mapping[str, object]) -> str:
    if holding.get("is_listed"):
        number = holding.get("number")
        return f"lists {number} asset{'' if number == 1 else 's'}"
    return str(holding.get("why") or "")


def _is_number(text: str) -> bool:
    try:
        found = json.loads(text, parse_constant=lambda _: None)
    except ValueError:
        return False
    return isinstance(found, int | float) and not isinstance(found, bool)
