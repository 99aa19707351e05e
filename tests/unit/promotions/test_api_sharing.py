"""Sharing across organizations over the REST API."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.choices import ApprovalState, JobState, LegState, SharingState, TransferStatus, Visibility
from promotions.models import Job, Package, Partnership, SharingRequest
from promotions.services import approvals, partnership_decisions
from promotions.systems.sharing import kinds
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories_promotions import ApprovalFactory, PackageFactory
from tests.factories_sharing import (
    PARTNER_ID,
    PartnershipFactory,
    SharingRequestFactory,
    TransferFactory,
    under_way,
)
from tests.unit.promotions.api_client import ApiClient, ids

pytestmark = pytest.mark.django_db

OTHER_ID = "1A2B3C4D5E6F708192A3B4C5@AdobeOrg"


@pytest.fixture
def approver(organization: Organization) -> User:
    user: User = UserFactory(full_name="Ada Approver")
    MembershipFactory(user=user, organization=organization, role=Role.APPROVER)
    return user


@pytest.fixture
def approver_api(approver: User) -> ApiClient:
    return ApiClient(approver)


@pytest.fixture
def package(organization: Organization) -> Package:
    made: Package = PackageFactory(organization=organization, name="Loyalty")
    return made


def keyed(api: ApiClient, path: str, key: str, body: dict[str, Any]) -> Any:
    return api._client.post(
        f"/api/v1/{path}",
        body,
        content_type="application/json",
        headers={"Idempotency-Key": key},
        **api._headers,
    )


# Asking


def test_sharing_is_asked_for_agreed_to_and_starts(operator_api, approver_api, package, organization) -> None:
    PartnershipFactory(organization=organization, approved=True)

    asked = operator_api.post(
        "sharing-requests/share/", {"package": package.pk, "partner_ids": [PARTNER_ID], "note": "For them"}
    )
    approval = asked.json()["approval"]
    given = approver_api.post(
        f"approvals/{approval['id']}/approve/", {"reason": "Seen", "content_hash": approval["content_hash"]}
    )
    found = operator_api.get(asked["Location"]).json()

    assert (asked.status_code, given.status_code) == (201, 200)
    assert asked["Location"] == asked.json()["url"]
    assert asked.json()["legs"][0]["state"] == LegState.WAITING
    assert asked.json()["cannot_be_undone"][0] == "A package that was sent cannot be taken back."
    assert (found["state"], found["legs"][0]["state"]) == (SharingState.UNDER_WAY, LegState.SENDING)
    assert found["legs"][0]["sending_job_url"].endswith(f"/jobs/{Job.objects.get(kind=kinds.TRANSFER).pk}/")
    assert found["legs"][0]["partner_name"] == "Globex"


def test_partnerships_are_asked_for_with_several_at_once(operator_api, organization) -> None:
    body = {"organization": organization.pk, "partner_ids": [PARTNER_ID, OTHER_ID]}

    response = operator_api.post("sharing-requests/partnership/", body)

    assert response.status_code == 201
    assert [leg["partner_id"] for leg in response.json()["legs"]] == [PARTNER_ID, OTHER_ID]
    assert response.json()["kind"] == "partnership"
    assert not Job.objects.exists()


def test_packages_are_pulled_by_ids_and_by_payload(operator_api, organization) -> None:
    payload = f'{{"imsOrgId": "{OTHER_ID}", "packageId": "{"b" * 32}"}}'
    sources = [{"organization_id": PARTNER_ID, "package_id": "a" * 32}]
    body = {"organization": organization.pk, "sources": sources, "payloads": [payload]}

    response = operator_api.post("sharing-requests/pull/", body)

    assert response.status_code == 201
    legs = [(leg["partner_id"], leg["package_remote_id"]) for leg in response.json()["legs"]]
    assert legs == [(PARTNER_ID, "a" * 32), (OTHER_ID, "b" * 32)]


def test_a_package_is_made_public_under_its_typed_name(operator_api, package) -> None:
    wrong = operator_api.post(f"packages/{package.pk}/publicity/", {"typed_name": "Loyal"})
    right = operator_api.post(f"packages/{package.pk}/publicity/", {"typed_name": "Loyalty"})
    again = operator_api.post(f"packages/{package.pk}/publicity/", {"typed_name": "Loyalty"})

    assert (wrong.status_code, right.status_code, again.status_code) == (422, 201, 409)
    assert "typed_name" in wrong.json()["errors"]
    assert right.json()["kind"] == "publicity"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("share", {"partner_ids": ["globex"]}, "partner_ids"),
        ("share", {"package": 999_999, "partner_ids": [PARTNER_ID]}, "package"),
        ("partnership", {"organization": 999_999, "partner_ids": [PARTNER_ID]}, "organization"),
        ("pull", {"sources": []}, "sources"),
        ("pull", {"sources": [{"organization_id": "globex", "package_id": "1"}]}, "sources"),
        ("pull", {"payloads": ["{}"]}, "payloads"),
    ],
)
def test_what_a_rule_forbids_is_refused_at_its_field(
    operator_api, organization, package, path: str, body: dict[str, Any], field: str
) -> None:
    wanted = {"package": package.pk} if path == "share" else {"organization": organization.pk}

    response = operator_api.post(f"sharing-requests/{path}/", {**wanted, **body})

    assert response.status_code == 422
    assert list(response.json()["errors"]) == [field]
    assert not SharingRequest.objects.exists()


def test_the_same_key_asks_once(operator_api, package) -> None:
    body = {"package": package.pk, "partner_ids": [PARTNER_ID]}

    first = keyed(operator_api, "sharing-requests/share/", "release-7", body)
    second = keyed(operator_api, "sharing-requests/share/", "release-7", body)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Location"] == first["Location"]
    assert SharingRequest.objects.count() == 1


def test_a_viewer_may_look_and_not_ask(viewer_api, package, organization) -> None:
    made = SharingRequestFactory(package=package)
    bodies = {
        "sharing-requests/share/": {"package": package.pk, "partner_ids": [OTHER_ID]},
        "sharing-requests/partnership/": {"organization": organization.pk, "partner_ids": [OTHER_ID]},
        "sharing-requests/pull/": {
            "organization": organization.pk,
            "sources": [{"organization_id": OTHER_ID, "package_id": "1"}],
        },
        f"packages/{package.pk}/publicity/": {"typed_name": "Loyalty"},
        f"sharing-requests/{made.pk}/stop/": {"reason": "No"},
    }

    answers = {path: viewer_api.post(path, body).status_code for path, body in bodies.items()}

    assert answers == dict.fromkeys(bodies, 403)
    assert viewer_api.get(f"sharing-requests/{made.pk}/").status_code == 200
    assert SharingRequest.objects.get() == made


# What others have


def test_nothing_of_other_organizations_is_seen_or_done(stranger_api, package, organization) -> None:
    made = SharingRequestFactory(package=package)
    partnership = PartnershipFactory(organization=organization)
    transfer = TransferFactory(package=package, failed=True)
    gets = [
        f"sharing-requests/{made.pk}/",
        f"partnerships/{partnership.pk}/",
        f"transfers/{transfer.pk}/",
        f"packages/{package.pk}/payload/",
        f"approvals/{made.approvals.get().pk}/",
    ]
    posts = {
        f"sharing-requests/{made.pk}/stop/": {"reason": "x"},
        f"partnerships/{partnership.pk}/decide/": {"decision": "approve", "reason": "x"},
        f"transfers/{transfer.pk}/again/": {},
        f"packages/{package.pk}/publicity/": {"typed_name": "Loyalty"},
        f"organizations/{organization.pk}/synchronize-sharing/": {},
        f"approvals/{made.approvals.get().pk}/approve/": {"reason": "x"},
    }

    assert {path: stranger_api.get(path).status_code for path in gets} == dict.fromkeys(gets, 404)
    assert {path: stranger_api.post(path, body).status_code for path, body in posts.items()} == dict.fromkeys(
        posts, 404
    )
    for path in ("sharing-requests/", "partnerships/", "transfers/", "approvals/"):
        assert ids(stranger_api.get(path)) == []
        assert ids(stranger_api.get(path, organization=organization.pk)) == []


def test_what_is_foreign_is_refused_like_what_is_not_there(operator_api) -> None:
    package = PackageFactory(visibility=Visibility.PUBLIC)

    def answers(package_id: int, organization_id: int) -> list[tuple[int, list[str]]]:
        bodies = {
            "share": {"package": package_id, "partner_ids": [PARTNER_ID]},
            "partnership": {"organization": organization_id, "partner_ids": [PARTNER_ID]},
            "pull": {"organization": organization_id, "sources": [{"organization_id": PARTNER_ID, "package_id": "1"}]},
        }
        found = [operator_api.post(f"sharing-requests/{path}/", body) for path, body in bodies.items()]
        return [(one.status_code, sorted(one.json()["errors"])) for one in found]

    assert answers(package.pk, package.organization_id) == answers(999_999, 999_998)
    assert not SharingRequest.objects.exists()


def test_an_approver_of_one_side_decides_nothing_of_the_other(approver_api, organization, package) -> None:
    """Both sides live here: what Acme sends is Globex's to accept, and the reverse."""
    globex = OrganizationFactory(name="Globex", remote_id=PARTNER_ID)
    theirs = PartnershipFactory(organization=globex, partner_id=organization.remote_id)
    ours = PartnershipFactory(organization=organization, outgoing=True)
    asked_there = SharingRequestFactory(package__organization=globex, partners=[organization.remote_id])
    decision = {"decision": "approve", "reason": "Fine"}

    on_theirs = approver_api.post(f"partnerships/{theirs.pk}/decide/", decision)
    on_ours = approver_api.post(f"partnerships/{ours.pk}/decide/", decision)
    consent = approver_api.post(f"approvals/{asked_there.approvals.get().pk}/approve/", {"reason": "Fine"})

    assert (on_theirs.status_code, on_ours.status_code, consent.status_code) == (404, 409, 404)
    assert "Globex decides on this one." in on_ours.json()["detail"]
    assert not Job.objects.exists()


# Requests


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"kind": "share"}, {"share", "done"}),
        ({"kind": "pull"}, {"pull"}),
        ({"state": "done"}, {"done"}),
        ({"state": "turned_down"}, set()),
    ],
)
def test_requests_are_narrowed(operator_api, organization, query: dict[str, str], wanted: set[str]) -> None:
    made = {
        "share": SharingRequestFactory(package__organization=organization),
        "done": SharingRequestFactory(package__organization=organization, state="done"),
        "pull": SharingRequestFactory(organization=organization, package=None, kind="pull"),
    }
    SharingRequestFactory(state="done")  # somebody else's

    found = ids(operator_api.get("sharing-requests/", **query))

    assert set(found) == {made[name].pk for name in wanted}


def test_requests_of_one_package_are_found(operator_api, organization, package) -> None:
    made = SharingRequestFactory(package=package)
    SharingRequestFactory(package__organization=organization)

    assert ids(operator_api.get("sharing-requests/", package=package.pk)) == [made.pk]


@pytest.mark.parametrize("path", ["sharing-requests/", "partnerships/", "transfers/"])
def test_lists_take_no_more_queries_for_more_rows(operator_api, organization, path: str) -> None:
    def make(number: int) -> None:
        for n in range(number):
            request = SharingRequestFactory(
                package__organization=organization, partners=[f"{n:024X}@AdobeOrg", PARTNER_ID]
            )
            PartnershipFactory(organization=organization)
            TransferFactory(package=request.package)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert operator_api.get(path).status_code == 200
        return len(captured)

    make(1)
    queries()
    few = queries()
    make(4)

    assert queries() == few


def test_lists_are_paged(operator_api, organization) -> None:
    made = [TransferFactory(package__organization=organization).pk for _ in range(5)]

    first = operator_api.get("transfers/", limit=2)
    second = operator_api.get(first.json()["next"])

    assert ids(first) + ids(second) == made[:0:-1]


def test_a_request_is_stopped_with_a_reason(operator_api, package) -> None:
    made = SharingRequestFactory(package=package)

    stopped = operator_api.post(f"sharing-requests/{made.pk}/stop/", {"reason": "Wrong package"})
    again = operator_api.post(f"sharing-requests/{made.pk}/stop/", {"reason": "Wrong package"})

    assert (stopped.status_code, again.status_code) == (200, 409)
    assert stopped.json()["state"] == SharingState.STOPPED
    assert stopped.json()["ended_by"]["name"] == "Tim Teammate"
    assert stopped.json()["approval"]["state"] == ApprovalState.VOID
    assert "is over already" in again.json()["detail"]


# Approvals


def test_an_approval_tells_what_is_shared(approver_api, package) -> None:
    made = SharingRequestFactory(package=package, note="For their loyalty team")

    found = approver_api.get(f"approvals/{made.approvals.get().pk}/").json()

    assert found["about"] == f"sharing of “Loyalty” with {PARTNER_ID}"
    assert (found["plan"], found["promotion"], found["revision"], found["items_url"], found["impact"]) == (None,) * 5
    assert found["sharing_request"] == made.pk
    assert found["sharing_request_url"].endswith(f"/sharing-requests/{made.pk}/")
    assert found["cannot_be_undone"]["sentences"]
    assert [moment["detail"] for moment in found["time_line"]] == ["For their loyalty team"]
    assert found["reason_not_to_decide"] == ""


def test_approvals_of_plans_and_of_sharing_are_one_list(approver_api, operator_api, package, organization) -> None:
    plan = ApprovalFactory(plan__promotion__package__organization=organization)
    made = SharingRequestFactory(package=package).approvals.get()
    ApprovalFactory()
    SharingRequestFactory()

    assert set(ids(approver_api.get("approvals/", waiting_for_me="true"))) == {plan.pk, made.pk}
    assert ids(approver_api.get("approvals/", sharing_request=made.sharing_id)) == [made.pk]
    assert ids(operator_api.get("approvals/", waiting_for_me="true")) == []


def test_consent_to_sharing_without_a_reason_is_refused_at_its_field(approver_api, package) -> None:
    approval = SharingRequestFactory(package=package).approvals.get()

    response = approver_api.post(f"approvals/{approval.pk}/approve/", {})

    assert response.status_code == 422
    assert list(response.json()["errors"]) == ["reason"]
    approval.refresh_from_db()
    assert approval.state == ApprovalState.PENDING


def test_whoever_asked_for_sharing_cannot_consent(organization, package) -> None:
    admin = MembershipFactory(organization=organization, role=Role.ADMIN).user
    api = ApiClient(admin)
    asked = api.post("sharing-requests/share/", {"package": package.pk, "partner_ids": [PARTNER_ID]}).json()

    response = api.post(f"approvals/{asked['approval']['id']}/approve/", {"reason": "It is mine"})

    assert response.status_code == 403
    assert asked["approval"]["reason_not_to_decide"] == response.json()["detail"]


def test_a_rejected_request_is_over_and_its_time_line_says_why(approver_api, package) -> None:
    made = SharingRequestFactory(package=package)
    approval = made.approvals.get()

    rejected = approver_api.post(f"approvals/{approval.pk}/reject/", {"reason": "Not with them"})
    found = approver_api.get(f"sharing-requests/{made.pk}/").json()
    moments = approver_api.get(f"approvals/{approval.pk}/").json()["time_line"]

    assert rejected.status_code == 200
    assert (found["state"], found["is_over"]) == (SharingState.TURNED_DOWN, True)
    assert [moment["state"] for moment in moments] == ["awaiting_approval", "rejected", "turned_down"]
    assert moments[1]["text"] == "Ada Approver rejected it"


def test_a_request_is_withdrawn_while_it_waits_and_not_once_it_is_used(operator_api, approver, package) -> None:
    waiting = SharingRequestFactory(package=package)
    used = SharingRequestFactory(package=package, partners=[OTHER_ID])
    approvals.approve(approval=used.approvals.get(), actor=approver, reason="Fine")

    first = operator_api.post(f"approvals/{waiting.approvals.get().pk}/withdraw/", {"reason": "Later"})
    second = operator_api.post(f"approvals/{used.approvals.get().pk}/withdraw/", {"reason": "Later"})

    assert (first.status_code, second.status_code) == (200, 409)


# Partnerships


def test_a_partnership_is_approved_with_a_reason(approver_api, organization) -> None:
    partnership = PartnershipFactory(organization=organization)

    response = approver_api.post(
        f"partnerships/{partnership.pk}/decide/", {"decision": "approve", "reason": "Agreed in the steering group"}
    )

    job = Job.objects.get()
    assert response.status_code == 202
    assert response["Location"].endswith(f"/jobs/{job.pk}/")
    assert (job.kind, job.params["is_approved"], job.params["reason"]) == (
        kinds.DECIDE,
        True,
        "Agreed in the steering group",
    )
    assert AuditEvent.objects.get(verb="sharing.partnership_approved").reason == "Agreed in the steering group"


def test_the_second_decision_names_the_job_of_the_first(approver_api, organization) -> None:
    partnership = PartnershipFactory(organization=organization)
    second = ApiClient(MembershipFactory(organization=organization, role=Role.APPROVER).user)
    body = {"decision": "reject", "reason": "Not this year"}
    approver_api.post(f"partnerships/{partnership.pk}/decide/", body)

    response = second.post(f"partnerships/{partnership.pk}/decide/", body)

    assert response.status_code == 409
    assert "Ada Approver has rejected it already" in response.json()["detail"]
    assert response.json()["job"]["id"] == Job.objects.get().pk


def test_an_operator_decides_on_no_partnership(operator_api, organization) -> None:
    partnership = PartnershipFactory(organization=organization)

    response = operator_api.post(
        f"partnerships/{partnership.pk}/decide/", {"decision": "approve", "reason": "I want it"}
    )

    assert response.status_code == 403
    assert operator_api.get(f"partnerships/{partnership.pk}/").json()["reason_not_to_decide"] == (
        "This needs the role approver in Acme."
    )


@pytest.mark.parametrize(
    "body",
    [
        {"decision": "approve"},
        {"decision": "approve", "reason": ""},
        {"decision": "approve", "reason": "x" * 2001},
        {"decision": "maybe", "reason": "x"},
        {"reason": "x"},
    ],
)
def test_a_decision_takes_its_word_and_a_reason(approver_api, organization, body: dict[str, str]) -> None:
    partnership = PartnershipFactory(organization=organization)

    response = approver_api.post(f"partnerships/{partnership.pk}/decide/", body)

    assert response.status_code == 400
    assert not Job.objects.exists()


def test_a_partnership_is_shown_with_its_history(operator_api, organization) -> None:
    history = [
        {"action": "REQUESTED", "at": "2026-11-01T00:00:00+00:00", "by": "Greta", "organization_id": PARTNER_ID}
        | {"reason": ""}
    ]
    partnership = PartnershipFactory(organization=organization, history=history, approved=True)

    found = operator_api.get(f"partnerships/{partnership.pk}/").json()

    assert found["history"] == history
    assert (found["is_pending"], found["is_approved"]) == (False, True)
    assert found["reason_not_to_decide"] == "It is approved already."


def test_who_decides_reads_what_the_partner_who_lives_here_wrote(approver_api, approver, organization) -> None:
    globex = OrganizationFactory(name="Globex", remote_id=PARTNER_ID)
    asked = SharingRequestFactory(
        package__organization=globex, package__name="Points", partners=[organization.remote_id], note="As agreed"
    )
    partnership = PartnershipFactory(organization=organization)
    before = approver_api.get(f"partnerships/{partnership.pk}/").json()["asked_with"]
    under_way(asked, approver=approver, leg_state=LegState.WAITING_PARTNER)

    found = approver_api.get(f"partnerships/{partnership.pk}/").json()["asked_with"]

    assert before == []  # nobody over there has consented yet
    assert [(note["note"], note["by"]) for note in found] == [("As agreed", str(asked.created_by))]
    assert found[0]["title"].startswith("sharing of “Points”")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, {"incoming", "outgoing", "approved", "odd"}),
        ({"vanished": "true"}, {"incoming", "outgoing", "approved", "odd", "vanished"}),
        ({"direction": "outgoing"}, {"outgoing"}),
        ({"status": "approved"}, {"approved"}),
        ({"pending": "true"}, {"incoming", "outgoing"}),
        ({"pending": "false"}, {"approved", "odd"}),
        ({"partner": OTHER_ID}, {"approved"}),
    ],
)
def test_partnerships_are_narrowed(operator_api, organization, query: dict[str, str], wanted: set[str]) -> None:
    made = {
        "incoming": PartnershipFactory(organization=organization),
        "outgoing": PartnershipFactory(organization=organization, outgoing=True, status="in_progress"),
        "approved": PartnershipFactory(organization=organization, approved=True, partner_id=OTHER_ID),
        "odd": PartnershipFactory(organization=organization, status="ON_HOLD"),
        "vanished": PartnershipFactory(organization=organization, vanished_at="2026-11-01T00:00:00Z"),
    }
    PartnershipFactory()  # somebody else's

    assert set(ids(operator_api.get("partnerships/", **query))) == {made[name].pk for name in wanted}


def test_what_waits_for_me_is_what_i_may_decide_on(approver_api, operator_api, approver, organization) -> None:
    globex = OrganizationFactory(name="Globex", remote_id=PARTNER_ID)
    MembershipFactory(user=approver, organization=globex, role=Role.VIEWER)
    PartnershipFactory(organization=organization, partner_id=OTHER_ID)
    PartnershipFactory(organization=organization)  # the caller asked for it over there
    SharingRequestFactory(package__organization=globex, partners=[organization.remote_id], created_by=approver)
    PartnershipFactory(organization=organization, outgoing=True)
    PartnershipFactory(organization=organization, approved=True)
    PartnershipFactory(organization=organization, partner_id=OTHER_ID, vanished_at="2026-11-01T00:00:00Z")
    PartnershipFactory(organization=globex, partner_id=OTHER_ID)  # no approver there
    decided = PartnershipFactory(organization=organization, partner_id=OTHER_ID)
    partnership_decisions.decide_partnership(
        partnership=decided,
        is_approved=True,
        reason="Fine",
        actor=MembershipFactory(organization=organization, role=Role.APPROVER).user,
    )

    found = ids(approver_api.get("partnerships/", waiting_for_me="true"))

    decidable = [
        one.pk
        for one in Partnership.objects.select_related("organization", "decision_job__requested_by")
        if not partnership_decisions.reason_not_to_decide_partnership(one, approver)
    ]
    assert sorted(found) == sorted(decidable)
    assert len(found) == 1
    assert ids(operator_api.get("partnerships/", waiting_for_me="true")) == []


# Transfers


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"direction": "incoming"}, {"incoming"}),
        ({"status": "FAILED"}, {"failed"}),
        ({"type": "public"}, {"incoming"}),
        ({"partner": OTHER_ID}, {"running"}),
    ],
)
def test_transfers_are_narrowed(operator_api, organization, query: dict[str, str], wanted: set[str]) -> None:
    made = {
        "running": TransferFactory(package__organization=organization, partner_id=OTHER_ID),
        "failed": TransferFactory(package__organization=organization, failed=True),
        "incoming": TransferFactory(incoming=True, organization=organization, completed=True, type="PUBLIC"),
    }
    TransferFactory()  # somebody else's

    assert set(ids(operator_api.get("transfers/", **query))) == {made[name].pk for name in wanted}


def test_completed_is_not_arrived_before_the_package_is_found(operator_api, organization, package) -> None:
    claimed = TransferFactory(incoming=True, organization=organization, completed=True)
    found = TransferFactory(incoming=True, organization=organization, completed=True, package_remote_id="1")
    type(found).objects.filter(pk=found.pk).update(package=package)

    rows = {row["id"]: row for row in operator_api.get("transfers/").json()["results"]}

    assert (rows[claimed.pk]["status"], rows[claimed.pk]["has_arrived"]) == (TransferStatus.COMPLETED, False)
    assert (rows[found.pk]["has_arrived"], rows[found.pk]["package"]["id"]) == (True, package.pk)
    assert "is looked for" in operator_api.get(f"transfers/{claimed.pk}/").json()["arrival"]
    assert operator_api.get(f"transfers/{found.pk}/").json()["arrival"] == ""


def test_a_transfer_under_way_for_long_says_so(operator_api, package) -> None:
    slow = TransferFactory(package=package, remote_created_at=timezone.now() - timedelta(days=3))
    fresh = TransferFactory(package=package)

    assert operator_api.get(f"transfers/{slow.pk}/").json()["slowness"].startswith("It has been under way for 3 days")
    assert operator_api.get(f"transfers/{fresh.pk}/").json()["slowness"] == ""


def test_a_failed_transfer_is_asked_for_again_and_points_at_the_old_one(operator_api, package) -> None:
    failed = TransferFactory(package=package, failed=True)

    response = operator_api.post(f"transfers/{failed.pk}/again/", {"note": "They made room"})

    assert response.status_code == 201
    assert (response.json()["again_of"], response.json()["note"]) == (failed.pk, "They made room")
    assert response.json()["legs"][0]["partner_id"] == failed.partner_id
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "only a transfer that failed can be sent again"),
        ({"completed": True}, "only a transfer that failed can be sent again"),
        ({"failed": True, "direction": "incoming"}, "They can send it again."),
        ({"failed": True, "direction": "incoming", "type": "PUBLIC"}, "Ask for the pull again."),
        ({"failed": True, "package__expired": True}, "expired on"),
    ],
)
def test_what_did_not_fail_or_is_not_ours_is_not_sent_again(
    operator_api, organization, state: dict[str, object], words: str
) -> None:
    transfer = TransferFactory(package__organization=organization, **state)

    response = operator_api.post(f"transfers/{transfer.pk}/again/")

    assert response.status_code == 409
    assert words in response.json()["detail"]
    assert operator_api.get(f"transfers/{transfer.pk}/").json()["why_no_again"] == response.json()["detail"]
    assert not SharingRequest.objects.exists()


def test_a_transfer_whose_package_is_not_known_is_not_sent_again(operator_api, organization) -> None:
    transfer = TransferFactory(organization=organization, package=None, package_name="Old", failed=True)

    response = operator_api.post(f"transfers/{transfer.pk}/again/")

    assert response.status_code == 409
    assert "“Old” is not known here." in response.json()["detail"]


def test_a_transfer_leads_to_what_was_asked_for(operator_api, approver, package) -> None:
    made = under_way(SharingRequestFactory(package=package), approver=approver, leg_state=LegState.SENDING)
    transfer = TransferFactory(package=package)
    made.legs.update(transfer=transfer)

    found = operator_api.get(f"transfers/{transfer.pk}/").json()
    request = operator_api.get(found["sharing_request_urls"][0]).json()

    assert found["steps"] == ["Fetched Package", "Fetched Manifest"]
    assert (request["id"], request["legs"][0]["transfer_url"]) == (made.pk, found["url"])


# Payload and synchronization


def test_the_payload_of_a_public_package_is_handed_over_and_can_be_pulled_with(
    viewer_api, organization, package
) -> None:
    Package.objects.filter(pk=package.pk).update(visibility=Visibility.PUBLIC)
    other = OrganizationFactory(name="Globex", remote_id=PARTNER_ID)
    operator = ApiClient(MembershipFactory(organization=other, role=Role.OPERATOR).user)
    Organization.objects.filter(pk=organization.pk).update(remote_id=OTHER_ID)

    found = viewer_api.get(f"packages/{package.pk}/payload/")
    pulled = operator.post("sharing-requests/pull/", {"organization": other.pk, "payloads": [found.json()["text"]]})

    assert found.status_code == 200
    assert (found.json()["organization_id"], found.json()["package_id"]) == (OTHER_ID, package.remote_id)
    assert pulled.json()["legs"][0]["package_remote_id"] == package.remote_id


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "is not public"),
        ({"visibility": Visibility.PUBLIC, "vanished": True}, "no longer at the platform"),
    ],
)
def test_there_is_no_payload_of_what_nobody_could_pull(
    operator_api, organization, state: dict[str, object], words: str
) -> None:
    package = PackageFactory(organization=organization, **state)

    response = operator_api.get(f"packages/{package.pk}/payload/")

    assert response.status_code == 409
    assert words in response.json()["detail"]


def test_partnerships_and_transfers_are_read_on_demand_once_at_a_time(operator_api, organization) -> None:
    path = f"organizations/{organization.pk}/synchronize-sharing/"

    first, second = operator_api.post(path), operator_api.post(path)

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert (first.json()["kind"], first.json()["state"]) == (kinds.SYNCHRONIZE, JobState.QUEUED)


# Lists of others that know it


def test_jobs_and_the_record_are_narrowed_to_sharing(operator_api, owner, approver, package, organization) -> None:
    PartnershipFactory(organization=organization, approved=True)
    asked = operator_api.post("sharing-requests/share/", {"package": package.pk, "partner_ids": [PARTNER_ID]}).json()
    approvals.approve(approval=SharingRequest.objects.get().approvals.get(), actor=approver, reason="They need it")
    admin = ApiClient(owner)

    jobs = operator_api.get("jobs/", kind=kinds.TRANSFER)
    lines = admin.get("audit/", group="sharing").json()["results"]
    about = admin.get("audit/", subject_type="promotions.sharingrequest", subject_id=asked["id"])

    assert ids(jobs) == [Job.objects.get().pk]
    assert [line["verb"] for line in lines] == ["sharing.requested"]
    assert len(about.json()["results"]) == 1
