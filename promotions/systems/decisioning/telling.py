"""What pages and commands say of migrations to Decisioning, and of their rollbacks."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from django.urls import reverse

from accounts.models import User
from promotions.choices import Decision, ItemKind, JobState
from promotions.models import Job, Plan, PlanItem, Promotion
from promotions.services import decisioning_plans, decisioning_records
from promotions.services.errors import RefusedError
from promotions.systems.base import Fact, Figure, Place, System, Words
from promotions.systems.decisioning import kinds
from promotions.systems.decisioning.items import CONTEXT, DATASET, PROFILE, SEGMENT
from promotions.systems.decisioning.picks import LEVELS, Pick, segment_of

TEXT_LIMIT = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOUNS = {PROFILE: "profile attribute", CONTEXT: "context attribute", SEGMENT: "segment"}
# Adobe, "Decisioning Migration API", prerequisites.
PREREQUISITES = (
    (
        "permissions",
        "Permissions",
        "The technical account may read Decision management in the source, and create and edit Decisioning in the "
        "target (typically Manage Decisioning, Decisions, Offers, Ranking Strategies and Schemas; Manage Campaigns, as "
        "campaigns are made; Manage Datastreams, if one is made). Without them the workflow fails half way.",
    ),
    (
        "attributes",
        "Profile attributes",
        "They exist in the target under the names that they are mapped to: rules and formulas point at them, and the "
        "service makes none.",
    ),
    (
        "segments",
        "Segments and identities",
        "Segments were created in the target, and identity mapping is set up: the service makes none, and finds no "
        "counterparts by itself.",
    ),
    (
        "dataset",
        "Dataset and datastream",
        "The dataset belongs to a datastream that is enabled for Journey Optimizer Edge calls, unless one is made: "
        "decisions are asked for there.",
    ),
)
# The same page, entity mapping: what becomes what, under which name.
BECOMES = (
    ("Offer", "Offer item and its schema", "ExD_<name>"),
    ("Offer", "Fragment for each content", "ExD_<offer>_<placement>_<index>"),
    ("Offer characteristics", "Field group offer_item_custom_attributes", ""),
    ("Context attributes", "Field group custom_context_attributes of the dataset's schema", ""),
    ("Rule", "Decisioning rule", "ExD_<name>"),
    ("Ranking formula", "Decisioning ranking formula", "ExD_<name>"),
    ("Collection", "Item collection", "ExD_<collection>_<placement>"),
    ("Collection qualifier", "Unified tag", "ExDMigration_<source>_<target>"),
    (
        "Decision",
        "Selection strategy, decision policy",
        "ExD_<decision>_selection_strategy_<index>, ExD_<decision>_<placement>",
    ),
    ("Decision", "One code-based campaign for each decision scope", "Campaign for <decision> : <placement>"),
    ("Placement", "Channel configuration", "ExD_<placement>, spaces and dots as underscores"),
)
STAYS_BEHIND = (
    "Offers with HTML or image content, placements of Decisioning, capping by placement, data-collection code, and "
    "everything outbound. Profile attributes and segments are not made, only pointed at, and the ids of segments are "
    "for you to bring. Rules for the API alone stay so."
)


class DecisioningTelling(System):
    """The words and numbers of a migration."""

    label = "Decisioning"
    words = Words(
        item="mapping",
        items="mappings",
        run="migration",
        undecided="not mapped",
        looked_at="found to decide",
        gathers="Towpath has the service analyse what the objects need, which takes its turn among the organization's "
        "workflows, and then reads the target. It changes nothing.",
        again="A migration makes its objects once more; names that are taken already may get a number.",
        verb="Migrate",
        confirm="I have read this, and it is so",
        keep_all="Same name for all undecided",
    )
    sheet = True
    renamed_types = (PROFILE, CONTEXT)
    change_groups = {
        Decision.CONFIRM: "Confirmed",
        Decision.CREATE: "Made new",
        Decision.REUSE: "Mapped to",
        Decision.FILL: "Mapped by a person to",
        Decision.KEEP: "Under the same name in the target",
        Decision.LEAVE: "Left out: not sent",
    }
    names_job = False
    tells_undecided = True
    is_undoable = True
    becomes = BECOMES
    stays_behind = STAYS_BEHIND
    decision_template = "promotions/decisioning/_plan_decision.html"
    note_template = "promotions/decisioning/_plan_note.html"
    run_template = "promotions/decisioning/_run.html"

    def run_title(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        where = promotion.target_sandbox.name
        if promotion.is_undo:
            return f"Run rollback in {where}"
        return f"Run migration of {_scope(promotion)} into {where}"

    def figures(self, promotion: Promotion, items: Sequence[PlanItem]) -> list[Figure]:
        if promotion.is_undo:
            made = len(promotion.current_plan.display.get("made", ()))
            return [Figure("thing to remove" if made == 1 else "things to remove", str(made), "warn")]
        duties = [item for item in items if item.must_decide]
        if not duties:
            return []
        mapped = sum(item.decision != Decision.UNDECIDED for item in duties)
        numbers = Counter(_NOUNS[item.type] for item in items if item.type in _NOUNS)
        left = sum(item.decision == Decision.LEAVE for item in items)
        rest = [Figure(noun if number == 1 else f"{noun}s", str(number)) for noun, number in numbers.items()]
        if left:
            rest.append(Figure("left out", str(left), "warn"))
        return [Figure("decided", f"{mapped} of {len(duties)}", "accent" if mapped == len(duties) else "warn"), *rest]

    def words_of(self, promotion: Promotion, numbers: Mapping[str, int]) -> str:
        return f"{numbers['duties'] - numbers['open']} of {numbers['duties']} decided"

    def will_do(self, promotion: Promotion, numbers: Mapping[str, int]) -> str:
        return "what a migration made is taken back" if promotion.is_undo else f"drafts of {_scope(promotion)}"

    def ready_words(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        if promotion.is_undo:
            return "What the migration made is taken back"
        left = sum(item.decision == Decision.LEAVE for item in items)
        return "Everything is mapped" if not left else f"Mapped, but for {left} left out"

    def undecided_words(self, number: int) -> str:
        return f"{number} row is not decided yet." if number == 1 else f"{number} rows are not decided yet."

    def what_happens(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        where = promotion.target_sandbox.name
        if promotion.is_undo:
            return (
                f"The service removes from {where} what the migration has made. A rollback cannot be taken back. It "
                "waits for its turn, since the organization has one workflow at a time."
            )
        return (
            f"Drafts are made in {where} from {_scope(promotion)} of {promotion.source_place}. A completed migration "
            "can be rolled back from here. It waits for its turn, since the organization has one workflow at a time; "
            "just before sending, the facts are read again."
        )

    def what_is_final(self, plan: Plan, items: Sequence[PlanItem]) -> tuple[str, list[str]]:
        if not plan.promotion.is_undo:
            return "", []
        made = plan.display.get("made", ())
        sentence = f"What migration {plan.facts.get('undoes')} has made is removed, and cannot be brought back:"
        return sentence, [f"{one['type']} {one['title']}" for one in made]

    def not_final(self, promotion: Promotion) -> str:
        return f"Everything is made as a draft in {promotion.target_sandbox.name}, and can be rolled back from here."

    def source_facts(self, plan: Plan) -> list[Fact]:
        source, target = plan.facts.get("source") or {}, plan.facts.get("target") or {}
        scope = plan.facts.get("scope") or {}
        ids = scope.get("ids", ())
        return [
            Fact("Scope", LEVELS.get(scope.get("level", "sandbox"), "unknown"), note=", ".join(ids[:5])),
            Fact("Source is", state=str(source.get("state") or ""), note=str(source.get("type") or "")),
            Fact("Target is", state=str(target.get("state") or ""), note=str(target.get("type") or "")),
            Fact("Analysis", str(plan.display.get("workflow") or "none")),
        ]

    def home(self) -> Place:
        return Place("Decisioning", reverse("promotions:decisioning-list"))

    def picked(self, promotion: Promotion) -> Place | None:
        origin = promotion.origin_job
        if promotion.is_undo and origin is not None and origin.promotion_id is not None:
            return Place(f"Migration {origin.pk}", reverse("promotions:promotion-detail", args=[origin.promotion_id]))
        return self.home()

    def scope(self, promotion: Promotion) -> str:
        if promotion.is_undo:
            return f"decisioning:undo:{promotion.origin_job_id}"
        return f"decisioning:{promotion.pick_key}:sandbox:{promotion.target_sandbox_id}"

    def slot(self, promotion: Promotion) -> str:
        return kinds.slot_of(promotion.target_organization)

    def checked_value(self, item: PlanItem, value: str) -> str:
        value = value.strip()
        if not value:
            raise RefusedError(f"Type the counterpart of {item} first.", field="value")
        if len(value) > TEXT_LIMIT:
            raise RefusedError(f"What was typed for {item} is too long.", field="value")
        if _CONTROL.search(value):
            raise RefusedError(f"What was typed for {item} holds a line break or a control character.", field="value")
        if item.type == SEGMENT and segment_of(value) is None:
            raise RefusedError(
                f"Write the segment for {item} as namespace:id, such as ups:1b9f6f6e-2f0a-4f55-a9f0-6a9f1d1f9c11.",
                field="value",
            )
        if item.type in (PROFILE, CONTEXT) and re.search(r"\s", value):
            raise RefusedError(f"The name of an attribute holds no space: {item}.", field="value")
        return value

    def again(self, promotion: Promotion, *, actor: User, origin_job: Job | None) -> Promotion:
        if promotion.is_undo:
            raise RefusedError("A rollback cannot be repeated. Undo the migration from its own page.")
        return decisioning_plans.plan_migration(
            pick=Pick.of(promotion), target=promotion.target_sandbox, actor=actor, origin_job=origin_job
        )

    def reason_not_to_retry(self, job: Job) -> str:
        if self.reason_not_to_undo(job):
            return "A migration cannot be repeated in part. Plan it once more."
        return "A migration cannot be repeated in part. Roll it back, or plan it once more."

    def reason_to_keep_record(self, job: Job) -> str | None:
        return decisioning_records.reason_not_to_delete(job) if decisioning_records.is_offered(job) else None

    def reason_not_to_undo(self, job: Job) -> str:
        if job.kind != kinds.MIGRATE:
            return "Only a migration can be rolled back."
        if not job.remote_id or job.state not in (JobState.SUCCEEDED, JobState.SUCCEEDED_WITH_WARNINGS):
            return "The service takes back completed migrations only."
        if (deletion := decisioning_records.deletion_of(job)) is not None:
            return f"Job {deletion.pk} deletes its record at the platform, or has; without it nothing is taken back."
        return ""


def _scope(promotion: Promotion) -> str:
    pick = Pick.of(promotion)
    if pick.level == "sandbox":
        return "everything"
    return f"{len(pick.ids)} {pick.level}{'' if len(pick.ids) == 1 else 's'}"


def mapped_items(items: Sequence[PlanItem]) -> list[PlanItem]:
    return [item for item in items if item.kind == ItemKind.VALUE and item.type != DATASET]
