"""Answers to imports that are long, odd or made to mislead: each is read, in time, and nothing of it gets lost."""

import time
from typing import Any

import pytest

from promotions.api_choices import DuplicateRule
from promotions.choices import JobState, ResultOutcome
from promotions.models import Job, Plan, TaskResult
from promotions.services import plans
from promotions.systems.snaplogic.drafting import asset_items
from promotions.systems.snaplogic.holdings import Holding
from promotions.systems.snaplogic.importing import ImportVersion
from promotions.systems.snaplogic.outcomes import rows_of
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.snaplogic.verdict import conclude
from promotions.systems.snaplogic.verifying import path_of
from promotions.systems.snaplogic.zips import Asset
from tests.factories_apis import ApiImportPlanFactory
from tests.factories_promotions import JobFactory

pytestmark = pytest.mark.django_db

ENOUGH = 30_000


@pytest.fixture
def plan() -> Plan:
    made: Plan = ApiImportPlanFactory()
    assets = [Asset("Pipeline", f"p{number}", "", 0, is_listed_by_metadata=True) for number in range(1000)]
    absent = Holding("absent", is_listed=False)
    plans.add_items(made, asset_items(assets, Pick.of(made.promotion), absent))
    return made


def told(name: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "", "snode_id": "", "message": "odd", "status_code": None, "reason": "", **more}


def answered(plan: Plan, **raw: Any) -> Job:
    job: Job = JobFactory(
        promotion=plan.promotion,
        plan=plan,
        organization=plan.promotion.target_organization,
        raw={"answer": {}, **raw},
    )
    run = ImportVersion()
    run.record(job, run.read(job))
    return job


def recorded(plan: Plan, **raw: Any) -> list[TaskResult]:
    return list(answered(plan, **raw).results.all())


@pytest.mark.parametrize("part", ["successful", "failed", "warnings"])
def test_a_list_of_any_length_is_read_in_time(plan: Plan, part: str) -> None:
    began = time.monotonic()

    rows = rows_of(plan, {"answer": {}, part: [told(f"x{number}") for number in range(ENOUGH)]})

    assert len(rows) == ENOUGH + 1000
    assert time.monotonic() - began < 5


def test_names_that_are_alike_as_far_as_they_are_kept_are_one_row(plan: Plan) -> None:
    long = 600 * "n"

    rows = recorded(plan, failed=[told(f"{long}a", type="Pipeline", reason="one"), told(f"{long}b", type="Pipeline")])

    (row,) = [row for row in rows if row.outcome == ResultOutcome.FAILED]
    assert [said["message"] for said in row.messages] == ["one", "No reason is given."]


def test_types_that_are_alike_as_far_as_they_are_kept_are_one_row(plan: Plan) -> None:
    long = 70 * "t"

    rows = recorded(plan, successful=[told("odd", type=f"{long}a"), told("odd", type=f"{long}b")])

    assert len([row for row in rows if row.title == "odd"]) == 1


def test_what_is_told_by_its_id_alone_is_a_row_of_its_own(plan: Plan) -> None:
    rows = recorded(plan, failed=[told(snode_id="s1"), told(snode_id="s2")])

    assert sorted(row.title for row in rows if row.outcome == ResultOutcome.FAILED) == ["s1", "s2"]


@pytest.mark.parametrize(
    "path",
    [
        "elsewhere/apim/orders/v2",
        "{org}/apim/payroll/v1",
        "{org}/apim/orders/v3",
        "{org}/apim/orders/<b>v2</b>",
        "{org}/apim/orders/v2" + 300 * "1",
        "no path at all",
    ],
)
@pytest.mark.parametrize("rule", [DuplicateRule.SKIP, DuplicateRule.CREATE_NEW])
def test_a_version_that_was_not_asked_for_is_told_and_not_taken(plan: Plan, path: str, rule: DuplicateRule) -> None:
    plan.promotion.pick = Pick.of(plan.promotion).changed(rule=rule).as_json()
    org = plan.promotion.target_organization.remote_id

    job = answered(plan, version_path=path.format(org=org), successful=[told("p1")])

    ending = conclude(job)
    assert job.result["version_path"] == ""
    assert (path_of(job) is None) == (rule == DuplicateRule.CREATE_NEW)
    assert ending.state == JobState.SUCCEEDED_WITH_WARNINGS
    assert "which this import did not ask for" in ending.problem


def test_the_further_version_that_was_asked_for_is_taken(plan: Plan) -> None:
    plan.promotion.pick = Pick.of(plan.promotion).changed(rule=DuplicateRule.CREATE_NEW).as_json()
    made = f"{plan.promotion.target_organization.remote_id}/apim/orders/v21"

    job = answered(plan, version_path=f"/{made}", successful=[told("p1")])

    assert job.result["version_path"] == made


def test_words_without_end_are_shown_as_far_as_they_are_read(plan: Plan) -> None:
    words = 1_000_000 * "w"

    rows = recorded(plan, failed=[told("p1", reason=words)], warnings=[told("p2", message=words)])

    said = [message["message"] for row in rows for message in row.messages]
    assert len(said) == 2
    assert max(map(len, (*said, *(row.explanation for row in rows)))) == 4000
