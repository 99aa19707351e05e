"""The commands of sharing against the emulator, from the question to the end, with the engine in their own process."""

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import LegState
from promotions.management.sharing import RequestFollower
from promotions.models import Approval, SharingRequest
from promotions.services import approvals, sharing_clock
from tests.commands import run_here
from tests.factories import MembershipFactory
from tests.integration.promotions.conftest import STORY, Platform, known_package
from tests.integration.promotions.flowing_time import platform

__all__ = ["platform"]

pytestmark = pytest.mark.django_db(transaction=True)

UNKNOWN_ID = "0123456789ABCDEF01234567@AdobeOrg"


@pytest.fixture
def approver(acme: Organization, monkeypatch: pytest.MonkeyPatch) -> User:
    """Consents at the first pause of a command; what beat does every half minute is done at once."""
    found: User = MembershipFactory(organization=acme, role=Role.APPROVER).user

    def consent(_: RequestFollower) -> None:
        for approval in Approval.objects.filter(state="pending"):
            approvals.approve(approval=approval, actor=found, reason="They need it")
        time.sleep(0.1)

    monkeypatch.setattr(RequestFollower, "pause", consent)
    monkeypatch.setattr("promotions.management.sharing.CHORES_EVERY_S", 0.2)
    monkeypatch.setattr(sharing_clock, "EVERY", timedelta(seconds=0.2))
    return found


def id_of(platform: Platform, name: str) -> str:
    found: str = platform.control("partners", ims_org_id=name)["ims_org_id"]
    return found


def run(*arguments: str) -> tuple[int, str]:
    return run_here(*arguments, "--as", "operator@example.com", "--wait")


def test_a_package_is_shared_with_who_was_no_partner_yet(
    operator: User, approver: User, acme: Organization, platform: Platform
) -> None:
    initech = id_of(platform, "Initech")
    package = known_package(acme, STORY)

    code, said = run("share_package", STORY, "--with", initech, "--note", "For them")

    assert code == 0, said
    steps = ["Approved by", "Asking for the partnership", "The platform has it as partnership", "On its way", "Done: "]
    assert [said.index(step) for step in steps] == sorted(said.index(step) for step in steps)
    sent = [row for row in platform.state()["transfers"] if row["packageId"] == package.remote_id]
    assert [row["targetIMSOrgId"] for row in sent].count(initech) == 1


def test_partners_are_asked_each_on_its_own(operator: User, approver: User, platform: Platform) -> None:
    initech = id_of(platform, "Initech")

    code, said = run("request_partnership", "--organization", "Acme", "--with", initech, "--with", UNKNOWN_ID)

    legs = {leg.partner_id: leg for leg in SharingRequest.objects.get().legs.all()}
    assert code == 3, said
    assert legs[initech].state == LegState.DONE
    assert legs[UNKNOWN_ID].state == LegState.FAILED
    assert legs[UNKNOWN_ID].problem in said


def test_a_public_package_is_pulled_with_its_payload(
    operator: User, approver: User, platform: Platform, tmp_path: Path
) -> None:
    northwind = id_of(platform, "Northwind")
    public = next(found for found in platform.state()["packages"] if found["name"] == "Northwind consent kit")
    payload = tmp_path / "payload.json"
    payload.write_text(json.dumps({"imsOrgId": northwind, "packageId": public["id"]}))

    code, said = run("pull_package", "--organization", "Acme", "--payload", str(payload))

    assert code == 0, said
    assert f"Done: pulling of package {public['id']}" in said
