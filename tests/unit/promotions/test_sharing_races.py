"""Two who act on one request at the same moment, on the real database: one after the other, and nobody fails."""

import time
from collections.abc import Callable
from functools import partial
from threading import Event
from typing import Any

import pytest
from django.db import transaction

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from accounts.services import audit
from promotions.choices import JobState, LegState, PartnershipStatus, SharingState
from promotions.engine.endings import end
from promotions.engine.registry import Ending
from promotions.models import Job, Partnership, SharingRequest
from promotions.services import approvals, chain, partnership_decisions, sharing, sharing_stops
from promotions.services.errors import ConflictError, RefusedError
from promotions.systems.sharing import kinds
from tests.factories import CredentialFactory
from tests.factories_sharing import PARTNER_ID, PartnershipFactory
from tests.unit.accounts.races import at_once
from tests.unit.promotions.sharing_people import OTHER_ID, Sides, approval_of, make_sides, member, states

pytestmark = pytest.mark.django_db(transaction=True)

# Long enough for the other one to have run into what is held; a wrong order of locks then shows every time.
HELD_S = 0.4


@pytest.fixture
def sides() -> Sides:
    return make_sides()


def while_held(hold: Callable[[], object], then: Callable[[], object], other: Callable[[], object]) -> list[Any]:
    """One transaction holds something, the other act begins meanwhile, then the first goes on."""
    is_held = Event()

    def first() -> None:
        with transaction.atomic():
            hold()
            is_held.set()
            time.sleep(HELD_S)
            then()

    def second() -> object:
        assert is_held.wait(10)
        return other()

    return at_once(first, second)


def running(job: Job) -> Job:
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, submit_count=1, lease_token="held")
    job.refresh_from_db()
    return job


def stop(request: SharingRequest, person: User) -> object:
    return sharing_stops.stop(request=request, actor=person, reason="Not now.")


def touch(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(progress_text="Ending")


def test_a_transfer_that_ends_while_it_is_stopped_is_told_as_it_ended(sides: Sides) -> None:
    PartnershipFactory(organization=sides.acme, approved=True)
    request = sides.agreed()
    job = running(Job.objects.get())

    ended, stopped = while_held(
        lambda: touch(job), lambda: end(job, Ending(state=JobState.SUCCEEDED)), lambda: stop(request, sides.operator)
    )
    chain.advance_all()

    request.refresh_from_db()
    assert ended is None
    assert isinstance(stopped, ConflictError)
    assert (request.state, states(request)) == (SharingState.DONE, [LegState.DONE])


def test_a_partner_who_agrees_while_it_is_stopped_gets_nothing(sides: Sides) -> None:
    partnership = PartnershipFactory(organization=sides.acme, outgoing=True)
    request = sides.agreed()

    def agree() -> None:
        Partnership.objects.filter(pk=partnership.pk).update(status=PartnershipStatus.APPROVED)
        partnership.refresh_from_db()
        chain.partnership_changed(partnership)

    told, stopped = while_held(
        lambda: Partnership.objects.select_for_update().get(pk=partnership.pk),
        agree,
        lambda: stop(request, sides.operator),
    )
    chain.advance_all()

    request.refresh_from_db()
    assert told is None
    assert isinstance(stopped, SharingRequest)
    assert (request.state, states(request)) == (SharingState.STOPPED, [LegState.STOPPED])
    assert not Job.objects.exclude(state=JobState.CANCELLED).exists()


def test_one_of_two_transfers_ends_while_both_are_stopped(sides: Sides) -> None:
    PartnershipFactory(organization=sides.acme, approved=True)
    PartnershipFactory(organization=sides.acme, approved=True, partner_id=OTHER_ID)
    request = sides.agreed(PARTNER_ID, OTHER_ID)
    job = running(Job.objects.get(params__partner_id=OTHER_ID))

    ended, stopped = while_held(
        lambda: touch(job), lambda: end(job, Ending(state=JobState.SUCCEEDED)), lambda: stop(request, sides.operator)
    )
    chain.advance_all()

    request.refresh_from_db()
    assert ended is None
    assert isinstance(stopped, SharingRequest)
    assert (request.state, states(request)) == (SharingState.PARTLY_DONE, [LegState.STOPPED, LegState.DONE])


def test_of_those_who_go_on_at_once_one_sends(sides: Sides) -> None:
    PartnershipFactory(organization=sides.acme, outgoing=True)
    request = sides.agreed()
    Partnership.objects.update(status=PartnershipStatus.APPROVED)

    results = at_once(chain.advance_all, chain.advance_all, lambda: chain.advance(request), chain.advance_all)

    assert results == [None] * 4
    assert Job.objects.get().kind == kinds.TRANSFER
    assert states(request) == [LegState.SENDING]


def test_a_job_that_ends_while_the_clock_goes_on_leaves_nothing_behind(sides: Sides) -> None:
    PartnershipFactory(organization=sides.acme, approved=True)
    request = sides.agreed()
    job = running(Job.objects.get())

    results = while_held(
        lambda: SharingRequest.objects.select_for_update().get(pk=request.pk),
        lambda: chain.advance(request),
        lambda: end(job, Ending(state=JobState.SUCCEEDED)),
    )

    request.refresh_from_db()
    assert results == [None, True]
    assert request.state == SharingState.DONE


def test_consent_and_the_end_of_its_time_do_not_both_hold(sides: Sides) -> None:
    request = sides.ask()

    def agree() -> object:
        return approvals.approve(approval=approval_of(request), actor=sides.approver, reason="Yes.")

    answers = at_once(agree, lambda: stop(request, sides.operator), chain.advance_all, approvals.expire_late)

    request.refresh_from_db()
    assert not [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, ConflictError)]
    assert not (request.state == SharingState.STOPPED and Job.objects.exclude(state=JobState.CANCELLED).exists())


def test_of_approvers_who_decide_on_a_partner_at_once_one_is_heard(sides: Sides) -> None:
    partnership = PartnershipFactory(organization=sides.globex, partner_id=sides.acme.remote_id)
    people = [member(sides.globex, Role.APPROVER, name) for name in ("Gus", "Gil", "Gwen")]

    answers = at_once(
        *[
            partial(
                partnership_decisions.decide_partnership,
                partnership=partnership,
                is_approved=bool(n),
                reason="So.",
                actor=person,
            )
            for n, person in enumerate(people)
        ]
    )

    assert sum(isinstance(answer, ConflictError) for answer in answers) == 2
    assert Job.objects.get().kind == kinds.DECIDE
    assert (
        AuditEvent.objects.filter(organization_id=sides.globex.pk, verb__startswith="sharing.partnership_").count() == 1
    )


def test_what_is_asked_twice_at_once_is_asked_once(sides: Sides) -> None:
    answers = at_once(*[sides.ask] * 3)

    assert sum(isinstance(answer, SharingRequest) for answer in answers) == 1
    assert sum(isinstance(answer, RefusedError) for answer in answers) == 2
    assert SharingRequest.objects.count() == 1


def test_making_public_is_asked_once_too(sides: Sides) -> None:
    def ask() -> SharingRequest:
        return sharing.request_publicity(package=sides.package, typed_name="Loyalty", actor=sides.operator)

    answers = at_once(*[ask] * 3)

    assert sum(isinstance(answer, ConflictError) for answer in answers) == 2
    assert SharingRequest.objects.count() == 1


def test_a_partner_is_shown_what_ended_while_it_synchronizes_by_itself(sides: Sides) -> None:
    PartnershipFactory(organization=sides.acme, approved=True)
    sides.agreed()
    job = running(Job.objects.get())
    CredentialFactory(organization=sides.globex)

    def synchronize() -> None:
        with transaction.atomic():
            Organization.objects.select_for_update(no_key=True).get(pk=sides.globex.pk)
            time.sleep(HELD_S)
            audit.record("sharing.synchronization_requested", actor=None, subject=sides.globex)

    ended, asked = at_once(lambda: end(job, Ending(state=JobState.SUCCEEDED)), synchronize)

    assert (ended, asked) == (True, None)
    assert Job.objects.get(kind=kinds.SYNCHRONIZE).organization == sides.globex
