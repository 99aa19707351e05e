"""`migrate_decisioning` and `roll_back_decisioning` against the emulator, with the engine in their own process."""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import Decision
from promotions.models import Approval, Job, Plan, Promotion
from promotions.systems.decisioning import kinds
from promotions.systems.decisioning.items import PROFILE
from tests.commands import run_here
from tests.factories import MembershipFactory
from tests.integration.promotions.conftest import Platform
from tests.integration.promotions.decisioning_world import EVENTS, shelves_of, verdict_on
from tests.integration.promotions.flowing_time import platform

__all__ = ["platform"]

pytestmark = pytest.mark.django_db(transaction=True)


def call(command: str, *arguments: str) -> tuple[int, str]:
    return run_here(command, *arguments, "--as", "operator@example.com")


def migrate(*more: str, target: str = "stage") -> tuple[int, str]:
    return call("migrate_decisioning", "dev", target, "--organization", "Acme", *more)


def mapping(platform: Platform, plan: Plan, path: Path) -> str:
    """A file with what the target has for each attribute and segment that is called otherwise there."""
    dev, stage = (shelves_of(platform)[name] for name in ("dev", "stage"))
    verdicts = {item.key: verdict_on(item, dev, stage) for item in plan.items.filter(kind="value", input="text")}
    path.write_text(
        json.dumps(
            {
                "items": {
                    key: {"decision": "fill", "value": one.value}
                    for key, one in verdicts.items()
                    if one.decision == Decision.FILL and key != "dataset"
                }
            }
        )
    )
    return str(path)


def test_a_sandbox_is_migrated_and_rolled_back_from_the_command_line(
    platform: Platform, operator: User, tmp_path: Path
) -> None:
    looked, shown = migrate("--plan-only", "--same-names")
    plan = Plan.objects.get()

    code, said = migrate(
        "--decisions", mapping(platform, plan, tmp_path / "decisions.json"), "--same-names",
        "--dataset", EVENTS, "--own-datastream", "--prerequisites-met", "--hours", "3",
    )  # fmt: skip
    job = Job.objects.get(kind=kinds.MIGRATE)
    seen, would_go = call("roll_back_decisioning", str(job.pk), "--reason", "Wrong sandbox", "--plan-only")
    undone, gone = call("roll_back_decisioning", str(job.pk), "--reason", "Wrong sandbox")

    assert looked == 1
    assert f"{PROFILE} " in shown
    assert "Not ready to run: 6 rows are not decided yet." in shown
    assert set(plan.items.filter(type__endswith="attribute").values_list("decision", flat=True)) == {Decision.KEEP}
    # The demo's offers in HTML stay behind, of which the service warns.
    assert code == 3, said
    assert said.index("profile attribute") < said.index("Plan, revision 1")
    assert platform.effects("decisioning.migrate") == 1
    assert Promotion.objects.filter(pick__hours=3).exists()
    assert seen == 0, would_go
    assert "  goes: " in would_go
    assert would_go.endswith("Ready to run. Nothing was run.\n")
    assert undone == 0, gone
    assert "plans that already; going on with it." in gone
    assert platform.effects("decisioning.roll_back") == 1


def test_chosen_offers_into_production_need_an_approval_which_can_be_asked_for(
    platform: Platform, operator: User, acme: Organization, tmp_path: Path
) -> None:
    MembershipFactory(organization=acme, role=Role.APPROVER)
    offers = [one["id"] for one in platform_objects(platform) if one["kind"] == "offer"][:3]
    path = tmp_path / "ids.csv"
    path.write_text("\n".join(f"{one};a name" for one in offers[1:]))

    code, said = migrate(
        "--level", "offer", "--id", offers[0], "--ids", str(path), "--same-names", "--leave-rest",
        "--dataset", "Decisioning events", "--new-datastream", "--prerequisites-met", "--ask-approval", "Release 7",
        target="prod",
    )  # fmt: skip

    assert code == 7, said
    assert f"Asked for approval {Approval.objects.get().pk}" in said
    assert Promotion.objects.get().pick["ids"] == offers
    assert platform.effects("decisioning.migrate") == 0


def platform_objects(platform: Platform) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shelves_of(platform)["dev"]["decision_management"]
    return found


@pytest.mark.parametrize(
    ("command", "arguments", "code", "complaint"),
    [
        ("migrate_decisioning", ["dev", "stage", "--organization", "Acme", "--id", "x"], 2, "Ids go with --level"),
        (
            "migrate_decisioning",
            ["dev", "stage", "--organization", "Acme", "--level", "offer", "--ids", "missing.txt"],
            2,
            "missing.txt cannot be read",
        ),
        ("migrate_decisioning", ["dev", "nowhere", "--organization", "Acme"], 1, "has no sandbox “nowhere”"),
        ("migrate_decisioning", ["dev", "dev", "--organization", "Acme", "--hours", "0"], 1, "1 to 168 hours"),
        ("roll_back_decisioning", ["4711", "--reason", "x"], 1, "There is no job 4711"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_the_reason(
    platform: Platform, operator: User, command: str, arguments: list[str], code: int, complaint: str
) -> None:
    found, said = call(command, *arguments)

    assert found == code, said
    assert complaint in said
    assert platform.effects("decisioning.analyse") == 0
