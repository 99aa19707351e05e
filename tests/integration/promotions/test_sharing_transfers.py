"""Packages on their way to partners, against the emulated platform: each is sent once, and followed to its end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Notice
from promotions.choices import JobState, LegState, ProblemKind, SharingState
from promotions.engine import claims
from promotions.models import Job, Package, SharingRequest, Transfer
from promotions.services import arrivals, partnership_decisions, sharing, transfers
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds as package_kinds
from promotions.systems.packages.connection import tooling
from promotions.systems.sharing import kinds
from tests.integration.promotions.conftest import known_package, run_due
from tests.integration.promotions.sharing_world import (
    PACKAGE,
    SETTLE,
    SHARE,
    World,
    has_arrived,
    leg_of,
    sending_job,
    texts,
    world,
)

__all__ = ["world"]

pytestmark = pytest.mark.django_db

STUCK = {"after_tasks": 5}


@pytest.fixture
def globex(world: World) -> str:
    return world.globex.organization.remote_id


@pytest.fixture
def shared(world: World, globex: str) -> SharingRequest:
    """Acme has agreed to share a package with Globex, its partner; nothing was sent yet."""
    world.finish(sharing.request_synchronization(organization=world.acme.organization, actor=world.acme.operator))
    return world.acme.share(globex)


def fresh(job: Job) -> Job:
    job.refresh_from_db()
    return job


def sent(request: SharingRequest) -> Transfer:
    """The transfer as its source sees it."""
    return Transfer.objects.get(organization=request.organization, remote_id=sending_job(request).remote_id)


def received(world: World, request: SharingRequest) -> Transfer:
    """The same as its target sees it."""
    return Transfer.objects.get(organization=world.globex.organization, remote_id=sending_job(request).remote_id)


def read_sharing(world: World) -> None:
    """Have Globex read what is shared with it."""
    sharing.request_synchronization(organization=world.globex.organization, actor=world.globex.operator)
    world.round()


def test_a_package_is_sent_once_and_followed_step_by_step(world: World, shared: SharingRequest, globex: str) -> None:
    world.platform.arm("POST", SHARE, "stuck_job", seconds=12)
    job = sending_job(shared)
    run_due()
    world.step(job)
    first = (fresh(job).progress_done, job.progress_total)

    world.step(job, seconds=7)
    world.step(job)
    later = fresh(job).progress_done
    world.finish(job)

    shared.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.problem
    assert (first, job.progress_done) == ((2, 8), 8)
    assert 2 < later < 8
    assert len(world.platform.effects_of("transfer.share", target=globex)) == 1
    assert sent(shared).steps[-1] == "Finished with status: COMPLETED"
    assert sent(shared).package == shared.package
    assert (leg_of(shared).state, leg_of(shared).transfer) == (LegState.DONE, sent(shared))
    assert shared.state == SharingState.DONE


def test_what_was_sent_is_found_among_the_packages_of_the_partner_who_is_told(
    world: World, shared: SharingRequest
) -> None:
    world.finish(sending_job(shared))

    world.until(lambda: has_arrived(world.globex.organization))

    transfer = received(world, shared)
    assert transfer.has_arrived
    assert transfer.package is not None
    assert (transfer.package.name, transfer.package.organization) == (PACKAGE, world.globex.organization)
    assert transfer.package.remote_id != transfer.package_remote_id
    notice = Notice.objects.get(kind="package_arrived", person=world.globex.operator)
    assert notice.text == f"“{PACKAGE}” from Acme has arrived in Globex"
    assert notice.url.endswith(f"/packages/{transfer.package_id}/plan/")
    assert AuditEvent.objects.filter(verb=Verb.PACKAGE_ARRIVED).count() == 2  # the partners' own records
    told = AuditEvent.objects.filter(verb__in=[Verb.PACKAGE_SENT, Verb.SHARING_ENDED], subject_text__contains=PACKAGE)
    acme, globex = world.acme.organization.pk, world.globex.organization.pk
    assert list(told.order_by("sequence").values_list("organization_id", "subject_text")) == [
        (acme, f"“{PACKAGE}” to Globex"),
        (globex, f"“{PACKAGE}” to Globex, for Acme"),
        (acme, f"sending “{PACKAGE}” to Globex (succeeded)"),
        (globex, f"sending “{PACKAGE}” to Globex (succeeded), for Acme"),
    ]
    assert arrivals.words(transfer) == ""


def test_a_package_that_keeps_its_id_on_the_way_is_found_by_it(world: World, shared: SharingRequest) -> None:
    world.platform.switch(arrived_package_keeps_id=True)
    world.finish(sending_job(shared))

    world.until(lambda: has_arrived(world.globex.organization))

    transfer = received(world, shared)
    assert transfer.package is not None
    assert transfer.package.remote_id == transfer.package_remote_id


def test_a_package_that_never_arrives_stays_unknown_and_says_so(world: World, shared: SharingRequest) -> None:
    world.platform.arm("POST", SHARE, "hidden_error")
    job = world.finish(sending_job(shared))
    for _ in range(6):
        world.round(seconds=1)

    transfer = received(world, shared)
    assert job.state == JobState.SUCCEEDED
    assert (transfer.is_completed, transfer.has_arrived) == (True, False)
    assert arrivals.words(transfer) == ("The platform says completed; the package is looked for among those of Globex.")
    Transfer.objects.filter(pk=transfer.pk).update(over_seen_at=timezone.now() - timedelta(hours=1))
    transfer.refresh_from_db()
    assert arrivals.words(transfer) == "The platform says completed; no such package is listed in Globex."
    assert not Notice.objects.filter(kind="package_arrived").exists()


@pytest.mark.parametrize("fault", ["reset", "truncated", "unnamed_job"])
def test_a_transfer_whose_answer_was_lost_is_found_and_not_sent_again(
    world: World, shared: SharingRequest, fault: str
) -> None:
    when = {} if fault == "unnamed_job" else {"when": "after"}
    world.platform.arm("POST", SHARE, fault, count=1, **when)

    run_due()
    assert fresh(sending_job(shared)).state == JobState.SUBMITTING
    run_due(later=SETTLE)
    job = world.finish(sending_job(shared))

    assert job.state == JobState.SUCCEEDED, texts(job)
    assert (job.submit_count, world.platform.effects("transfer.share")) == (1, 1)


def test_a_transfer_that_never_arrived_at_the_platform_is_sent_again(world: World, shared: SharingRequest) -> None:
    world.platform.arm("POST", SHARE, "reset", when="before", count=1)

    run_due()
    run_due(later=SETTLE)
    run_due(later=SETTLE)
    job = world.finish(sending_job(shared))

    assert job.state == JobState.SUCCEEDED, texts(job)
    assert (job.submit_count, world.platform.effects("transfer.share")) == (2, 1)


def test_where_two_transfers_may_be_ours_a_person_is_asked_and_names_one(world: World, shared: SharingRequest) -> None:
    world.platform.arm("POST", SHARE, "reset", when="after", count=1)
    run_due()
    world.platform.control("transfers", source="Acme", package=PACKAGE, target="Globex")

    run_due(later=SETTLE)

    job = fresh(sending_job(shared))
    assert (job.state, job.problem_kind) == (JobState.NEEDS_ATTENTION, ProblemKind.OUTCOME_UNKNOWN)
    assert job.problem.startswith("Several transfers at the platform fit this one.")
    assert len(job.result["candidates"]) == 2


def test_only_what_was_agreed_to_is_sent(world: World, shared: SharingRequest) -> None:
    package = shared.package
    assert package is not None
    with tooling(world.acme.organization) as client:
        client.make_public(package.remote_id)

    job = world.finish(sending_job(shared))

    assert (job.state, job.problem_kind, job.submit_count) == (JobState.CANCELLED, ProblemKind.PLAN_CHANGED, 0)
    assert f"“{PACKAGE}” was changed at the platform since" in job.problem
    assert leg_of(shared).state == LegState.FAILED
    assert world.platform.effects("transfer.share") == 0


def test_nothing_is_sent_to_who_is_no_partner_any_more(world: World, shared: SharingRequest, globex: str) -> None:
    world.platform.forget("handshakes")

    job = world.finish(sending_job(shared))

    assert (job.state, job.submit_count) == (JobState.CANCELLED, 0)
    assert f"There is no approved partnership with {globex} any more." in job.problem


def test_a_failed_transfer_says_how_far_it_came_and_may_be_asked_for_again(
    world: World, shared: SharingRequest, globex: str
) -> None:
    world.platform.arm("POST", SHARE, "job_failure", count=1)
    job = world.finish(sending_job(shared))
    failed = sent(shared)

    again = sharing.request_share(
        package=failed.package or Package(), partner_ids=[globex], actor=world.acme.operator, again_of=failed
    )
    world.finish(sending_job(world.acme.agree(again)))

    assert (job.state, job.problem_kind) == (JobState.FAILED, ProblemKind.REMOTE_FAILURE)
    assert "“Fetched Sandbox Id”. It says: “Finished with status: FAILED”." in job.problem
    assert leg_of(shared).state == LegState.FAILED
    assert (sent(again).again_of, leg_of(again).state) == (failed, LegState.DONE)


def test_a_transfer_that_is_stuck_is_followed_on_and_told_of_once(world: World, shared: SharingRequest) -> None:
    world.platform.arm("POST", SHARE, "stuck_job", **STUCK)
    job = sending_job(shared)
    for _ in range(5):
        world.round(seconds=20)
    Transfer.objects.filter(pk=sent(shared).pk).update(remote_created_at=timezone.now() - timedelta(hours=30))

    for _ in range(2):
        transfers.note_slow()

    assert (fresh(job).state, job.deadline_at, job.remote_status) == (JobState.RUNNING, None, "IN_PROGRESS")
    notice = Notice.objects.get(key=f"transfer:{sent(shared).pk}:slow", person=world.acme.operator)
    assert notice.text == f"The transfer of “{PACKAGE}” to Globex takes longer than usual"
    assert transfers.slowness(sent(shared)).startswith("It has been under way for 30 hours")


def test_an_unknown_status_is_shown_and_followed_to_its_end(world: World, shared: SharingRequest) -> None:
    world.platform.arm("POST", SHARE, "unknown_status", value="QUARANTINED")
    job = sending_job(shared)
    for _ in range(3):
        world.round(seconds=30)
    assert (fresh(job).state, job.remote_status, sent(shared).status_label) == (
        JobState.RUNNING,
        "QUARANTINED",
        "QUARANTINED",
    )

    world.platform.control("transfers", id=job.remote_id, status="COMPLETED")

    assert world.finish(job).state == JobState.SUCCEEDED


def test_a_transfer_that_is_shown_late_is_waited_for(world: World, shared: SharingRequest) -> None:
    world.platform.arm("POST", SHARE, "unlisted_job", seconds=40, count=1)

    job = world.finish(sending_job(shared))

    assert job.state == JobState.SUCCEEDED, texts(job)
    assert "Could not look at it" in texts(job)


def test_where_no_single_transfers_are_shown_the_list_tells(world: World, shared: SharingRequest) -> None:
    world.platform.arm("GET", "^/data/foundation/exim/transfer/[0-9a-f]+$", "status", status=405, probability=1)

    job = world.finish(sending_job(shared))

    assert job.state == JobState.SUCCEEDED, texts(job)
    assert sent(shared).completed_at is not None


def test_a_transfer_outlives_the_worker_that_followed_it(world: World, shared: SharingRequest) -> None:
    job = sending_job(shared)
    run_due()
    Job.objects.filter(pk=job.pk).update(due_at=timezone.now())
    assert [claim.job_id for claim in claims.claim_due() if claim.job_id == job.pk] == [job.pk]  # and then it died

    claims.release_all()
    world.finish(job)

    assert job.state == JobState.SUCCEEDED
    assert world.platform.effects("transfer.share") == 1


def test_transfers_that_run_are_looked_at_by_one_list(world: World, shared: SharingRequest) -> None:
    world.platform.arm("POST", SHARE, "stuck_job", **STUCK)
    job = sending_job(shared)
    for _ in range(4):
        world.round(seconds=20)
    world.step(job)
    world.platform.forget_requests()

    world.step(job)

    paths = [row["path"].rpartition("/exim")[2] for row in world.platform.requests()]
    assert "/transfer/list" in paths
    assert f"/transfer/{fresh(job).remote_id}" not in paths


def test_a_partner_without_a_partnership_is_asked_first_and_one_consent_covers_both(world: World, globex: str) -> None:
    world.begin_without_partners()
    request = world.acme.share(globex)
    world.until(lambda: leg_of(request).state == LegState.WAITING_PARTNER)
    world.until(lambda: world.globex.organization.partnerships.exists())

    incoming = world.globex.organization.partnerships.get()
    partnership_decisions.decide_partnership(
        partnership=incoming, is_approved=True, reason="Welcome", actor=world.globex.approver
    )
    world.until(lambda: leg_of(request).state == LegState.DONE)
    world.until(lambda: has_arrived(world.globex.organization))

    assert received(world, request).has_arrived
    assert Job.objects.filter(organization=world.acme.organization, kind=kinds.TRANSFER).count() == 1
    assert Job.objects.filter(kind=package_kinds.SYNCHRONIZE, is_quiet=True).exists()


def test_what_a_partner_shares_by_itself_arrives_too(world: World) -> None:
    world.platform.control("transfers", source="Acme", package="Returns schema for production", target="Globex")
    known_package(world.globex.organization, "Shared trade schema")
    world.platform.advance(100)

    read_sharing(world)
    world.until(lambda: has_arrived(world.globex.organization, "Returns schema for production"), rounds=10)

    notice = Notice.objects.get(kind="package_arrived", person=world.globex.operator)
    assert "Returns schema for production" in notice.text
