"""Asking to share across organizations: who may, what is refused, and what a consent starts."""

import pytest
from django.core.exceptions import PermissionDenied

from accounts.choices import OrganizationKind, Role
from accounts.models import AuditEvent, Notice, Organization, User
from promotions.choices import (
    ApprovalState,
    JobState,
    LegState,
    PackageStatus,
    PartnershipStatus,
    SharingKind,
    SharingState,
    Visibility,
)
from promotions.models import Approval, Job, Package, SharingRequest
from promotions.services import approvals, chain, consent, jobs, partnership_decisions, sharing, sharing_stops
from promotions.services.errors import ConflictError, RefusedError
from promotions.services.sharing import PullSource
from promotions.systems.sharing import kinds
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories_promotions import ArtifactFactory, PackageFactory
from tests.factories_sharing import PARTNER_ID, PartnershipFactory, TransferFactory

pytestmark = pytest.mark.django_db

OTHER_ID = "1A2B3C4D5E6F708192A3B4C5@AdobeOrg"


def member(organization: Organization, role: Role, name: str) -> User:
    user: User = UserFactory(full_name=name)
    MembershipFactory(user=user, organization=organization, role=role)
    return user


@pytest.fixture
def organization(db: None) -> Organization:
    return OrganizationFactory(name="Acme", region="VA7")


@pytest.fixture
def operator(organization: Organization) -> User:
    return member(organization, Role.OPERATOR, "Oscar Operator")


@pytest.fixture
def approver(organization: Organization) -> User:
    return member(organization, Role.APPROVER, "Ada Approver")


@pytest.fixture
def package(organization: Organization) -> Package:
    package: Package = PackageFactory(organization=organization, name="Loyalty", artifact_count=1)
    ArtifactFactory(package=package)
    return package


def approval_of(request: SharingRequest) -> Approval:
    return request.approvals.get()


def asked(package: Package, operator: User, *partner_ids: str) -> SharingRequest:
    return sharing.request_share(
        package=package, partner_ids=partner_ids or [PARTNER_ID], note="For them.", actor=operator
    )


def agreed(request: SharingRequest, approver: User) -> SharingRequest:
    approvals.approve(approval=approval_of(request), actor=approver, reason="They need it.")
    request.refresh_from_db()
    return request


def states(request: SharingRequest) -> list[str]:
    return list(request.legs.values_list("state", flat=True))


# Asking


def test_sharing_waits_for_the_consent_of_somebody_else(package: Package, operator: User, approver: User) -> None:
    request = asked(package, operator)

    assert request.state == SharingState.WAITING
    assert approval_of(request).state == ApprovalState.PENDING
    assert consent.deciders(request, requested_by=operator) == [approver]
    assert not Job.objects.exists()


def test_approvers_are_told_and_the_record_says_what_was_asked(
    package: Package, operator: User, approver: User
) -> None:
    request = asked(package, operator)

    assert Notice.objects.get().person == approver
    assert [line.verb for line in AuditEvent.objects.order_by("sequence")] == [
        "approval.requested",
        "sharing.requested",
    ]
    assert AuditEvent.objects.get(verb="sharing.requested").subject_text == f"sharing of “Loyalty” with {PARTNER_ID}"
    assert request.title == f"sharing of “Loyalty” with {PARTNER_ID}"


def test_the_record_of_a_partner_who_lives_here_tells_of_it_too(package: Package, operator: User) -> None:
    partner = OrganizationFactory(remote_id=PARTNER_ID, name="Globex")

    asked(package, operator)

    lines = AuditEvent.objects.filter(organization_id=partner.pk)
    assert {line.verb for line in lines} == {"approval.requested", "sharing.requested"}


def test_a_viewer_cannot_ask(package: Package, organization: Organization) -> None:
    viewer = member(organization, Role.VIEWER, "Vera Viewer")

    with pytest.raises(PermissionDenied):
        asked(package, viewer)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"draft": True}, "only a published package can be shared"),
        ({"status": PackageStatus.PUBLISH_FAILED}, "only a published package can be shared"),
        ({"expired": True}, "expired on"),
        ({"vanished": True}, "no longer at the platform"),
    ],
)
def test_only_a_package_that_can_be_used_is_shared(
    organization: Organization, operator: User, state: dict[str, object], words: str
) -> None:
    with pytest.raises(RefusedError, match=words):
        asked(PackageFactory(organization=organization, **state), operator)


@pytest.mark.parametrize(
    ("partner_ids", "words"),
    [
        ([], "at least one organization"),
        (["  "], "at least one organization"),
        (["globex"], "“globex” is no organization id"),
        ([f"{PARTNER_ID}, {OTHER_ID}"], "is no organization id"),
        ([f"{n:024X}@AdobeOrg" for n in range(51)], "At most 50 organizations"),
    ],
)
def test_partners_are_named_by_their_ids(package: Package, operator: User, partner_ids: list[str], words: str) -> None:
    with pytest.raises(RefusedError, match=words) as refusal:
        sharing.request_share(package=package, partner_ids=partner_ids, actor=operator)

    assert refusal.value.field == "partner_ids"


def test_an_organization_is_no_partner_of_its_own(package: Package, operator: User) -> None:
    with pytest.raises(RefusedError, match="is Acme itself"):
        asked(package, operator, package.organization.remote_id)


def test_one_package_is_on_its_way_to_a_partner_once(package: Package, operator: User) -> None:
    asked(package, operator)

    with pytest.raises(RefusedError, match=r"on its way to .* already"):
        asked(package, operator)


def test_whom_we_owe_an_answer_is_answered_first(package: Package, operator: User) -> None:
    PartnershipFactory(organization=package.organization)

    with pytest.raises(RefusedError, match="Decide on that first, then share"):
        asked(package, operator)


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({"approved": True}, "Globex is a partner already"),
        ({"outgoing": True}, "has been asked already, and has not decided"),
        ({}, "Decide on that instead"),
    ],
)
def test_nobody_is_asked_for_what_there_is(
    organization: Organization, operator: User, traits: dict[str, bool], words: str
) -> None:
    PartnershipFactory(organization=organization, **traits)

    with pytest.raises(RefusedError, match=words):
        sharing.request_partnerships(organization=organization, partner_ids=[PARTNER_ID], actor=operator)


def test_whoever_rejected_us_may_be_asked_again(organization: Organization, operator: User) -> None:
    PartnershipFactory(organization=organization, outgoing=True, rejected=True)

    request = sharing.request_partnerships(organization=organization, partner_ids=[PARTNER_ID], actor=operator)

    assert states(request) == [LegState.WAITING]


def test_several_organizations_are_asked_each_on_its_own(
    organization: Organization, operator: User, approver: User
) -> None:
    request = sharing.request_partnerships(
        organization=organization, partner_ids=[PARTNER_ID, OTHER_ID, PARTNER_ID], actor=operator
    )

    agreed(request, approver)

    assert states(request) == [LegState.ASKING, LegState.ASKING]
    assert list(Job.objects.order_by("pk").values_list("kind", "params__partner_id")) == [
        (kinds.ASK, PARTNER_ID),
        (kinds.ASK, OTHER_ID),
    ]


def test_other_vendors_have_no_partners(operator: User) -> None:
    other = OrganizationFactory(kind=OrganizationKind.SNAPLOGIC)
    MembershipFactory(user=operator, organization=other, role=Role.OPERATOR)

    with pytest.raises(RefusedError, match="is no Adobe organization"):
        sharing.request_partnerships(organization=other, partner_ids=[PARTNER_ID], actor=operator)


# Consent


def test_consent_needs_a_reason(package: Package, operator: User, approver: User) -> None:
    request = asked(package, operator)

    with pytest.raises(RefusedError, match="Say why you approve it"):
        approvals.approve(approval=approval_of(request), actor=approver)

    assert approval_of(request).state == ApprovalState.PENDING


def test_whoever_asked_does_not_consent(package: Package, organization: Organization) -> None:
    asker = member(organization, Role.ADMIN, "Ann Admin")
    request = asked(package, asker)

    with pytest.raises(PermissionDenied, match="You asked for this approval"):
        approvals.approve(approval=approval_of(request), actor=asker, reason="Mine.")


def test_approvers_of_the_partner_neither_see_nor_decide(package: Package, operator: User) -> None:
    partner = OrganizationFactory(remote_id=PARTNER_ID)
    stranger = member(partner, Role.APPROVER, "Gus")
    request = asked(package, operator)

    assert not Approval.objects.visible_to(stranger).exists()
    assert not consent.waiting_for(stranger).exists()
    with pytest.raises(PermissionDenied):
        approvals.approve(approval=approval_of(request), actor=stranger, reason="For us.")


def test_consent_starts_the_chain_with_the_partnership(package: Package, operator: User, approver: User) -> None:
    request = agreed(asked(package, operator), approver)

    job = Job.objects.get()
    assert (job.kind, job.requested_by, job.state) == (kinds.ASK, operator, JobState.QUEUED)
    assert request.state == SharingState.UNDER_WAY
    assert states(request) == [LegState.ASKING]


def test_between_partners_the_package_goes_at_once(package: Package, operator: User, approver: User) -> None:
    PartnershipFactory(organization=package.organization, approved=True)

    request = agreed(asked(package, operator), approver)

    assert Job.objects.get().kind == kinds.TRANSFER
    assert states(request) == [LegState.SENDING]


def test_a_request_that_waits_at_the_partner_is_waited_for(package: Package, operator: User, approver: User) -> None:
    PartnershipFactory(organization=package.organization, outgoing=True)

    request = agreed(asked(package, operator), approver)

    assert states(request) == [LegState.WAITING_PARTNER]
    assert not Job.objects.exists()


def test_a_rejected_request_is_over(package: Package, operator: User, approver: User) -> None:
    request = asked(package, operator)

    approvals.reject(approval=approval_of(request), actor=approver, reason="Not before May.")

    request.refresh_from_db()
    assert request.state == SharingState.TURNED_DOWN
    assert request.problem == "Ada Approver rejected it: Not before May."
    assert not Job.objects.exists()


def test_consent_is_to_what_was_asked_for(package: Package, operator: User, approver: User) -> None:
    request = asked(package, operator)
    SharingRequest.objects.filter(pk=request.pk).update(note="To everybody.")

    with pytest.raises(ConflictError, match="not what the approval was asked for"):
        approvals.approve(approval=approval_of(request), actor=approver, reason="Fine.")


def test_a_consent_in_use_is_not_withdrawn(package: Package, operator: User, approver: User) -> None:
    request = agreed(asked(package, operator), approver)

    with pytest.raises(ConflictError, match="has used this approval"):
        approvals.withdraw(approval=approval_of(request), actor=operator)


# Going on


def test_when_the_partner_agrees_the_package_goes(package: Package, operator: User, approver: User) -> None:
    partnership = PartnershipFactory(organization=package.organization, outgoing=True)
    request = agreed(asked(package, operator), approver)

    partnership.status = PartnershipStatus.APPROVED
    partnership.save()
    chain.partnership_changed(partnership)

    assert states(request) == [LegState.SENDING]
    assert Job.objects.get().kind == kinds.TRANSFER


def test_when_the_partner_refuses_the_request_fails_with_their_reason(
    package: Package, operator: User, approver: User
) -> None:
    partnership = PartnershipFactory(organization=package.organization, outgoing=True)
    request = agreed(asked(package, operator), approver)

    partnership.status, partnership.history = (
        PartnershipStatus.REJECTED,
        [{"action": "REJECTED", "reason": "Not with you."}],
    )
    partnership.save()
    chain.partnership_changed(partnership)

    request.refresh_from_db()
    assert request.state == SharingState.FAILED
    assert request.problem == "Globex rejected the partnership: Not with you."
    assert states(request) == [LegState.REFUSED]
    assert Notice.objects.filter(person=operator, kind=chain.SHARING_ENDED).count() == 1


def test_the_clock_sees_what_nobody_told(package: Package, operator: User, approver: User) -> None:
    partnership = PartnershipFactory(organization=package.organization, outgoing=True)
    request = agreed(asked(package, operator), approver)
    type(partnership).objects.update(status="APPROVED")

    chain.advance_all()
    chain.advance_all()

    assert states(request) == [LegState.SENDING]
    assert Job.objects.count() == 1


def test_a_step_waits_while_another_write_has_its_place(package: Package, operator: User, approver: User) -> None:
    jobs.queue(
        kind=kinds.PUBLICITY,
        title="Loyalty",
        organization=package.organization,
        actor=operator,
        package=package,
        scope=jobs.scope_of(package),
    )
    request = sharing.request_publicity(package=package, typed_name="Loyalty", actor=operator)

    agreed(request, approver)

    assert states(request) == [LegState.WAITING]
    Job.objects.update(state=JobState.SUCCEEDED)
    chain.advance_all()
    assert states(request) == [LegState.SENDING]


# Public packages


def test_making_public_takes_the_typed_name(package: Package, operator: User) -> None:
    with pytest.raises(RefusedError, match="Type the package’s name") as refusal:
        sharing.request_publicity(package=package, typed_name="loyalty", actor=operator)

    assert refusal.value.field == "typed_name"


def test_what_is_public_stays_public(organization: Organization, operator: User) -> None:
    package = PackageFactory(organization=organization, visibility=Visibility.PUBLIC)

    with pytest.raises(RefusedError, match="is public already"):
        sharing.request_publicity(package=package, typed_name=package.name, actor=operator)


def test_making_public_is_asked_for_once(package: Package, operator: User) -> None:
    sharing.request_publicity(package=package, typed_name="Loyalty", actor=operator)

    with pytest.raises(ConflictError, match="asked for already"):
        sharing.request_publicity(package=package, typed_name="Loyalty", actor=operator)


def test_each_public_package_is_pulled_on_its_own(organization: Organization, operator: User, approver: User) -> None:
    sources = [PullSource(PARTNER_ID, "a" * 32), PullSource(f" {PARTNER_ID}", "b" * 32)]

    request = sharing.request_pull(organization=organization, sources=[*sources, sources[0]], actor=operator)
    agreed(request, approver)

    assert request.kind == SharingKind.PULL
    assert [job.params for job in Job.objects.order_by("pk")] == [
        {"source_id": PARTNER_ID, "package_id": "a" * 32},
        {"source_id": PARTNER_ID, "package_id": "b" * 32},
    ]


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ([], "at least one package"),
        ([PullSource("globex", "a" * 32)], "names no package"),
        ([PullSource(PARTNER_ID, " ")], "names no package"),
    ],
)
def test_a_pull_names_its_packages(
    organization: Organization, operator: User, sources: list[PullSource], words: str
) -> None:
    with pytest.raises(RefusedError, match=words):
        sharing.request_pull(organization=organization, sources=sources, actor=operator)


def test_nobody_pulls_their_own(organization: Organization, operator: User) -> None:
    with pytest.raises(RefusedError, match="Acme’s own already"):
        sharing.request_pull(
            organization=organization, sources=[PullSource(organization.remote_id, "a" * 32)], actor=operator
        )


# Stopping


def test_a_request_is_stopped_before_anybody_agreed(package: Package, operator: User) -> None:
    request = asked(package, operator)

    stopped = sharing_stops.stop(request=request, actor=operator, reason="Wrong package.")

    assert stopped.state == SharingState.STOPPED
    assert approval_of(request).state == ApprovalState.VOID
    assert AuditEvent.objects.get(verb="sharing.stopped").reason == "Wrong package."


def test_a_chain_is_stopped_while_the_partner_thinks(package: Package, operator: User, approver: User) -> None:
    partnership = PartnershipFactory(organization=package.organization, outgoing=True)
    request = agreed(asked(package, operator), approver)

    sharing_stops.stop(request=request, actor=operator, reason="Not any more.")
    partnership.status = PartnershipStatus.APPROVED
    partnership.save()
    chain.partnership_changed(partnership)
    chain.advance_all()

    assert states(request) == [LegState.STOPPED]
    assert "no way to withdraw it" in request.legs.get().problem
    assert not Job.objects.exists()


def test_a_transfer_that_was_sent_cannot_be_stopped(package: Package, operator: User, approver: User) -> None:
    PartnershipFactory(organization=package.organization, approved=True)
    request = agreed(asked(package, operator), approver)
    Job.objects.update(state=JobState.RUNNING, submit_count=1, remote_id="1" * 32)

    with pytest.raises(ConflictError, match="no way to take a transfer back"):
        sharing_stops.stop(request=request, actor=operator, reason="Oh no.")

    assert states(request) == [LegState.SENDING]


def test_stopping_takes_a_reason(package: Package, operator: User) -> None:
    with pytest.raises(RefusedError, match="Say why you stop it"):
        sharing_stops.stop(request=asked(package, operator), actor=operator, reason=" ")


def test_what_is_over_is_not_stopped(package: Package, operator: User, approver: User) -> None:
    request = asked(package, operator)
    approvals.reject(approval=approval_of(request), actor=approver, reason="No.")

    with pytest.raises(ConflictError, match="over already: not approved"):
        sharing_stops.stop(request=request, actor=operator, reason="Late.")


# Repeating


def test_a_failed_transfer_is_sent_again_as_a_new_one_that_names_the_old(
    package: Package, operator: User, approver: User
) -> None:
    failed = TransferFactory(package=package, failed=True)
    PartnershipFactory(organization=package.organization, approved=True)
    request = sharing.request_share(package=package, partner_ids=[PARTNER_ID], actor=operator, again_of=failed)
    agreed(request, approver)
    Job.objects.update(remote_id="2" * 32, state=JobState.RUNNING)

    again = TransferFactory(package=package, remote_id="2" * 32)
    chain.transfer_changed(again)

    again.refresh_from_db()
    assert again.again_of == failed
    assert request.legs.get().transfer == again


# Deciding on what others ask


def test_one_approver_decides_on_what_a_partner_asks(organization: Organization, approver: User) -> None:
    partnership = PartnershipFactory(organization=organization)

    job = partnership_decisions.decide_partnership(
        partnership=partnership, is_approved=True, reason="We work together.", actor=approver
    )

    partnership.refresh_from_db()
    assert (job.kind, job.requested_by) == (kinds.DECIDE, approver)
    assert job.params == {"partnership": partnership.pk, "is_approved": True, "reason": "We work together."}
    assert partnership.decision_job == job
    assert AuditEvent.objects.get(verb="sharing.partnership_approved").reason == "We work together."


def test_of_two_approvers_the_second_is_told_who_was_faster(organization: Organization, approver: User) -> None:
    partnership = PartnershipFactory(organization=organization)
    second = member(organization, Role.APPROVER, "Bea")
    partnership_decisions.decide_partnership(partnership=partnership, is_approved=False, reason="No.", actor=approver)

    with pytest.raises(ConflictError, match="Ada Approver has rejected it already"):
        partnership_decisions.decide_partnership(partnership=partnership, is_approved=True, reason="Yes.", actor=second)

    assert Job.objects.count() == 1


def test_a_decision_takes_a_reason(organization: Organization, approver: User) -> None:
    with pytest.raises(RefusedError, match="Say why"):
        partnership_decisions.decide_partnership(
            partnership=PartnershipFactory(organization=organization), is_approved=True, reason=" ", actor=approver
        )


def test_an_operator_decides_on_no_partnership(organization: Organization, operator: User) -> None:
    with pytest.raises(PermissionDenied):
        partnership_decisions.decide_partnership(
            partnership=PartnershipFactory(organization=organization), is_approved=True, reason="Yes.", actor=operator
        )


def test_our_own_request_is_the_partners_to_decide(organization: Organization, approver: User) -> None:
    partnership = PartnershipFactory(organization=organization, outgoing=True)

    with pytest.raises(ConflictError, match="Globex decides on this one"):
        partnership_decisions.decide_partnership(
            partnership=partnership, is_approved=True, reason="Yes.", actor=approver
        )


def test_whoever_asked_in_the_partners_name_does_not_answer_for_us(organization: Organization) -> None:
    partner = OrganizationFactory(remote_id=PARTNER_ID, name="Globex")
    person = member(partner, Role.OPERATOR, "Two Hats")
    MembershipFactory(user=person, organization=organization, role=Role.APPROVER)
    asked(PackageFactory(organization=partner), person, organization.remote_id)

    with pytest.raises(ConflictError, match="You asked for it in the name of Globex"):
        partnership_decisions.decide_partnership(
            partnership=PartnershipFactory(organization=organization), is_approved=True, reason="Yes.", actor=person
        )
