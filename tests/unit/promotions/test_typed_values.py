"""Deciding by typing: texts, secrets, keeping what is there."""

from typing import Any

import pytest

from accounts.choices import Role
from accounts.models import AuditEvent, User
from promotions.choices import Decision, ItemInput, ItemKind
from promotions.models import Plan, PlanItem, RememberedDecision, SealedValue
from promotions.services import decisions, freezing, memory, plans
from promotions.services.decisions import Verdict
from promotions.services.errors import RefusedError
from promotions.systems.journeys.telling import ITEM_TYPES
from tests.factories import MembershipFactory, UserFactory
from tests.factories_promotions import PlanFactory

pytestmark = pytest.mark.django_db
KEEP = {"decision": "keep", "target": None, "reason": "", "consequence": "", "rank": 0}


@pytest.fixture
def plan() -> Plan:
    found: Plan = PlanFactory(promotion__system="journeys", promotion__pick={"version_uid": "v1", "uid": "j1"})
    return found


@pytest.fixture
def operator(plan: Plan) -> User:
    user: User = UserFactory()
    MembershipFactory(user=user, organization=plan.promotion.target_organization, role=Role.OPERATOR)
    return user


def item(plan: Plan, key: str = "a", **fields: Any) -> PlanItem:
    values = {
        "kind": ItemKind.VALUE,
        "position": plan.items.count(),
        "type": ITEM_TYPES["secret"],
        "remote_id": key,
        "title": key,
        "input": ItemInput.SECRET,
        "must_decide": True,
        "choices": [],
        "details": {"pointers": [f"/{key}"], "where": key, "current": key},
    }
    return PlanItem.objects.create(plan=plan, key=key, **{**values, **fields})


def text_item(plan: Plan, key: str = "a", kind: str = "template") -> PlanItem:
    return item(plan, key, type=ITEM_TYPES[kind], input=ItemInput.TEXT, choices=[KEEP])


def fill(found: PlanItem, value: str, actor: User) -> PlanItem:
    decisions.decide(plan=found.plan, verdicts=[Verdict(found.pk, Decision.FILL, value=value)], actor=actor)
    found.refresh_from_db()
    return found


def test_a_typed_secret_is_held_sealed_and_the_plan_and_the_record_know_only_a_digest(
    plan: Plan, operator: User
) -> None:
    found = fill(item(plan), "open sesame", operator)

    assert found.decision == Decision.FILL
    assert "sesame" not in str(found.target)
    assert "sesame" not in SealedValue.objects.get().sealed
    assert "sesame" not in str(list(AuditEvent.objects.values()))


def test_another_secret_makes_another_hash_and_undoing_brings_the_first_one_back(plan: Plan, operator: User) -> None:
    found = fill(item(plan), "first", operator)
    before = freezing.content_hash(plan)
    fill(found, "second", operator)
    after = freezing.content_hash(plan)

    decisions.undo(plan=plan, actor=operator)

    assert before != after
    assert freezing.content_hash(plan) == before


@pytest.mark.parametrize(
    ("kind", "value", "complaint"),
    [
        ("secret", "", "Type the value"),
        ("secret", "Bearer INSERT_SECRET_HERE", "Type the secret itself"),
        ("secret", "x" * 20_001, "too long"),
        ("template", "   ", "Type the value"),
        ("template", "two\nlines", "line break"),
        ("template", "x" * 501, "too long"),
        ("schema", "https://ns.example.com/a b", "holds no space"),
    ],
)
def test_a_value_that_cannot_be_sent_is_refused_and_nothing_is_kept(
    plan: Plan, operator: User, kind: str, value: str, complaint: str
) -> None:
    found = item(plan) if kind == "secret" else text_item(plan, kind=kind)

    with pytest.raises(RefusedError, match=complaint):
        fill(found, value, operator)

    found.refresh_from_db()
    assert found.decision == Decision.UNDECIDED
    assert not SealedValue.objects.exists()


def test_nothing_can_be_typed_where_only_choices_are_offered(plan: Plan, operator: User) -> None:
    found = text_item(plan)
    PlanItem.objects.update(input=ItemInput.NOTHING)

    with pytest.raises(RefusedError, match="Choose one of what is offered"):
        fill(found, "another name", operator)


def test_all_names_are_kept_at_once_and_secrets_stay_undecided(plan: Plan, operator: User) -> None:
    secret, name = item(plan, "secret"), text_item(plan, "name")

    decisions.decide(plan=plan, verdicts=decisions.kept(plan), actor=operator)

    name.refresh_from_db()
    secret.refresh_from_db()
    assert (name.decision, secret.decision) == (Decision.KEEP, Decision.UNDECIDED)


def test_a_typed_text_is_remembered_for_the_target_and_a_typed_secret_is_not(plan: Plan, operator: User) -> None:
    fill(text_item(plan, "Welcome"), "Welcome (test)", operator)
    fill(item(plan, "secret"), "open sesame", operator)

    memory.keep(plan)

    assert list(RememberedDecision.objects.values_list("remote_id", "target__id")) == [("Welcome", "Welcome (test)")]
    fresh = PlanItem(plan=plan, type=ITEM_TYPES["template"], remote_id="Welcome", input=ItemInput.TEXT, choices=[KEEP])
    fresh.must_decide = True
    memory.remind(plan.promotion.target_sandbox, [fresh])
    assert (fresh.remembered or {})["target"]["id"] == "Welcome (test)"


def test_two_items_about_one_schema_are_remembered_once(plan: Plan, operator: User) -> None:
    first = text_item(plan, "one", "schema")
    second = text_item(plan, "two", "schema")
    PlanItem.objects.update(remote_id="https://ns.example.com/orders")
    fill(first, "https://ns.example.com/1", operator)
    fill(second, "https://ns.example.com/2", operator)

    memory.keep(plan)

    assert list(RememberedDecision.objects.values_list("target__id", flat=True)) == ["https://ns.example.com/2"]


def test_putting_a_promotion_away_erases_what_was_typed_for_it(plan: Plan, operator: User) -> None:
    fill(item(plan), "open sesame", operator)

    plans.abandon(promotion=plan.promotion, actor=operator)

    assert not SealedValue.objects.exists()
