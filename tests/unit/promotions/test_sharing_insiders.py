"""What somebody with an account and bad intentions tries across organizations, and how far they get."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.errors import InUseError
from accounts.models import AuditEvent, Notice, Organization, User
from accounts.services import organizations
from operations.held import hold_back
from promotions.choices import ApprovalState, JobState, LegState, PartnershipStatus, ProblemKind, SharingState
from promotions.models import Job, Partnership, SharingLeg, SharingRequest
from promotions.services import approvals, chain, jobs, partnership_decisions, sharing, sharing_consent, sharing_stops
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.sharing import PullSource
from promotions.sharing_lists import partnerships_waiting_for
from promotions.systems.sharing import kinds
from tests.factories import MembershipFactory
from tests.factories_sharing import PARTNER_ID, PartnershipFactory, TransferFactory
from tests.unit.promotions.api_client import ApiClient
from tests.unit.promotions.sharing_people import OTHER_ID, Sides, approval_of, member, sides, states

__all__ = ["sides"]

PAGES = ("approval-list", "sharing-list", "partnership-list", "transfer-list", "job-list", "package-list")
MADE_AT = "2026-01-02T03:04:05+00:00"


def as_globex_sees_it(sides: Sides) -> Partnership:
    partnership: Partnership = PartnershipFactory(
        organization=sides.globex, partner_id=sides.acme.remote_id, partner_name="Acme"
    )
    return partnership


def waiting(sides: Sides) -> tuple[SharingRequest, Partnership]:
    """A request that Globex has been asked for, and has not decided on."""
    partnership = PartnershipFactory(organization=sides.acme, outgoing=True)
    return sides.agreed(), partnership


def approve_at_partner(partnership: Partnership) -> None:
    Partnership.objects.filter(pk=partnership.pk).update(status=PartnershipStatus.APPROVED)
    partnership.refresh_from_db()
    chain.partnership_changed(partnership)


# One person on both sides


def refuses(sides: Sides, person: User, words: str) -> None:
    partnership = as_globex_sees_it(sides)
    with pytest.raises(ConflictError, match=words):
        partnership_decisions.decide_partnership(partnership=partnership, is_approved=True, reason="Yes.", actor=person)
    assert not partnerships_waiting_for(person).exists()
    assert not Job.objects.filter(kind=kinds.DECIDE).exists()


def test_whoever_asked_for_acme_does_not_answer_for_globex(sides: Sides) -> None:
    MembershipFactory(user=sides.operator, organization=sides.globex, role=Role.APPROVER)
    sides.ask()

    refuses(sides, sides.operator, "You asked for it in the name of Acme")


def test_whoever_agreed_for_acme_does_not_answer_for_globex(sides: Sides) -> None:
    MembershipFactory(user=sides.approver, organization=sides.globex, role=Role.ADMIN)
    sides.agreed()

    refuses(sides, sides.approver, "You agreed to it in the name of Acme")


def test_an_administrator_of_the_installation_does_not_answer_either(sides: Sides, administrator: User) -> None:
    sides.agree(sides.ask(), by=administrator)

    refuses(sides, administrator, "You agreed to it in the name of Acme")


def test_deleting_the_organization_that_asked_makes_nobody_a_second_person(sides: Sides, administrator: User) -> None:
    sides.agree(sides.ask(), by=administrator)
    Organization.objects.filter(pk=sides.acme.pk).update(deleted_at=timezone.now())

    refuses(sides, administrator, "You agreed to it")


def test_an_id_in_small_letters_names_the_same_organization(sides: Sides) -> None:
    MembershipFactory(user=sides.operator, organization=sides.globex, role=Role.APPROVER)

    request = sides.ask(PARTNER_ID.lower(), PARTNER_ID)

    assert [leg.partner_id for leg in request.legs.all()] == [PARTNER_ID]
    refuses(sides, sides.operator, "You asked for it")


def test_an_organization_is_its_own_in_small_letters_too(sides: Sides) -> None:
    with pytest.raises(RefusedError, match="is Acme itself"):
        sides.ask(sides.acme.remote_id.lower())


def test_somebody_else_of_globex_decides(sides: Sides) -> None:
    sides.agreed()
    gus = member(sides.globex, Role.APPROVER, "Gus")
    partnership = as_globex_sees_it(sides)

    partnership_decisions.decide_partnership(partnership=partnership, is_approved=True, reason="Yes.", actor=gus)

    assert Job.objects.get(kind=kinds.DECIDE).requested_by == gus


# A consent that holds no more


def lost_reason(request: SharingRequest) -> str:
    ending = sharing_consent.lost(Job.objects.filter(organization=request.organization).latest("pk"))
    assert ending is not None
    assert ending.state == JobState.CANCELLED
    return ending.problem


@pytest.mark.parametrize("what", ["role", "account"])
def test_when_the_partner_agrees_an_approver_without_the_role_has_agreed_to_nothing(sides: Sides, what: str) -> None:
    request, partnership = waiting(sides)
    if what == "role":
        sides.approver.memberships.update(role=Role.OPERATOR)
    else:
        User.objects.filter(pk=sides.approver.pk).update(is_active=False)

    approve_at_partner(partnership)

    assert "is no approver of Acme any more" in lost_reason(request)


@pytest.mark.parametrize("what", ["note", "leg", "facts"])
def test_what_was_changed_after_the_consent_is_not_sent(sides: Sides, what: str) -> None:
    request = sides.agreed()
    if what == "note":
        SharingRequest.objects.filter(pk=request.pk).update(note="All of it.")
    elif what == "facts":
        SharingRequest.objects.filter(pk=request.pk).update(facts={"package": {"id": "other", "name": "Loyalty"}})
    else:
        SharingLeg.objects.create(request=request, position=1, partner_id=OTHER_ID)

    assert "not what was approved" in lost_reason(request)


def test_a_job_that_needed_a_person_is_not_sent_again_after_the_request_was_stopped(sides: Sides) -> None:
    request = sides.agreed()
    job = Job.objects.get()
    Job.objects.filter(pk=job.pk).update(
        state=JobState.NEEDS_ATTENTION, problem_kind=ProblemKind.OUTCOME_UNKNOWN, submit_count=1
    )
    sharing_stops.stop(request=request, actor=sides.operator, reason="Wrong partner.")

    jobs.retry_sending(job=job, actor=sides.operator, reason="Never arrived.")

    assert "was stopped" in lost_reason(request)


def test_the_job_of_an_earlier_step_is_not_sent_when_it_is_no_longer_its_turn(sides: Sides) -> None:
    request = sides.agreed()
    asking = Job.objects.get()
    Job.objects.update(state=JobState.SUCCEEDED)
    approve_at_partner(PartnershipFactory(organization=sides.acme, outgoing=True))
    chain.advance_all()

    assert states(request) == [LegState.SENDING]
    assert sharing_consent.lost(asking) is not None
    assert sharing_consent.lost(Job.objects.get(kind=kinds.TRANSFER)) is None


# After a restore


def test_after_a_restore_a_chain_that_waited_for_its_partner_sends_nothing(sides: Sides) -> None:
    request, partnership = waiting(sides)

    held = hold_back(MADE_AT)
    approve_at_partner(partnership)
    chain.advance_all()

    request.refresh_from_db()
    assert held.sharings == 1
    assert (request.state, states(request)) == (SharingState.STOPPED, [LegState.STOPPED])
    assert "restored from a backup" in request.problem
    assert not Job.objects.exists()
    lines = AuditEvent.objects.filter(verb="installation.sharing_held")
    assert {line.organization_id for line in lines} == {sides.acme.pk, sides.globex.pk}


def test_after_a_restore_a_transfer_that_may_have_been_sent_waits_for_a_person(sides: Sides) -> None:
    PartnershipFactory(organization=sides.acme, approved=True)
    request = sides.agreed()

    hold_back(MADE_AT)

    job = Job.objects.get()
    assert (job.state, states(request)) == (JobState.NEEDS_ATTENTION, [LegState.SENDING])
    jobs.retry_sending(job=job, actor=sides.operator, reason="It is not there.")
    assert sharing_consent.lost(job) is None


def test_after_a_restore_what_nobody_had_decided_is_asked_for_again(sides: Sides) -> None:
    request = sides.ask()

    held = hold_back(MADE_AT)

    request.refresh_from_db()
    assert (held.approvals, held.sharings) == (1, 0)
    assert request.state == SharingState.TURNED_DOWN
    assert approval_of(request).state == ApprovalState.VOID
    voided = AuditEvent.objects.filter(verb="approval.voided")
    assert {line.organization_id for line in voided} == {sides.acme.pk, sides.globex.pk}


# Taking the organization away


def test_an_organization_that_waits_for_a_partner_is_in_use(sides: Sides, administrator: User) -> None:
    request, _ = waiting(sides)

    with pytest.raises(InUseError) as refusal:
        organizations.delete_organization(organization=sides.acme, actor=administrator)

    assert [usage.text for usage in refusal.value.usages] == [f"Unfinished: {request.title}"]


# What a partner's people learn


def test_the_record_of_a_partner_names_no_other_partner(sides: Sides) -> None:
    request = sides.agreed(PARTNER_ID, OTHER_ID)
    sharing_stops.stop(request=request, actor=sides.approver, reason="Not now.")

    lines = list(AuditEvent.objects.filter(organization_id=sides.globex.pk))

    assert {line.verb for line in lines} == {
        "approval.requested",
        "sharing.requested",
        "approval.given",
        "sharing.stopped",
        "sharing.ended",
    }
    assert not [line for line in lines if OTHER_ID in f"{line.subject_text} {line.details}"]
    stopped = AuditEvent.objects.get(verb="sharing.stopped", organization_id=sides.globex.pk)
    assert (stopped.subject_text, stopped.reason) == ("sharing of “Loyalty” with Globex, for Acme", "Not now.")
    own = AuditEvent.objects.filter(organization_id=sides.acme.pk, verb="sharing.stopped").get()
    assert OTHER_ID in own.subject_text


def test_the_partnership_that_a_partner_decides_on_names_no_other_partner(sides: Sides) -> None:
    sides.agreed(PARTNER_ID, OTHER_ID)
    gus = member(sides.globex, Role.APPROVER, "Gus")

    answer = ApiClient(gus).get(f"partnerships/{as_globex_sees_it(sides).pk}/")

    assert [one["note"] for one in answer.json()["asked_with"]] == ["For them."]
    assert OTHER_ID not in answer.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/needs/",
        "/api/v1/approvals/",
        "/api/v1/sharing-requests/",
        "/api/v1/transfers/",
        "/api/v1/partnerships/",
        "/api/v1/jobs/",
        "/api/v1/jobs/counts/",
        "/api/v1/packages/",
    ],
)
def test_whoever_decides_for_globex_reads_as_if_acme_were_not_there(sides: Sides, path: str) -> None:
    gus = ApiClient(member(sides.globex, Role.APPROVER, "Gus"))
    before = gus.get(path).json()
    TransferFactory(package=sides.package)

    sides.agreed(PARTNER_ID, OTHER_ID)
    sides.ask("0A1B2C3D4E5F60718293A4B5@AdobeOrg")

    assert gus.get(path).json() == before
    assert not Notice.objects.filter(person__memberships__organization=sides.globex).exists()


def test_the_pages_of_globex_tell_nothing_of_acme(sides: Sides, client: Client) -> None:
    sides.agreed(PARTNER_ID, OTHER_ID)
    client.force_login(member(sides.globex, Role.APPROVER, "Gus"))

    pages = [client.get(reverse(f"promotions:{name}")) for name in PAGES]

    assert [page.status_code for page in pages] == [200] * len(PAGES)
    assert not [page for page in pages if "Loyalty" in page.content.decode() or OTHER_ID in page.content.decode()]


# Odd input


@pytest.mark.parametrize(
    "source",
    [
        PullSource(PARTNER_ID, "a" * 65),
        PullSource(PARTNER_ID, "a\x00b"),
        PullSource(f"{'g' * 150}@AdobeOrg", "a" * 32),
        PullSource("a\x00@AdobeOrg", "a" * 32),
        PullSource("\ud800@AdobeOrg", "a" * 32),
        PullSource(PARTNER_ID, "\ud800"),
    ],
)
def test_a_pull_of_what_no_column_holds_is_refused_in_words(sides: Sides, source: PullSource) -> None:
    with pytest.raises(RefusedError, match="names no package"):
        sharing.request_pull(organization=sides.acme, sources=[source], actor=sides.operator)


def test_an_approval_in_use_does_not_end_with_its_time(sides: Sides) -> None:
    request = sides.agreed()
    request.approvals.update(expires_at=timezone.now())

    assert approvals.expire_late() == 0

    assert approval_of(request).state == ApprovalState.APPROVED
    assert sharing_consent.lost(Job.objects.get()) is None
