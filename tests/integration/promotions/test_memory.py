"""What was decided before is offered to the next plan of the same objects and target, and applied only when taken."""

from collections.abc import Callable
from datetime import datetime

import pytest

from accounts.models import AuditEvent, Organization, User
from promotions.choices import Decision, JobState
from promotions.models import Job, PlanItem, Promotion, RememberedDecision
from promotions.services import decisions, jobs, memory, runs
from promotions.services.decisions import Verdict
from promotions.services.errors import RefusedError
from promotions.services.verbs import Verb
from tests.integration.promotions.conftest import Platform, sandbox_of
from tests.integration.promotions.test_running import decide_all

pytestmark = pytest.mark.django_db

Plan = Callable[..., Promotion]
Drive = Callable[[Job], Job]
REUSED, CREATED = "Enrolment channel", "Loyalty activity"


@pytest.fixture
def run(operator: User, drive: Drive) -> Callable[[Promotion], Job]:
    def run_it(promotion: Promotion) -> Job:
        return drive(runs.request_run(plan=promotion.current_plan, actor=operator))

    return run_it


@pytest.fixture
def first_run(planned: Plan, operator: User, run: Callable[[Promotion], Job]) -> Job:
    """Exact ones reused, the rest created, and run to its end."""
    promotion = planned()
    decide_all(promotion, operator)
    job = run(promotion)
    assert job.state == JobState.SUCCEEDED, job.problem
    return job


def item_of(promotion: Promotion, title: str) -> PlanItem:
    return promotion.current_plan.items.get(title=title)


def decide(promotion: Promotion, title: str, decision: Decision, target_id: str = "", *, actor: User) -> None:
    item = item_of(promotion, title)
    decisions.decide(plan=promotion.current_plan, verdicts=[Verdict(item.pk, decision, target_id)], actor=actor)


def remembered(promotion: Promotion, title: str) -> dict[str, object]:
    found: dict[str, object] | None = item_of(promotion, title).remembered
    assert found is not None
    return found


def target_id(promotion: Promotion) -> str:
    """What was used in place of the object that is always reused."""
    target = remembered(promotion, REUSED)["target"]
    assert isinstance(target, dict)
    return str(target["id"])


def test_a_second_plan_offers_what_was_run_with_who_when_and_how_often(
    planned: Plan, operator: User, first_run: Job
) -> None:
    again = planned()

    item = item_of(again, REUSED)
    found = remembered(again, REUSED)
    assert first_run.plan is not None
    before = first_run.plan.items.get(title=REUSED)
    assert found["decision"] == Decision.REUSE
    assert found["target"] == before.target
    assert (found["by"], found["times"]) == (str(operator), 1)
    assert datetime.fromisoformat(str(found["at"])) == before.decided_at
    assert (item.decision, item.decided_by) == (Decision.UNDECIDED, None)


def test_the_same_decision_once_more_counts_twice(
    planned: Plan, operator: User, run: Callable[[Promotion], Job], first_run: Job
) -> None:
    again = planned()
    decisions.take_remembered(plan=again.current_plan, actor=operator)
    decide_all(again, operator)
    run(again)

    third = planned()

    assert remembered(third, REUSED)["times"] == 2


def test_another_decision_replaces_the_former_and_counts_from_one(
    planned: Plan, operator: User, run: Callable[[Promotion], Job], first_run: Job
) -> None:
    again = planned()
    decide(again, REUSED, Decision.CREATE, actor=operator)
    decide_all(again, operator)
    run(again)

    kept = RememberedDecision.objects.get(remote_id=item_of(again, REUSED).remote_id)
    assert (kept.decision, kept.times) == (Decision.CREATE, 1)


def test_a_creation_is_not_offered_again_once_the_target_holds_what_it_made(planned: Plan, first_run: Job) -> None:
    made = first_run.results.get(title=CREATED)

    again = planned()

    item = item_of(again, CREATED)
    assert made.new_id in [choice["target"]["id"] for choice in item.choices if choice["target"]]
    assert item.remembered is None


def test_a_creation_that_made_nothing_is_offered_again(
    platform: Platform, planned: Plan, operator: User, run: Callable[[Promotion], Job]
) -> None:
    platform.arm("POST", "*/packages/import", "partial_failure", artifact="Store visit preferences")
    promotion = planned()
    decide_all(promotion, operator)
    run(promotion)

    again = planned()

    found = remembered(again, "Store visit preferences")
    assert (found["decision"], found["target"], found["times"]) == (Decision.CREATE, None, 1)


def test_a_run_that_was_cancelled_and_queued_again_counts_once(planned: Plan, operator: User) -> None:
    promotion = planned()
    decide_all(promotion, operator)
    job = runs.request_run(plan=promotion.current_plan, actor=operator)
    jobs.cancel(job=job, actor=operator)

    runs.request_run(plan=promotion.current_plan, actor=operator)

    assert set(RememberedDecision.objects.values_list("times", flat=True)) == {1}


def test_a_candidate_that_is_gone_is_not_offered(planned: Plan, acme: Organization, first_run: Job) -> None:
    assert first_run.plan is not None
    ours = first_run.plan.items.get(title=REUSED)
    kept = RememberedDecision.objects.get(target_sandbox=sandbox_of(acme, "stage"), remote_id=ours.remote_id)
    kept.target = {**(kept.target or {}), "id": "an-object-that-was-deleted"}
    kept.save(update_fields=["target"])

    again = planned()

    assert item_of(again, REUSED).remembered is None


def test_another_target_knows_nothing_of_it(planned: Plan, acme: Organization, first_run: Job) -> None:
    elsewhere = planned(sandbox="prod")
    same_objects = [item for item in planned().current_plan.items.all() if item.remembered]
    for item in same_objects:
        item.remembered = None

    memory.remind(sandbox_of(acme, "prod"), same_objects)

    assert len(same_objects) == 6
    assert [item.remembered for item in same_objects] == [None] * 6
    assert not elsewhere.current_plan.items.filter(remembered__isnull=False).exists()


def test_what_is_only_decided_and_never_run_is_not_remembered(planned: Plan, operator: User) -> None:
    decide_all(planned(), operator)

    again = planned()

    assert not again.current_plan.items.filter(remembered__isnull=False).exists()


def test_taking_what_was_decided_is_one_act_that_the_record_tells_apart_and_undo_takes_back(
    planned: Plan, operator: User, first_run: Job
) -> None:
    again = planned()
    decide(again, CREATED, Decision.CREATE, actor=operator)
    plan = again.current_plan

    changed = decisions.take_remembered(plan=plan, actor=operator)

    line = AuditEvent.objects.filter(verb=Verb.ITEMS_DECIDED).latest("pk")
    assert REUSED in {item.title for item in changed}
    assert CREATED not in {item.title for item in changed}
    assert sorted(line.details["remembered"]) == sorted(item.key for item in changed)
    assert decisions.undo(plan=plan, actor=operator)
    assert item_of(again, REUSED).decision == Decision.UNDECIDED
    assert item_of(again, CREATED).decision == Decision.CREATE


def test_switched_off_nothing_is_taken_until_it_is_switched_on(planned: Plan, operator: User, first_run: Job) -> None:
    again = planned()
    memory.offer(promotion=again, is_offered=False, actor=operator)
    item = item_of(again, REUSED)
    verdict = Verdict(item.pk, Decision.REUSE, target_id(again), is_remembered=True)

    assert decisions.remembered(again.current_plan) == []
    with pytest.raises(RefusedError, match="switched off for this promotion"):
        decisions.take_remembered(plan=again.current_plan, actor=operator)
    with pytest.raises(RefusedError, match="switched off for this promotion"):
        decisions.decide(plan=again.current_plan, verdicts=[verdict], actor=operator)

    memory.offer(promotion=again, is_offered=True, actor=operator)
    assert decisions.take_remembered(plan=again.current_plan, actor=operator)


def test_remembering_sends_nothing_to_the_platform(platform: Platform, planned: Plan, first_run: Job) -> None:
    planned()

    assert platform.imports_sent() == 1
