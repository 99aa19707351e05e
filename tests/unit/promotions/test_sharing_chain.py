"""How a chain goes on, and that it neither hangs nor tells people twice."""

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Notice
from promotions.choices import JobState, LegState, PartnershipStatus, SharingState
from promotions.engine.endings import end
from promotions.engine.registry import Ending
from promotions.models import Job, Partnership, SharingLeg, SharingRequest
from promotions.services import chain, jobs, sharing_stops
from promotions.systems.sharing import kinds
from tests.factories_sharing import PARTNER_ID, PartnershipFactory, TransferFactory
from tests.unit.promotions.sharing_people import OTHER_ID, Sides, sides, states

__all__ = ["sides"]


def over(job: Job, state: JobState = JobState.SUCCEEDED, problem: str = "") -> None:
    """As a worker ends it."""
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, submit_count=1, lease_token="held")
    job.refresh_from_db()
    assert end(job, Ending(state=state, problem=problem))


# Nothing hangs


@pytest.mark.parametrize("status", ["CANCELLED", "REJECTED", "APPROVED"])
def test_what_the_partner_has_decided_before_it_was_read_goes_on(sides: Sides, status: str) -> None:
    request = sides.agreed()
    job = Job.objects.get()
    partnership = PartnershipFactory(organization=sides.acme, outgoing=True, status=status)
    SharingLeg.objects.update(partnership=partnership)

    over(job)

    assert states(request) != [LegState.ASKING]


def test_a_partnership_that_names_no_partner_is_the_one_that_was_asked_for(sides: Sides) -> None:
    request = sides.agreed()
    partnership = PartnershipFactory(organization=sides.acme, outgoing=True, partner_id="")
    SharingLeg.objects.update(partnership=partnership)

    over(Job.objects.get())

    assert states(request) == [LegState.WAITING_PARTNER]


def test_a_partnership_that_vanishes_is_waited_for_no_longer(sides: Sides) -> None:
    partnership = PartnershipFactory(organization=sides.acme, outgoing=True)
    request = sides.agreed()
    Partnership.objects.filter(pk=partnership.pk).update(vanished_at=timezone.now())

    chain.advance_all()

    request.refresh_from_db()
    assert (request.state, states(request)) == (SharingState.FAILED, [LegState.FAILED])
    assert request.problem == "The platform no longer lists the request of a partnership with Globex."


def test_what_we_rejected_ourselves_is_not_said_of_the_partner(sides: Sides) -> None:
    request = sides.ask()
    partnership = PartnershipFactory(organization=sides.acme)
    sides.agree(request)
    Partnership.objects.filter(pk=partnership.pk).update(status=PartnershipStatus.REJECTED)

    chain.advance_all()

    request.refresh_from_db()
    assert request.problem == "Acme rejected what Globex asked for."


@pytest.mark.parametrize("end_by", ["failed", "closed", "cancelled"])
def test_a_transfer_that_ends_badly_ends_its_leg(sides: Sides, end_by: str) -> None:
    PartnershipFactory(organization=sides.acme, approved=True)
    request = sides.agreed()
    job = Job.objects.get()

    if end_by == "failed":
        over(job, JobState.FAILED, "It broke.")
    elif end_by == "cancelled":
        jobs.cancel(job=job, actor=sides.approver)
    else:
        Job.objects.update(state=JobState.NEEDS_ATTENTION, submit_count=1)
        jobs.close(job=job, actor=sides.approver, reason="Gone.")

    request.refresh_from_db()
    assert (request.state, states(request)) == (SharingState.FAILED, [LegState.FAILED])
    assert request.problem


def test_one_request_that_breaks_keeps_no_other_from_going_on(sides: Sides, caplog: pytest.LogCaptureFixture) -> None:
    broken, sound = sides.agreed(), sides.agreed(OTHER_ID)
    Job.objects.update(state=JobState.FAILED, problem="No.")
    SharingRequest.objects.filter(pk=broken.pk).update(kind="unknown")

    chain.advance_all()

    assert states(sound) == [LegState.FAILED]
    assert f"sharing request {broken.pk} could not go on" in caplog.text


def test_a_job_ends_whatever_becomes_of_what_waits_for_it(sides: Sides, caplog: pytest.LogCaptureFixture) -> None:
    request = sides.agreed()
    SharingRequest.objects.filter(pk=request.pk).update(kind="unknown")

    over(Job.objects.get(), JobState.FAILED, "No.")

    assert Job.objects.get().state == JobState.FAILED
    assert "could not go on" in caplog.text


def test_the_clock_reads_nothing_of_those_that_wait(
    sides: Sides, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    PartnershipFactory(organization=sides.acme, outgoing=True)
    first = sides.agreed()
    for _ in range(20):
        request = SharingRequest.objects.create(
            kind="share", organization=sides.acme, package=sides.package, created_by=sides.operator, state="under_way"
        )
        SharingLeg.objects.create(
            request=request,
            partner_id=PARTNER_ID,
            state=LegState.WAITING_PARTNER,
            partnership=first.legs.get().partnership,
        )

    with django_assert_num_queries(1):
        chain.advance_all()


def test_a_transfer_that_is_seen_meanwhile_stays_named(sides: Sides) -> None:
    PartnershipFactory(organization=sides.acme, approved=True)
    request = sides.agreed()
    leg = request.legs.select_related("sending_job", "partnership").get()
    transfer = TransferFactory(package=sides.package)
    SharingLeg.objects.filter(pk=leg.pk).update(transfer=transfer)

    chain._move(leg, LegState.DONE)

    assert request.legs.get().transfer == transfer


# People are told once, and the truth


def told(request: SharingRequest) -> list[str]:
    return list(Notice.objects.filter(person=request.created_by).order_by("pk").values_list("text", flat=True))


def test_an_end_is_told_once(sides: Sides) -> None:
    PartnershipFactory(organization=sides.acme, approved=True)
    request = sides.agreed()
    Notice.objects.all().delete()

    over(Job.objects.get())

    assert told(request) == ["sharing of “Loyalty” with Globex: done"]


def test_a_job_that_needs_a_person_tells_whoever_asked(sides: Sides) -> None:
    request = sides.agreed()
    Notice.objects.all().delete()

    over(Job.objects.get(), JobState.NEEDS_ATTENTION, "What became of it is not known.")

    assert [text for text in told(request) if "needs your attention" in text]


def test_whoever_asked_and_whoever_agreed_are_told_who_stopped_it(sides: Sides) -> None:
    PartnershipFactory(organization=sides.acme, approved=True)
    request = sides.agreed()
    Notice.objects.all().delete()
    admin = sides.approver.__class__.objects.create_superuser(email="root@example.com", full_name="Rita Root")

    sharing_stops.stop(request=request, actor=admin, reason="Legal says no.")

    notices = Notice.objects.exclude(person=admin)
    assert {notice.person for notice in notices} == {sides.operator, sides.approver}
    assert {(notice.text, notice.detail) for notice in notices} == {
        ("Rita Root stopped the sharing of “Loyalty” with Globex", "Legal says no.")
    }


def test_stopping_neither_says_that_it_failed_nor_begins_another_leg(sides: Sides) -> None:
    PartnershipFactory(organization=sides.acme, approved=True)
    jobs.queue(
        kind=kinds.ASK,
        title="Other",
        organization=sides.acme,
        actor=sides.operator,
        scope=f"partner:{sides.acme.pk}:{OTHER_ID}",
        params={"partner_id": OTHER_ID},
    )
    holder = Job.objects.get()
    request = sides.agreed(PARTNER_ID, OTHER_ID)
    assert states(request) == [LegState.SENDING, LegState.WAITING]
    Job.objects.filter(pk=holder.pk).update(state=JobState.SUCCEEDED)
    Notice.objects.all().delete()

    sharing_stops.stop(request=request, actor=sides.operator, reason="Not now.")

    request.refresh_from_db()
    assert (request.state, states(request)) == (SharingState.STOPPED, [LegState.STOPPED, LegState.STOPPED])
    assert Job.objects.exclude(pk=holder.pk).get().state == JobState.CANCELLED
    assert not told(request)


def test_many_partners_make_a_title_that_can_be_read(sides: Sides) -> None:
    ids = [f"F{number:023X}@AdobeOrg" for number in range(50)]

    request = sides.ask(*ids)

    assert request.title == f"sharing of “Loyalty” with {', '.join(ids[:4])} and 46 others"
    assert request.title_for(ids[9]) == f"sharing of “Loyalty” with {ids[9]}"
