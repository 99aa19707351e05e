"""What is offered as a counterpart, and what of it is sent."""

import pytest

from clients.decisioning import Dependencies, Segment
from promotions.choices import Decision, ItemKind, PromotionMode
from promotions.models import Plan
from promotions.systems.decisioning.items import CONTEXT, DATASET, PROFILE, SEGMENT
from promotions.systems.decisioning.migrating import decided_dependencies
from promotions.systems.decisioning.picks import segment_of
from promotions.systems.decisioning.planning import _segment
from tests.factories_promotions import PlanFactory, PlanItemFactory


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ups:1b9f6f6e", Segment("ups", "1b9f6f6e")),
        (" aam : 24680/eu.west ", Segment("aam", "24680/eu.west")),
        ("ups:a:b/c.d", Segment("ups", "a:b/c.d")),
        ("ups:", None),
        (":1b9f6f6e", None),
        (" : ", None),
        ("1b9f6f6e", None),
        ("", None),
    ],
)
def test_a_segment_is_read_as_namespace_and_id(text: str, found: Segment | None) -> None:
    assert segment_of(text) == found


@pytest.mark.parametrize(
    ("key", "pair", "offered"),
    [
        ("ups:1", ("", ""), [Decision.KEEP, Decision.LEAVE]),
        ("ups:1", ("ups", "2"), [Decision.KEEP, Decision.REUSE, Decision.LEAVE]),
        ("plain", ("ups", "2"), [Decision.REUSE, Decision.LEAVE]),
        (":1", (" ", "2"), [Decision.LEAVE]),
        ("ups:", ("ups", " "), [Decision.LEAVE]),
    ],
)
def test_a_segment_is_offered_only_as_it_can_be_sent(key: str, pair: tuple[str, str], offered: list[Decision]) -> None:
    draft = _segment(key, pair, is_same_sandbox=True)

    assert [choice.decision for choice in draft.choices] == offered


@pytest.mark.django_db
def test_what_is_kept_chosen_and_typed_is_sent_to_the_byte_and_what_is_left_out_is_not() -> None:
    plan: Plan = PlanFactory(promotion__mode=PromotionMode.CREATE)
    rows = (
        (PROFILE, "_a.tier", Decision.KEEP, None),
        (PROFILE, "_a.Größe/x", Decision.FILL, "_b.Größe/y"),
        (PROFILE, "_a.gone", Decision.LEAVE, None),
        (CONTEXT, "weather", Decision.REUSE, "temperature"),
        (SEGMENT, "ups:1", Decision.KEEP, None),
        (SEGMENT, "aam:2/eu.west", Decision.FILL, "aam:3/eu.west"),
        (SEGMENT, "ups:4", Decision.LEAVE, None),
        (DATASET, "dataset", Decision.FILL, "Events"),
    )
    for position, (kind, name, decision, value) in enumerate(rows):
        details = {"current": name, **({"same": name} if kind == SEGMENT else {})}
        PlanItemFactory(
            plan=plan,
            key=f"{kind}:{name}",
            position=position,
            kind=ItemKind.VALUE,
            type=kind,
            title=name,
            details=details,
            decision=decision,
            target={"id": value, "type": "text", "title": value} if value else None,
        )

    assert decided_dependencies(plan) == Dependencies(
        {"_a.tier": "_a.tier", "_a.Größe/x": "_b.Größe/y"},
        {"weather": "temperature"},
        {"ups:1": Segment("ups", "1"), "aam:2/eu.west": Segment("aam", "3/eu.west")},
        "Events",
    )
