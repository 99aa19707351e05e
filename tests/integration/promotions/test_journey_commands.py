"""`promote_journey` against the emulator, with the engine in its own process."""

import json
from pathlib import Path

import pytest

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import Decision
from promotions.models import Approval, Journey, JourneyCopy, Plan, Promotion
from promotions.systems.journeys.connection import journeys
from tests.commands import run_here
from tests.factories import MembershipFactory, StoredValueFactory
from tests.factories_journeys import JourneyFactory
from tests.integration.promotions.conftest import Platform, connect_organization, sandbox_of
from tests.integration.promotions.flowing_time import platform

__all__ = ["platform"]

pytestmark = pytest.mark.django_db(transaction=True)

STORY = "Order confirmation"
SECRET = "from-the-Environment-1827"
IN_FILE = "from-the-File-1827"


@pytest.fixture
def journey(acme: Organization, operator: User) -> Journey:
    """The story's journey, as the list of its sandbox names it."""
    with journeys(acme, sandbox="dev") as client:
        listed = next(row for row in client.list_journeys().items if row.name == STORY)
    found: Journey = JourneyFactory(
        sandbox=sandbox_of(acme, "dev"),
        uid=listed.uid,
        name=STORY,
        latest_version_uid=listed.latest_version_uid,
        latest_version=listed.latest_version,
    )
    return found


def promote(*more: str, target: str = "stage") -> tuple[int, str]:
    return run_here("promote_journey", STORY, target, "--as", "operator@example.com", *more)


def test_a_journey_is_filled_in_from_everywhere_and_runs_to_verification(
    journey: Journey, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    StoredValueFactory(organization=journey.organization, name="SMS key", value="kept-by-Acme-1827")
    monkeypatch.setenv("CRM_AUTHORIZATION", SECRET)
    looked, shown = promote("--plan-only", "--keep-names")
    schemas = {
        item.title: item.choices[0]["target"]["id"] for item in Plan.objects.get().items.filter(type="Event schema")
    }
    path = tmp_path / "decisions.json"
    path.write_text(
        json.dumps(
            {
                "items": {
                    **{title: {"decision": "reuse", "target": target} for title, target in schemas.items()},
                    "password of stockService": {"decision": "fill", "value": IN_FILE},
                    "custom action sendSms, authentication, header X-Api-Key": {
                        "decision": "reuse",
                        "stored": "SMS key",
                    },
                }
            }
        )
    )

    code, said = promote(
        "--decisions", str(path), "--keep-names",
        "--secret", "custom action notifyCrm, header Authorization=CRM_AUTHORIZATION",
        "--stored", "body parameter client_secret of carrierTracking=SMS key",
    )  # fmt: skip

    assert looked == 1
    assert "(custom action notifyCrm, header Authorization): undecided\n      the stored value “SMS key”" in shown
    assert "Not ready to run: 6 values are not filled in yet." in shown
    assert "Plan, revision 1, 7 values" in said
    assert "Secret password of stockService  (data source stockService, authentication, password): filled in\n" in said
    assert "authentication, header X-Api-Key): use the stored value “SMS key”\n" in said
    assert "action, template): keep as it is\n" in said
    copy = JourneyCopy.objects.get()
    # The template is called otherwise in the target, of which the platform warns.
    assert code == 3, said
    assert "unknown in this sandbox\n" in said
    assert f"The copy is “{copy.name}”, {copy.uid}, a draft in Acme · stage: publish it in its designer." in said
    assert platform.effects("journeys.import") == 1
    for secret in (SECRET, IN_FILE, "kept-by-Acme-1827"):
        assert secret not in said


def test_another_organization_needs_an_approval_which_can_be_asked_for(
    journey: Journey, platform: Platform, operator: User, tmp_path: Path
) -> None:
    globex = connect_organization(platform, "Globex")
    MembershipFactory(user=operator, organization=globex, role=Role.OPERATOR)
    MembershipFactory(organization=globex, role=Role.APPROVER)
    target = f"Globex/{globex.sandboxes.order_by('type')[0].name}"
    promote("--plan-only", target=target)
    path = tmp_path / "decisions.json"
    items = Plan.objects.get().items.all()
    decided = {item.key: {"decision": "fill", "value": f"value-{item.position}"} for item in items}
    path.write_text(json.dumps({"items": decided}))

    code, said = promote("--decisions", str(path), "--ask-approval", "Release 7", target=target)

    approval = Approval.objects.get()
    assert code == 7, said
    assert f"Asked for approval {approval.pk}" in said
    assert approval.organization == globex
    assert set(Promotion.objects.latest("pk").current_plan.items.values_list("decision", flat=True)) == {Decision.FILL}
    assert platform.effects("journeys.import") == 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--stored", "password of stockService=None such"], "No stored value “None such” is offered"),
        (["--secret", "password=KEY"], "The plan has no object “password”, which --secret names. Known: journey"),
        (["--secret", "Order confirmation EN=KEY"], "is no secret, and --secret would show it"),
        (["--secret", "password of stockService=KEY"] * 2, "is decided twice"),
    ],
)
def test_what_does_not_fit_the_plan_is_refused(
    journey: Journey, platform: Platform, monkeypatch: pytest.MonkeyPatch, options: list[str], complaint: str
) -> None:
    monkeypatch.setenv("KEY", SECRET)

    code, said = promote(*options)

    assert code == 1
    assert complaint in said
    assert SECRET not in said
    assert platform.effects("journeys.import") == 0
