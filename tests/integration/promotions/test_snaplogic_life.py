"""Publishing, unpublishing, deprecating and retiring against the emulator."""

import json
from typing import Any

import pytest

from accounts.models import AuditEvent
from promotions.api_choices import ApiVersionState, LifecycleAct
from promotions.choices import JobState, PlanState, ResultOutcome
from promotions.models import ApiVersion, Plan
from promotions.services import api_lifecycles, api_versions, repeats, runs
from promotions.services.errors import RefusedError
from promotions.systems.snaplogic.acts import Act
from tests.integration.promotions.snaplogic_world import World, texts, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db
SPEC = json.dumps({"openapi": "3.0.1", "info": {"title": "orders", "version": "1.3"}, "paths": {}})


def planned(world: World, act: LifecycleAct, *versions: tuple[str, str], **told: Any) -> Plan:
    promotion = api_lifecycles.plan_change(
        organization=world.dev,
        act=Act(act, versions, **told),
        actor=world.operator,
    )
    return world.gathered(promotion)


def state_there(world: World, api: str, version: str) -> str:
    found = world.version_there(f"acme-dev/apim/{api}/{version}")
    assert found is not None
    return str(found["state"])


def known(world: World, api: str, version: str) -> ApiVersion:
    return ApiVersion.objects.get(organization=world.dev, api=api, version=version)


def test_a_version_is_published_and_its_state_known_from_then_on(world: World) -> None:
    plan = planned(
        world, LifecycleAct.PUBLISH, ("orders", "1.3"), contact_email="apis@example.test", spec=SPEC, auto_approve=False
    )
    assert plan.blockers == []
    assert runs.reasons_not_to_run(plan) == ["1 version is not confirmed yet."]

    job = world.run(plan)

    assert job.state == JobState.SUCCEEDED, (job.problem, texts(job))
    assert state_there(world, "orders", "1.3").lower() == "published"
    row = known(world, "orders", "1.3")
    assert (row.state, row.state_job) == (ApiVersionState.PUBLISHED, job)
    verbs = [verb for verb in AuditEvent.objects.values_list("verb", flat=True) if verb.startswith("api.lifecycle")]
    assert verbs == ["api.lifecycle_ended", "api.lifecycle_accepted", "api.lifecycle_requested"]


@pytest.mark.parametrize(
    ("act", "version", "state"),
    [
        (LifecycleAct.UNPUBLISH, "1.2", "unpublished"),
        (LifecycleAct.DEPRECATE, "1.2", "deprecated"),
        (LifecycleAct.RETIRE, "1.1", "retired"),
    ],
)
def test_the_other_acts_are_carried_out_once(world: World, act: LifecycleAct, version: str, state: str) -> None:
    job = world.run(planned(world, act, ("orders", version)))

    assert job.state == JobState.SUCCEEDED, (job.problem, texts(job))
    assert state_there(world, "orders", version).lower() == state
    assert known(world, "orders", version).state == state
    assert world.platform.effects(f"snaplogic.{act}") == 1


def test_a_part_that_failed_is_told_and_planned_again_by_itself(world: World) -> None:
    job = world.run(planned(world, LifecycleAct.DEPRECATE, ("orders", "1.2"), ("orders", "1.3")))

    assert job.state == JobState.PARTLY_FAILED, (job.problem, texts(job))
    assert job.results.get(title="orders 1.3").outcome == ResultOutcome.FAILED
    assert "orders 1.3" in job.problem
    assert known(world, "orders", "1.2").state == ApiVersionState.DEPRECATED
    assert not ApiVersion.objects.filter(organization=world.dev, api="orders", version="1.3").exists()

    promotion = repeats.retry_failed(job=job, actor=world.operator)

    assert Act.of(promotion).versions == (("orders", "1.3"),)
    again = world.run(world.gathered(promotion))
    assert again.state == JobState.FAILED
    assert "orders 1.3" in again.problem


def test_what_no_list_names_is_not_known(world: World) -> None:
    world.platform.arm("POST", "*/apim/retire_versions", "truncated", count=1)

    job = world.run(planned(world, LifecycleAct.RETIRE, ("orders", "1.1")))

    assert job.state == JobState.NEEDS_ATTENTION, texts(job)
    assert "no call of the platform tells the state" in job.problem
    assert job.submit_count == 1


def test_a_state_that_is_known_not_to_fit_is_refused(world: World) -> None:
    row = world.version("orders", "1.2")
    api_versions.note_state(api_version=row, state=ApiVersionState.PUBLISHED, actor=world.operator)

    with pytest.raises(RefusedError, match=r"orders 1\.2 is published"):
        planned(world, LifecycleAct.RETIRE, ("orders", "1.2"))


def test_a_state_that_changes_before_the_run_stops_it(world: World) -> None:
    row = world.version("orders", "1.2")
    plan = planned(world, LifecycleAct.DEPRECATE, ("orders", "1.2"))
    job = world.requested(plan)
    api_versions.note_state(api_version=row, state=ApiVersionState.RETIRED, actor=world.operator)

    world.drive(job)

    assert job.state == JobState.CANCELLED, texts(job)
    assert world.platform.effects("snaplogic.deprecate") == 0
    assert plan.promotion.current_plan.state == PlanState.OPEN


@pytest.mark.parametrize(
    ("act", "versions", "told", "words"),
    [
        (LifecycleAct.RETIRE, [], {}, "Choose the versions"),
        (LifecycleAct.RETIRE, [("a", "1"), ("a", "1")], {}, "named twice"),
        (LifecycleAct.RETIRE, [("a/b", "1")], {}, "slash"),
        (LifecycleAct.PUBLISH, [("a", "1"), ("b", "1")], {}, "one version at a time"),
        (LifecycleAct.PUBLISH, [("a", "1")], {"contact_email": "nobody"}, "mail address"),
        (LifecycleAct.PUBLISH, [("a", "1")], {"contact_email": "a@b.example", "spec": " "}, "OpenAPI document"),
        (LifecycleAct.PUBLISH, [("a", "1")], {"contact_email": "a@b.example", "spec": "[1]"}, "no JSON object"),
        (LifecycleAct.DEPRECATE, [("a", "1")], {"message": "x" * 1001}, "at most 1,000"),
    ],
)
def test_what_cannot_be_planned_is_refused(
    world: World, act: LifecycleAct, versions: list[tuple[str, str]], told: dict[str, Any], words: str
) -> None:
    with pytest.raises(RefusedError, match=words):
        planned(world, act, *versions, **told)
