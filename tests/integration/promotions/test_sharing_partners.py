"""Asking for partnerships and deciding on them, against the emulated platform."""

import pytest

from accounts.choices import Role
from accounts.models import AuditEvent, Membership
from promotions.choices import Direction, JobState, LegState, ProblemKind, SharingState
from promotions.models import Job, Partnership, SharingRequest
from promotions.services import partnership_decisions, sharing
from promotions.services.verbs import Verb
from promotions.systems.sharing import kinds
from promotions.systems.sharing.connection import sharing as sharing_client
from tests.integration.promotions.conftest import run_due
from tests.integration.promotions.sharing_world import (
    ACTION,
    ASK,
    SETTLE,
    World,
    asking_job,
    id_of,
    leg_of,
    partnership,
    texts,
    world,
)

__all__ = ["world"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_partners(world: World) -> None:
    world.begin_without_partners()


@pytest.fixture
def globex(world: World) -> str:
    return world.globex.organization.remote_id


@pytest.fixture
def asked(world: World, globex: str) -> SharingRequest:
    """Acme has agreed to ask Globex; nothing was sent yet."""
    return world.acme.ask(globex)


def fresh(job: Job) -> Job:
    job.refresh_from_db()
    return job


# Asking


def test_a_partner_is_asked_once_and_the_request_waits_for_it(world: World, asked: SharingRequest, globex: str) -> None:
    job = world.finish(asking_job(asked))

    held = partnership(world.acme.organization, globex)
    assert job.state == JobState.SUCCEEDED, job.problem
    assert len(world.platform.effects_of("handshake.request", target=globex)) == 1
    assert (held.remote_id, held.is_pending, held.is_incoming) == (job.remote_id, True, False)
    assert (leg_of(asked).state, leg_of(asked).partnership) == (LegState.WAITING_PARTNER, held)


def test_the_partner_that_lives_here_sees_the_request_at_once(world: World, asked: SharingRequest, globex: str) -> None:
    world.finish(asking_job(asked))

    world.round()

    seen = partnership(world.globex.organization, world.acme.organization.remote_id)
    assert (seen.is_incoming, seen.is_pending, seen.partner_name) == (True, True, "Acme")
    recorded = AuditEvent.objects.filter(verb=Verb.PARTNERSHIP_ASKED)
    assert {line.organization_id: line.subject_text for line in recorded} == {
        world.acme.organization.pk: "Globex",
        world.globex.organization.pk: "Globex, for Acme",
    }


def test_what_the_platform_refuses_fails_in_its_own_words(world: World, asked: SharingRequest) -> None:
    world.platform.arm("POST", ASK, "partial_failure", body={"reason": "This organization shares with nobody"})

    job = world.finish(asking_job(asked))

    asked.refresh_from_db()
    assert (job.state, job.problem_kind) == (JobState.FAILED, ProblemKind.REJECTED)
    assert "This organization shares with nobody" in job.problem
    assert world.platform.effects("handshake.request") == 0
    assert (leg_of(asked).state, asked.state) == (LegState.FAILED, SharingState.FAILED)


def test_of_two_that_are_asked_one_may_fail_by_itself(world: World, globex: str) -> None:
    nobody = "000000000000000000000000@AdobeOrg"
    request = world.acme.ask(globex, nobody)

    world.until(lambda: not Job.objects.filter(kind=kinds.ASK, finished_at=None).exists())

    states = dict(request.legs.values_list("partner_id", "state"))
    assert states == {globex: LegState.WAITING_PARTNER, nobody: LegState.FAILED}
    assert len(world.platform.effects_of("handshake.request")) == 1


@pytest.mark.parametrize("fault", ["reset", "truncated", "html", "unnamed_job"])
def test_a_request_whose_answer_was_lost_is_found_and_not_sent_again(
    world: World, asked: SharingRequest, fault: str
) -> None:
    when = {} if fault == "unnamed_job" else {"when": "after"}
    world.platform.arm("POST", ASK, fault, count=1, **when)

    run_due()
    assert fresh(asking_job(asked)).state == JobState.SUBMITTING
    run_due(later=SETTLE)
    job = world.finish(asking_job(asked))

    assert job.state == JobState.SUCCEEDED, texts(job)
    assert world.platform.effects("handshake.request") == 1
    assert leg_of(asked).state == LegState.WAITING_PARTNER


def test_a_request_that_never_arrived_is_sent_again_after_two_empty_looks(world: World, asked: SharingRequest) -> None:
    world.platform.arm("POST", ASK, "reset", when="before", count=1)

    run_due()
    run_due(later=SETTLE)
    assert world.platform.effects("handshake.request") == 0
    run_due(later=SETTLE)
    job = world.finish(asking_job(asked))

    assert (job.state, job.submit_count) == (JobState.SUCCEEDED, 2)
    assert world.platform.effects("handshake.request") == 1


def test_where_two_requests_may_be_ours_a_person_is_asked(world: World, asked: SharingRequest, globex: str) -> None:
    world.platform.arm("POST", ASK, "reset", when="after", count=1)
    run_due()
    world.platform.control("handshakes", source="Acme", target="Globex")

    run_due(later=SETTLE)

    job = fresh(asking_job(asked))
    assert (job.state, job.problem_kind) == (JobState.NEEDS_ATTENTION, ProblemKind.OUTCOME_UNKNOWN)
    assert job.problem.startswith("Several partnerships at the platform fit this one.")
    assert len(job.result["candidates"]) == 2
    assert leg_of(asked).state == LegState.ASKING


def test_a_request_that_the_list_does_not_show_yet_is_waited_for(world: World, asked: SharingRequest) -> None:
    world.platform.arm("POST", ASK, "unlisted_job", seconds=30)

    run_due()
    job = world.step(asking_job(asked))
    assert (job.state, job.remote_id != "") == (JobState.RUNNING, True)
    world.platform.advance(60)

    assert world.finish(job).state == JobState.SUCCEEDED


@pytest.mark.parametrize(
    ("source", "target", "status", "words", "leg_state"),
    [
        ("Globex", "Acme", "APPROVED", "Globex is a partner already.", LegState.DONE),
        ("Acme", "Globex", "APPROVED", "Globex is a partner already.", LegState.DONE),
        ("Acme", "Globex", "APPROVAL_PENDING", "has been asked already", LegState.WAITING_PARTNER),
        ("Globex", "Acme", "APPROVAL_PENDING", "Globex has asked Acme for a partnership.", LegState.WAITING_PARTNER),
    ],
)
def test_nobody_is_asked_who_is_a_partner_or_was_asked_meanwhile(
    world: World, asked: SharingRequest, source: str, target: str, status: str, words: str, leg_state: LegState
) -> None:
    world.platform.control("handshakes", source=source, target=target, status=status)

    job = world.finish(asking_job(asked))

    assert (job.state, job.problem_kind, job.submit_count) == (JobState.CANCELLED, ProblemKind.PLAN_CHANGED, 0)
    assert words in job.problem
    assert world.platform.effects("handshake.request") == 0
    assert leg_of(asked).state == leg_state


def test_nothing_is_sent_once_the_consent_does_not_hold_any_more(world: World, asked: SharingRequest) -> None:
    Membership.objects.filter(user=world.acme.approver).update(role=Role.VIEWER)

    job = world.finish(asking_job(asked))

    assert (job.state, job.problem_kind) == (JobState.CANCELLED, ProblemKind.NOT_APPROVED)
    assert world.platform.effects("handshake.request") == 0


def test_a_partner_that_rejects_by_itself_ends_the_request_with_its_reason(world: World) -> None:
    initech = id_of(world, "Initech")
    world.platform.control("partners", ims_org_id="Initech", manner="rejects", after_s=0)
    request = world.acme.ask(initech)

    world.finish(asking_job(request))
    world.platform.advance(5)
    sharing.request_synchronization(organization=world.acme.organization, actor=world.acme.operator)
    world.until(lambda: leg_of(request).state == LegState.REFUSED)

    assert "We do not share packages this quarter" in leg_of(request).problem


# Deciding


@pytest.fixture
def incoming(world: World, asked: SharingRequest) -> Partnership:
    """What Globex sees of Acme's request."""
    world.finish(asking_job(asked))
    world.round()
    return partnership(world.globex.organization, world.acme.organization.remote_id)


def decide(world: World, incoming: Partnership, *, is_approved: bool = True, reason: str = "Joint programme") -> Job:
    return partnership_decisions.decide_partnership(
        partnership=incoming, is_approved=is_approved, reason=reason, actor=world.globex.approver
    )


def test_an_approval_reaches_the_platform_and_the_chain_of_the_partner_goes_on(
    world: World, asked: SharingRequest, incoming: Partnership
) -> None:
    job = world.finish(decide(world, incoming))
    world.round()

    asked.refresh_from_db()
    incoming.refresh_from_db()
    assert (job.state, job.remote_id) == (JobState.SUCCEEDED, "")
    assert [one["status"] for one in world.platform.effects_of("handshake.decide")] == ["APPROVED"]
    assert incoming.is_approved
    assert incoming.history[-1]["reason"] == "Joint programme"
    assert partnership(world.acme.organization, world.globex.organization.remote_id).is_approved
    assert (leg_of(asked).state, asked.state) == (LegState.DONE, SharingState.DONE)
    quiet = Job.objects.filter(organization=world.acme.organization, kind=kinds.SYNCHRONIZE, is_quiet=True)
    assert quiet.exists()


def test_a_rejection_ends_the_request_of_the_partner_with_the_reason(
    world: World, asked: SharingRequest, incoming: Partnership
) -> None:
    job = world.finish(decide(world, incoming, is_approved=False, reason="Not before the audit"))
    world.round()

    asked.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    assert (leg_of(asked).state, asked.state) == (LegState.REFUSED, SharingState.FAILED)
    assert "Not before the audit" in leg_of(asked).problem


def test_name_and_region_of_ours_go_along_and_the_sandboxes_know_the_region(
    world: World, incoming: Partnership
) -> None:
    world.finish(decide(world, incoming))

    sent = next(row for row in world.platform.requests() if row["path"].endswith("/handshake/action"))
    region = world.globex.organization.sandboxes.exclude(region="").values_list("region", flat=True).first()
    assert region is not None
    assert sent["body"]["targetIMSOrgDetails"] == {
        "id": world.globex.organization.remote_id,
        "name": "Globex",
        "region": region.lower(),
    }


def test_without_a_region_nothing_is_sent_and_the_next_step_is_named(world: World, incoming: Partnership) -> None:
    world.globex.organization.sandboxes.update(region="")

    job = world.finish(decide(world, incoming))

    assert (job.state, job.submit_count) == (JobState.CANCELLED, 0)
    assert "An admin of the organization can enter it under Settings" in job.problem


def test_a_decision_taken_elsewhere_meanwhile_stands_and_ours_is_not_sent(world: World, incoming: Partnership) -> None:
    job = decide(world, incoming)
    elsewhere(world, incoming, is_approved=False, reason="Nobody here knows them")

    world.finish(job)

    incoming.refresh_from_db()
    assert (job.state, job.problem_kind, job.submit_count) == (JobState.CANCELLED, ProblemKind.PLAN_CHANGED, 0)
    assert "was rejected at the platform" in job.problem
    assert "Nobody here knows them" in job.problem
    assert incoming.is_rejected


@pytest.mark.parametrize("fault", ["reset", "html"])
def test_a_decision_whose_answer_was_lost_is_seen_in_the_partnership(
    world: World, incoming: Partnership, fault: str
) -> None:
    job = decide(world, incoming)
    world.platform.arm("POST", ACTION, fault, when="after", count=1)

    run_due()
    run_due(later=SETTLE)

    assert world.finish(job).state == JobState.SUCCEEDED, texts(job)
    assert world.platform.effects("handshake.decide") == 1
    assert job.submit_count == 1


def test_a_decision_that_never_arrived_is_sent_again(world: World, incoming: Partnership) -> None:
    job = decide(world, incoming)
    world.platform.arm("POST", ACTION, "reset", when="before", count=1)

    run_due()
    run_due(later=SETTLE)
    run_due(later=SETTLE)

    assert world.finish(job).state == JobState.SUCCEEDED, texts(job)
    assert (job.submit_count, world.platform.effects("handshake.decide")) == (2, 1)


def test_a_decision_that_turned_out_otherwise_fails_and_says_so(world: World, incoming: Partnership) -> None:
    job = decide(world, incoming)
    world.platform.arm("POST", ACTION, "reset", when="before", count=1)
    run_due()
    elsewhere(world, incoming, is_approved=False, reason="Not this year")

    run_due(later=SETTLE)

    assert world.finish(job).state == JobState.FAILED
    assert job.problem.startswith("The request of Acme was rejected at the platform")
    assert "It was meant to be approved" in job.problem


def test_who_is_no_approver_any_more_decides_nothing(world: World, incoming: Partnership) -> None:
    job = decide(world, incoming)
    Membership.objects.filter(user=world.globex.approver).update(role=Role.OPERATOR)

    world.finish(job)

    assert (job.state, job.submit_count) == (JobState.CANCELLED, 0)
    assert "is no approver of Globex any more" in job.problem


def elsewhere(world: World, incoming: Partnership, *, is_approved: bool, reason: str) -> None:
    """Somebody decides in the platform's own pages."""
    with sharing_client(world.globex.organization) as client:
        client.decide_partnership(
            incoming.linking_id, is_approved=is_approved, reason=reason, name="Globex", region="nld2"
        )


def test_a_job_for_each_side_may_speak_of_one_partnership(world: World, incoming: Partnership) -> None:
    world.finish(decide(world, incoming))

    named = Job.objects.filter(remote_id=incoming.remote_id)
    assert [job.kind for job in named] == [kinds.ASK]
    assert Partnership.objects.filter(remote_id=incoming.remote_id, direction=Direction.OUTGOING).count() == 1
