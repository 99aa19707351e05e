"""Changes of the life of API versions as plans see them: each version is a row to confirm.

No call tells the state of a version, so a plan says what Towpath knows of it, and from where.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse

from accounts.models import User
from promotions.api_choices import ALLOWED_FROM, ApiVersionState, LifecycleAct
from promotions.choices import Decision, ItemKind
from promotions.engine.registry import Report
from promotions.models import ApiVersion, Job, Plan, PlanItem, Promotion
from promotions.services import api_lifecycles
from promotions.services.verbs import RunVerbs
from promotions.systems.base import Blocker, Choice, Fact, Figure, Gathered, ItemDraft, Place, System, Words
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.acts import DONE, MEANS, Act
from promotions.systems.snaplogic.verbs import LIFECYCLE_VERBS

VERSION_ITEM = "API version"


class LifecycleSystem(System):
    """Publish, unpublish, deprecate, retire."""

    name = kinds.LIFECYCLE_SYSTEM
    label = "API life cycle"
    run_kinds = (kinds.LIFECYCLE,)
    words = Words(
        item="version",
        items="versions",
        run="change",
        undecided="not confirmed",
        looked_at="looked up here",
        gathers="Towpath puts together what it knows of these versions. The platform has no call that tells more.",
        again="The platform may refuse what is done already.",
        verb="Change",
        confirm="I have read this, and want it done",
        keep_all="",
    )
    change_groups = {Decision.CONFIRM: "Changed at the platform"}
    names_job = False
    note_template = "promotions/apis/_lifecycle_note.html"
    run_template = "promotions/apis/_lifecycle_run.html"

    def run_kind(self, promotion: Promotion) -> str:
        return kinds.LIFECYCLE

    def run_verbs(self, promotion: Promotion) -> RunVerbs:
        return LIFECYCLE_VERBS

    def gather(self, promotion: Promotion, report: Report) -> Gathered:
        act = Act.of(promotion)
        report("Looking up what is known of the versions")
        known = api_lifecycles.known_versions(promotion.target_organization, act.versions)
        states = {path: row.state if row is not None else "" for path, row in known.items()}
        return Gathered(
            facts={
                "act": act.act.value,
                "environment": promotion.target_organization.remote_id,
                "control_plane": promotion.target_organization.platform_url,
                "states": states,
                "told": {name: value for name, value in act.as_json().items() if name not in ("act", "versions")},
            },
            blockers=[blocker for path, row in known.items() if (blocker := _blocker(act.act, path, row)) is not None],
            items=[_item(act, path, row) for path, row in known.items()],
        )

    def describe_changes(self, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
        was, now = before.get("states", {}), after.get("states", {})
        changes = [
            f"{path.replace('/', ' ')} was {was[path] or 'not known'}, and is now {now[path] or 'not known'}."
            for path in now
            if path in was and was[path] != now[path]
        ]
        return changes or (["What is to be done has changed."] if before != after else [])

    def run_title(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        return f"{Act.of(promotion).title} in {promotion.target_sandbox.name}"

    def figures(self, promotion: Promotion, items: Sequence[PlanItem]) -> list[Figure]:
        act = Act.of(promotion)
        number = len(act.versions)
        tone = "warn" if act.act == LifecycleAct.RETIRE else "accent"
        words = f"version to be {DONE[act.act]}" if number == 1 else f"versions to be {DONE[act.act]}"
        return [Figure(words, str(number), tone)]

    def words_of(self, promotion: Promotion, numbers: Mapping[str, int]) -> str:
        return f"{numbers['duties'] - numbers['open']} of {numbers['duties']} confirmed"

    def will_do(self, promotion: Promotion, numbers: Mapping[str, int]) -> str:
        act = Act.of(promotion)
        return f"{act.what} {'is' if len(act.versions) == 1 else 'are'} {DONE[act.act]}"

    def ready_words(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        act = Act.of(promotion)
        return f"{act.what} to be {DONE[act.act]}"

    def what_happens(self, promotion: Promotion, items: Sequence[PlanItem]) -> str:
        act = Act.of(promotion)
        return f"{self.will_do(promotion, {})} in {promotion.target_sandbox.name}. {MEANS[act.act]}"

    def what_is_final(self, plan: Plan, items: Sequence[PlanItem]) -> tuple[str, list[str]]:
        act = Act.of(plan.promotion)
        if act.act not in (LifecycleAct.RETIRE, LifecycleAct.DEPRECATE):
            return "", []
        way = "cannot be taken back" if act.act == LifecycleAct.RETIRE else "may not be possible to take back"
        return f"What is {DONE[act.act]} {way}:", [path.replace("/", " ") for path in act.paths]

    def not_final(self, promotion: Promotion) -> str:
        return "A published version can be unpublished again, and the other way round."

    def source_facts(self, plan: Plan) -> list[Fact]:
        act = Act.of(plan.promotion)
        facts = [Fact("Act", act.act.label), Fact("Environment", plan.promotion.target_sandbox.name)]
        if act.message:
            facts.append(Fact("Message", act.message))
        if act.act == LifecycleAct.PUBLISH:
            subscriptions = "allowed" if act.allow_subscriptions else "not allowed"
            approved = ", approved by themselves" if act.allow_subscriptions and act.auto_approve else ""
            facts += [
                Fact("Contact", act.contact_email),
                Fact("Subscriptions", f"{subscriptions}{approved}"),
                Fact("Specification", f"{len(act.spec):,} characters", note="YAML" if act.is_yaml else "JSON"),
            ]
        return facts

    def home(self) -> Place:
        return Place("APIs", reverse("promotions:api-version-list"))

    def picked(self, promotion: Promotion) -> Place | None:
        rows = api_lifecycles.known_versions(promotion.target_organization, Act.of(promotion).versions)
        row = next((row for row in rows.values() if row is not None), None)
        return Place(str(row), reverse("promotions:api-version-detail", args=[row.pk])) if row else None

    def scope(self, promotion: Promotion) -> str:
        return f"api-life:{promotion.pick_key}"[:400]

    def undecided_words(self, number: int) -> str:
        return f"{number} version is not confirmed yet." if number == 1 else f"{number} versions are not confirmed yet."

    def unconfirmed_words(self, number: int) -> str:
        return self.undecided_words(number)

    def again(self, promotion: Promotion, *, actor: User, origin_job: Job | None) -> Promotion:
        return api_lifecycles.plan_again(promotion, actor=actor, origin_job=origin_job)


def _blocker(act: LifecycleAct, path: str, row: ApiVersion | None) -> Blocker | None:
    if row is None or row.state in ALLOWED_FROM[act]:
        return None
    return Blocker(
        f"{path.replace('/', ' ')} is {row.get_state_display().lower()}, as far as Towpath knows, and cannot be "
        f"{DONE[act]} from there. If it is not so, note its state on its page."
    )


def _item(act: Act, path: str, row: ApiVersion | None) -> ItemDraft:
    return ItemDraft(
        key=f"version:{path}"[:600],
        kind=ItemKind.CONFIRMATION,
        type=VERSION_ITEM,
        remote_id=path[:500],
        title=path.replace("/", " ")[:500],
        explanation=f"{_known(row)} {act.act.label} it: {MEANS[act.act]}",
        choices=[Choice(Decision.CONFIRM, None, "Understood", "")],
        must_decide=True,
    )


def _known(row: ApiVersion | None) -> str:
    if row is None or row.state == ApiVersionState.UNKNOWN:
        return "Its state is not known here; the platform has the last word."
    since = f" since {row.state_at:%Y-%m-%d}" if row.state_at else ""
    how = f", as job {row.state_job_id} left it" if row.state_job_id else ", as somebody noted"
    return f"It is {row.get_state_display().lower()}{since}{how}."
