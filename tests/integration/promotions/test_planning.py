"""Planning against the emulator: what it finds out, and that it changes nothing."""

from collections.abc import Callable

import pytest

from accounts.models import User
from clients.effects import Effect, effect_of_request
from promotions.choices import Decision, JobState, Match, PlanState
from promotions.models import Promotion
from promotions.services import plans
from promotions.services.errors import NotReadyError
from tests.integration.promotions.conftest import Platform

pytestmark = pytest.mark.django_db


def test_planning_sends_no_write(platform: Platform, planned: Callable[..., Promotion], operator: User) -> None:
    promotion = planned()
    plans.accept_exact(plan=promotion.current_plan, actor=operator)

    effects = {effect_of_request(row["method"], row["path"]) for row in platform.requests()}

    assert effects == {Effect.READ}


def test_the_loyalty_plan_finds_twelve_conflicts(planned: Callable[..., Promotion]) -> None:
    plan = planned().current_plan

    decided_by_people = plan.items.filter(must_decide=True)

    assert plan.state == PlanState.OPEN
    assert decided_by_people.count() == 12
    assert decided_by_people.filter(match=Match.EXACT).count() == 6
    assert not decided_by_people.exclude(decision=Decision.UNDECIDED).exists()


def test_an_undecided_plan_does_not_run(planned: Callable[..., Promotion], operator: User) -> None:
    plan = planned().current_plan

    with pytest.raises(NotReadyError, match="12 rows are undecided"):
        plans.request_run(plan=plan, actor=operator)

    assert not plan.jobs.exclude(kind=plans.PLAN_KIND).exists()


def test_a_platform_that_stays_away_leaves_the_plan_to_be_gathered_again(
    platform: Platform, planned: Callable[..., Promotion]
) -> None:
    platform.arm("GET", "*/packages/preflight/*", "status", status=503, probability=1)

    plan = planned().current_plan

    job = plans.gathering_job(plan)
    assert job is not None
    assert job.state == JobState.FAILED
    assert "try again later" in job.problem
    assert plan.state == PlanState.GATHERING
