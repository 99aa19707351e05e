"""Imports of journeys that are refused, or that must not be sent: nothing is made, and the plan says what to do."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import stored_values, usage
from clients.effects import Effect, effect_of_request
from promotions.choices import Decision, ItemInput, JobState, PlanState, ProblemKind
from promotions.models import Job, Plan, RemoteDocument, SealedValue
from promotions.services import decisions, documents, plans, runs, sealed_values
from promotions.services.decisions import Verdict
from promotions.services.errors import NotReadyError
from promotions.systems.journeys import filling, importing
from tests.factories import MembershipFactory, UserFactory
from tests.integration.promotions.conftest import run_due
from tests.integration.promotions.journeys_world import IMPORT, SECRET, World, fresh, texts, world

__all__ = ["world"]

# The same on every database: the engine's own tests run on both.
pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]

REFUSAL = {
    "status": 400,
    "error": {"code": 1326, "message": f"can't import journey version: step Notify is not valid, see {SECRET}"},
    "requestId": "pxSRgsBzUKYc",
}


def nothing_was_sent(world: World, job: Job) -> Plan:
    """The open plan that says what to do."""
    assert job.state == JobState.CANCELLED, texts(job)
    assert job.problem.startswith("Nothing was sent")
    assert world.sent() == 0
    assert job.promotion is not None
    plan = job.promotion.current_plan
    assert plan.state == PlanState.OPEN
    assert plan.revision == 2
    assert plan.changes
    return plan


def secret_of(plan: Plan) -> Decision:
    return Decision(plan.items.get(input=ItemInput.SECRET).decision)


def test_planning_writes_nothing(world: World) -> None:
    world.platform.forget_requests()

    plan = world.fill(world.plan())

    calls = [(row["method"], row["path"]) for row in world.platform.requests()]
    assert ("GET", f"/authoring/journeyVersions/{plan.promotion.pick['version_uid']}/export") in calls
    assert {effect_of_request(*call) for call in calls} == {Effect.READ}


def test_a_refusal_has_made_nothing_and_the_same_plan_can_be_put_right_and_run(world: World) -> None:
    plan = world.fill(world.plan())
    world.platform.arm("POST", IMPORT, "status", status=400, body=REFUSAL, count=1)

    job = world.run(plan)

    assert (job.state, job.problem_kind) == (JobState.FAILED, ProblemKind.REJECTED), texts(job)
    assert "step Notify is not valid" in job.problem
    assert "finds fault with something else" in job.problem
    assert "plan is open again with all that was filled in" in world.words(job)
    assert (world.imports(), world.sent()) == (0, 1)
    newer = plan.promotion.current_plan
    assert (newer.state, newer.revision, secret_of(newer)) == (PlanState.OPEN, 2, Decision.FILL)
    assert "step Notify is not valid" in newer.changes[0]
    assert world.run(newer).state == JobState.SUCCEEDED
    assert world.imports() == 1
    assert not SealedValue.objects.exists()


def test_putting_a_refused_promotion_away_erases_what_was_typed(world: World) -> None:
    plan = world.fill(world.plan())
    world.platform.arm("POST", IMPORT, "status", status=400, body=REFUSAL, count=1)
    world.run(plan)
    assert SealedValue.objects.exists()

    plans.abandon(promotion=plan.promotion, actor=world.operator)

    assert not SealedValue.objects.exists()


def test_a_sign_in_page_in_place_of_an_answer_is_no_refusal(world: World) -> None:
    job = world.requested()
    world.platform.arm("POST", IMPORT, "html", status=200, count=1)

    run_due()

    assert fresh(job).state == JobState.SUBMITTING
    assert "Whether it happened is not known" in texts(job)


def test_a_token_that_was_rejected_is_renewed_and_the_import_sent_once(world: World) -> None:
    job = world.requested()
    world.platform.arm("POST", IMPORT, "token_rejected", count=1)

    world.drive(job)

    assert fresh(job).state == JobState.SUCCEEDED, texts(job)
    assert (world.imports(), world.sent()) == (1, 2)


def test_an_internal_error_each_time_asks_a_person_in_the_end(world: World) -> None:
    job = world.requested()
    world.platform.arm("POST", IMPORT, "job_failure", count=9)

    world.drive(job)

    assert fresh(job).state == JobState.NEEDS_ATTENTION, texts(job)
    assert (world.imports(), world.sent()) == (0, 3)


def test_a_version_with_errors_is_not_planned_and_named_by_its_number(world: World) -> None:
    plan = world.plan(world.known("SMS opt-in check"))

    [blocker] = plan.blockers
    assert blocker.startswith("Version 1.0 of “SMS opt-in check” has errors")
    assert "Mend it in the journey designer of dev" in blocker
    with pytest.raises(NotReadyError, match="has errors"):
        runs.request_run(plan=plan, actor=world.operator)


@pytest.mark.parametrize("change", ["broken", "gone", "altered"])
def test_facts_that_changed_reopen_the_plan_and_keep_what_was_typed(world: World, change: str) -> None:
    journey = world.journey()
    job = world.requested(world.fill(world.plan(journey)))
    if change == "broken":
        world.platform.control(f"journeys/{journey.uid}", is_valid=False)
    elif change == "gone":
        world.platform.forget(f"journeys/{journey.uid}")
    else:
        plan = Plan.objects.get()
        plan.facts = {**plan.facts, "target": {**plan.facts["target"], "type": "production"}}
        plan.save(update_fields=["facts"])

    run_due()

    plan = nothing_was_sent(world, fresh(job))
    assert secret_of(plan) == Decision.FILL
    assert SealedValue.objects.exists()
    assert "fill in what is missing" in world.words(job)


@pytest.mark.parametrize("change", ["replaced", "removed"])
def test_a_stored_value_that_changed_has_to_be_chosen_again(world: World, change: str) -> None:
    admin = MembershipFactory(user=UserFactory(), organization=world.acme, role="admin").user
    stored = stored_values.add(organization=world.acme, name="SMS key", value=SECRET, actor=admin)
    plan = world.plan()
    secret = plan.items.get(input=ItemInput.SECRET)
    verdict = Verdict(secret.pk, Decision.REUSE, secret.choices[0]["target"]["id"])
    decisions.decide(plan=plan, verdicts=[verdict], actor=world.operator)
    job = world.requested(world.fill(plan))
    if change == "replaced":
        stored_values.set_value(stored=stored, value=f"{SECRET} 2", confirmed_name="SMS key", actor=admin)
    else:
        type(stored).objects.filter(pk=stored.pk).update(sealed="", digest="", deleted_at=timezone.now())

    run_due()

    plan = nothing_was_sent(world, fresh(job))
    assert secret_of(plan) == Decision.UNDECIDED
    assert "“SMS key”" in " ".join(plan.changes)


def test_a_stored_value_is_sent_and_found_nowhere_else(world: World) -> None:
    admin = MembershipFactory(user=UserFactory(), organization=world.acme, role="admin").user
    stored = stored_values.add(organization=world.acme, name="SMS key", value=SECRET, actor=admin)
    plan = world.plan()
    secret = plan.items.get(input=ItemInput.SECRET)
    verdict = Verdict(secret.pk, Decision.REUSE, secret.choices[0]["target"]["id"])
    decisions.decide(plan=plan, verdicts=[verdict], actor=world.operator)
    assert [use.is_blocking for use in usage.of_value(stored)] == [True]

    job = world.run(world.fill(plan))

    assert job.state == JobState.SUCCEEDED, job.problem
    [effect] = world.platform.effects_of("journeys.import")
    assert len(effect["secrets"]) == 1
    # Whoever replaces it learns which copies hold the old one.
    [use] = usage.of_value(stored)
    assert (use.is_blocking, use.url) == (False, f"/jobs/{job.pk}/")


def test_a_typed_secret_that_was_erased_by_its_age_has_to_be_typed_again(world: World) -> None:
    plan = world.fill(world.plan())
    frozen = Plan.objects.get(pk=plan.pk)
    frozen.state = PlanState.READY  # as while somebody else thinks about it
    frozen.save(update_fields=["state"])
    SealedValue.objects.update(typed_at=timezone.now() - timedelta(days=91))
    sealed_values.forget_old()
    Plan.objects.update(state=PlanState.OPEN)

    job = world.requested(plan)
    run_due()

    plan = nothing_was_sent(world, fresh(job))
    assert secret_of(plan) == Decision.UNDECIDED
    assert "Type it again" in " ".join(plan.changes)


def test_a_secret_that_is_left_in_the_document_opens_the_plan_again(world: World) -> None:
    plan = world.fill(world.plan())
    plan.items.filter(input=ItemInput.SECRET).delete()

    job = world.requested(plan)
    run_due()

    nothing_was_sent(world, fresh(job))
    assert "A secret is not filled in: custom action addedAction1" in job.problem


def test_what_is_lost_at_the_last_moment_is_not_sent_and_the_plan_opens_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = world.requested()

    def checked(plan: Plan, marker: str) -> None:
        filling.check(plan, marker)
        SealedValue.objects.all().delete()

    monkeypatch.setattr(importing, "check", checked)
    run_due()
    assert (fresh(job).state, job.submit_count) == (JobState.QUEUED, 0), texts(job)
    world.drive(job)

    assert secret_of(nothing_was_sent(world, fresh(job))) == Decision.UNDECIDED


def test_an_export_whose_key_was_lost_is_not_sent_and_can_be_read_again(world: World) -> None:
    job = world.requested()
    RemoteDocument.objects.update(sealed="gAAAAAnothing")

    run_due()

    plan = nothing_was_sent(world, fresh(job))
    plans.refresh(plan=plan, actor=world.operator)
    plan = world.gathered(plan)
    assert plan.document is not None
    assert documents.content_of(plan.document)
    assert secret_of(plan) == Decision.FILL
