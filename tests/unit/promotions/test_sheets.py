"""Deciding many rows by a sheet, or by a rule for names."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.choices import Role
from accounts.models import AuditEvent, User
from promotions.choices import Decision, ItemInput
from promotions.models import Plan, PlanItem
from promotions.services import decisions, sheets
from promotions.services.decisions import Verdict
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.sheets import BadSheetError, Rule
from promotions.systems.decisioning.items import DATASTREAM, SEGMENT
from tests.factories import MembershipFactory
from tests.factories_decisioning import MappingFactory, MigrationPlanFactory, migrated, rollback_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan() -> Plan:
    found: Plan = MigrationPlanFactory()
    return found


@pytest.fixture
def operator(plan: Plan) -> User:
    user: User = MembershipFactory(organization=plan.promotion.target_organization, role=Role.OPERATOR).user
    return user


@pytest.fixture
def items(plan: Plan) -> dict[str, PlanItem]:
    segment = {"type": SEGMENT, "name": "ups:1b9f", "choices": [choice(Decision.LEAVE)]}
    stream = {
        "type": DATASTREAM,
        "name": "Datastream",
        "input": ItemInput.NOTHING,
        "choices": [choice(Decision.KEEP), choice(Decision.CREATE)],
    }
    made = [MappingFactory(plan=plan, name=name) for name in ("_dev.Tier", "_dev.Points", "weather")]
    made += [MappingFactory(plan=plan, **options) for options in (segment, stream)]
    return {item.title: item for item in made}


def choice(decision: Decision) -> dict[str, Any]:
    return {"decision": decision, "target": None, "reason": "", "consequence": "", "rank": 0}


def decided(plan: Plan) -> dict[str, tuple[str, str]]:
    return {item.title: (item.decision, (item.target or {}).get("id", "")) for item in plan.items.all()}


def test_a_sheet_maps_keeps_leaves_out_and_makes_new(plan, operator, items):
    text = (
        "kind;name;target\r\n"
        "profile attribute;_dev.Tier;_stage.tier\r\n"
        "Profile attribute;_dev.Points;=\r\n"
        "\r\n"
        "Profile attribute;weather;\r\n"
        "Segment;ups:1b9f;'-\r\n"
        "Datastream;Datastream;+\r\n"
    )

    changed, sheet = sheets.apply_sheet(plan=plan, text=text, actor=operator)

    assert len(changed) == 4
    assert sheet.empty == 1
    assert decided(plan) == {
        "_dev.Tier": ("fill", "_stage.tier"),
        "_dev.Points": ("keep", ""),
        "weather": ("undecided", ""),
        "ups:1b9f": ("leave", ""),
        "Datastream": ("create", ""),
    }
    assert AuditEvent.objects.filter(verb="promotion.items_decided").count() == 1


def test_one_bad_line_keeps_all_from_being_applied_and_each_is_named(plan, operator, items):
    text = "\n".join(
        [
            "Profile attribute,_dev.Tier,_stage.tier",
            "Profile attribute,_dev.Nothing,x",
            "Attribute,_dev.Points,x",
            "Profile attribute,_dev.Points,two words",
            "Segment,ups:1b9f,=",
            "Segment,ups:1b9f,no-colon",
            "Profile attribute,weather,a,b",
            "Profile attribute,_dev.Tier,again",
            "Datastream,Datastream,mine",
            "alone",
        ]
    )

    with pytest.raises(BadSheetError) as refusal:
        sheets.apply_sheet(plan=plan, text=text, actor=operator)

    assert [line.number for line in refusal.value.bad] == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert str(refusal.value.bad[0]) == "Line 2: The plan has no profile attribute “_dev.Nothing”."
    assert {found for found, _ in decided(plan).values()} == {"undecided"}


def test_the_good_lines_are_applied_if_somebody_wishes_it(plan, operator, items):
    text = "Profile attribute,_dev.Tier,_stage.tier\nProfile attribute,nobody,x"

    changed, sheet = sheets.apply_sheet(plan=plan, text=text, actor=operator, skips_bad=True)

    assert [item.title for item in changed] == ["_dev.Tier"]
    assert [line.number for line in sheet.bad] == [2]


def test_a_sheet_that_was_downloaded_can_be_uploaded_as_it_is(plan, operator, items):
    hostile = MappingFactory(plan=plan, name='=cmd|"x", y')
    text = f'Profile attribute,_dev.Tier,=\nProfile attribute,weather,-\nProfile attribute,"{hostile.title}",+x'
    sheets.apply_sheet(plan=plan, text=text.replace('"x"', '""x""'), actor=operator)
    before = decided(plan)

    downloaded = sheets.sheet_of(plan).decode()
    changed, sheet = sheets.apply_sheet(plan=plan, text=downloaded, actor=operator)

    assert "Profile attribute,_dev.Tier,'=" in downloaded
    assert changed == []
    assert sheet.bad == []
    assert decided(plan) == before


@pytest.mark.parametrize("text", ["", "kind,name,target", "\n\n", '"open'])
def test_what_is_no_sheet_is_refused(plan, operator, items, text):
    with pytest.raises(RefusedError):
        sheets.apply_sheet(plan=plan, text=text, actor=operator)


def test_a_rule_is_looked_at_before_it_is_applied(plan, operator, items):
    rule = Rule("_dev.", "_stage.", "lower")

    preview = sheets.preview(plan, rule)
    untouched = decided(plan)
    sheets.apply_rule(plan=plan, rule=rule, seen=preview.digest, actor=operator)

    assert [one.value for one in preview.proposals] == ["_stage.tier", "_stage.points"]
    assert preview.untouched == 1
    assert {found for found, _ in untouched.values()} == {"undecided"}
    assert decided(plan)["_dev.Tier"] == ("fill", "_stage.tier")
    assert decided(plan)["weather"] == ("undecided", "")


def test_a_rule_that_would_do_something_else_by_now_is_refused(plan, operator, items):
    rule = Rule("_dev.", "_stage.")
    seen = sheets.preview(plan, rule).digest
    decisions.decide(plan=plan, verdicts=[Verdict(items["_dev.Tier"].pk, Decision.KEEP)], actor=operator)

    with pytest.raises(ConflictError):
        sheets.apply_rule(plan=plan, rule=rule, seen=seen, actor=operator)


def test_a_rule_for_ticked_names_leaves_all_others_and_names_what_cannot_be(plan, operator, items):
    ticked = [items["_dev.Tier"].pk, items["weather"].pk, items["ups:1b9f"].pk]

    preview = sheets.preview(plan, Rule("", "a b "), ticked)
    changed = sheets.apply_rule(plan=plan, rule=Rule("", "", "upper"), item_ids=ticked, actor=operator)

    assert len(preview.proposals) == 2
    assert not preview.usable
    assert "holds no space" in preview.proposals[0].problem
    assert {item.title for item in changed} == {"_dev.Tier", "weather"}


def test_ticked_rows_are_left_out_unless_one_cannot_be(plan, operator, items):
    good = [items["_dev.Tier"].pk, items["ups:1b9f"].pk]

    sheets.leave_out(plan=plan, item_ids=good, actor=operator)

    assert decided(plan)["ups:1b9f"] == ("leave", "")
    with pytest.raises(RefusedError):
        sheets.leave_out(plan=plan, item_ids=[items["Datastream"].pk], actor=operator)


def test_a_rollback_has_no_sheet(operator, plan):
    undo = rollback_of(migrated(plan.promotion.target_organization))

    with pytest.raises(RefusedError):
        sheets.apply_sheet(plan=undo, text="a,b,c", actor=operator)


def test_a_viewer_may_not_apply_a_sheet(plan, items):
    viewer = MembershipFactory(organization=plan.promotion.target_organization, role=Role.VIEWER).user

    with pytest.raises(PermissionDenied):
        sheets.apply_sheet(plan=plan, text="Profile attribute,_dev.Tier,=", actor=viewer)
