"""Analysing, mapping, migrating and rolling back against the emulator, in both dialects."""

import pytest

from accounts.models import AuditEvent
from clients.effects import Effect, effect_of_request
from promotions.choices import Decision, ItemKind, JobState, PlanState, ResultOutcome
from promotions.models import Plan, RunCheck
from promotions.services import decisions, freezing, run_checks, undoing
from promotions.services.decisions import Verdict
from promotions.services.errors import ConflictError, NotReadyError
from promotions.systems.decisioning.items import CONTEXT, DATASET, DATASTREAM, PROFILE, SEGMENT
from tests.integration.promotions.decisioning_world import (
    ANALYSE,
    EVENTS,
    MIGRATE,
    ROLL_BACK,
    World,
    texts,
    world,
)

__all__ = ["world"]

pytestmark = pytest.mark.django_db
sqlite = pytest.mark.only_on("sqlite")


@pytest.mark.parametrize("dialect", ["r4", "r1"])
def test_a_sandbox_is_analysed_mapped_migrated_and_rolled_back(world: World, dialect: str) -> None:
    world.speak(dialect)
    before = world.shelves()["stage"]
    plan = world.plan()
    assert plan.state == PlanState.OPEN, plan.blockers
    assert (world.begun(ANALYSE), world.begun(MIGRATE)) == (1, 0)
    types = list(plan.items.order_by("position").values_list("type", flat=True))
    assert {one: types.count(one) for one in (PROFILE, CONTEXT, SEGMENT, DATASET, DATASTREAM)} == {
        PROFILE: 5,
        CONTEXT: 3,
        SEGMENT: 4,
        DATASET: 1,
        DATASTREAM: 1,
    }

    job = world.run(world.map(plan))

    # Two offers are in HTML and stay behind.
    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS, texts(job)
    assert "neither JSON nor Text" in job.problem
    names = {one["id"]: one["name"] for one in world.shelves()["dev"]["decision_management"]}
    behind = sorted(names[one["object"]] for one in job.result["warnings"])
    assert behind == ["Member magazine", "Winter lookbook"]
    [effect] = world.platform.effects_of(MIGRATE)
    assert effect["segments"]["aam:13579/eu.west"] == ["aam", "24680/eu.west"]
    assert effect["profile_attributes"]["_acmetenant.favouriteStore"] == "_acmetenant.favouritestore"
    assert set(effect["context_attributes"]) == set(effect["context_attributes"].values())
    assert (effect["dataset"], effect["creates_datastream"]) == (EVENTS, False)
    made = world.shelves()["stage"]["decisioning"]
    assert {one["id"] for one in made} <= set(job.results.values_list("new_id", flat=True))
    assert {one["status"] for one in made} == {"Draft"}

    promotion = world.undo(job)
    preview = promotion.current_plan.display["made"]
    assert len(preview) == job.results.filter(outcome=ResultOutcome.CREATED).count()
    taken_back = world.run(promotion.current_plan)

    assert taken_back.state == JobState.SUCCEEDED, taken_back.problem
    assert (world.begun(MIGRATE), world.begun(ROLL_BACK)) == (1, 1)
    assert set(taken_back.results.values_list("outcome", flat=True)) == {ResultOutcome.REMOVED}
    assert world.shelves()["stage"] == before
    assert undoing.reason_not_to_undo(job).startswith("Promotion")
    paths = {row["path"].partition("?")[0] for row in world.platform.requests() if "/decisioning/" in row["path"]}
    assert {path.startswith("/decisioning/migration/service/") for path in paths} == {dialect == "r1"}
    verbs = list(AuditEvent.objects.values_list("verb", flat=True))
    told = [verb for verb in verbs if verb.startswith("job.")]
    assert told == [
        f"job.{noun}_{step}" for noun in ("rollback", "migration") for step in ("ended", "accepted", "requested")
    ]


@sqlite
def test_planning_starts_one_analysis_and_writes_nothing(world: World) -> None:
    world.platform.forget_requests()

    world.map(world.plan())

    found = [effect_of_request(row["method"], row["path"]) for row in world.platform.requests()]
    assert set(found) == {Effect.READ, Effect.WORKFLOW}
    assert found.count(Effect.WORKFLOW) == 1


@sqlite
def test_what_is_left_out_is_not_sent_and_a_datastream_is_made_where_that_was_chosen(world: World) -> None:
    plan = world.plan()
    left = plan.items.get(title="_acmetenant.favouriteStore")
    europe = plan.items.get(title="aam:13579/eu.west")
    stream = plan.items.get(type=DATASTREAM)
    verdicts = [
        Verdict(left.pk, Decision.LEAVE),
        Verdict(europe.pk, Decision.LEAVE),
        Verdict(stream.pk, Decision.CREATE),
    ]
    decisions.decide(plan=plan, verdicts=verdicts, actor=world.operator)
    with pytest.raises(NotReadyError, match="not decided yet"):
        world.requested(plan)

    job = world.run(world.map(plan))

    [effect] = world.platform.effects_of(MIGRATE)
    assert left.title not in effect["profile_attributes"]
    assert europe.title not in effect["segments"]
    assert effect["creates_datastream"] is True
    # The target does not have what was left out.
    assert job.state == JobState.FAILED, texts(job)
    assert "has no mapping in the target sandbox" in job.problem
    assert "takes back completed migrations only" in world.words(job)
    assert undoing.reason_not_to_undo(job) == "The service takes back completed migrations only."


@sqlite
def test_the_hash_of_a_plan_covers_every_decision(world: World) -> None:
    plan = world.map(world.plan())
    hashes = {freezing.content_hash(plan)}

    items = list(plan.items.filter(must_decide=True))
    for item in items:
        if item.kind == ItemKind.VALUE:
            decision = Decision.CREATE if item.type == DATASTREAM else Decision.LEAVE
        else:
            decision = Decision.UNDECIDED
        before, item.decision = item.decision, decision
        item.save(update_fields=["decision"])
        hashes.add(freezing.content_hash(plan))
        item.decision = before
        item.save(update_fields=["decision"])

    assert len(hashes) == 1 + len(items)
    frozen = world.requested(plan).plan
    assert frozen is not None
    assert frozen.content_hash in hashes


@sqlite
@pytest.mark.parametrize("level", ["offer", "decision"])
def test_chosen_objects_are_migrated_with_what_is_below_them_and_no_more(world: World, level: str) -> None:
    things = world.shelves()["dev"]["decision_management"]
    names = {"offer": ("Rain jacket tip", "Gift wrap"), "decision": ("Checkout upsell",)}[level]
    ids = tuple(one["id"] for one in things if one["kind"] == level and one["name"] in names)

    job = world.run(world.map(world.plan(level=level, ids=ids)))

    assert job.state == JobState.SUCCEEDED, job.problem
    [effect] = world.platform.effects_of(MIGRATE)
    assert (effect["level"], effect["ids"]) == (level, list(ids))
    made = world.shelves()["stage"]["decisioning"]
    assert 0 < len(made) < 20  # of about a hundred
    assert {one["id"] for one in made} <= set(job.results.values_list("new_id", flat=True))


@sqlite
def test_within_one_sandbox_it_is_asked_whether_that_is_meant(world: World) -> None:
    plan = world.plan(target="dev")
    confirmation = plan.items.get(key="source-is-target")
    decided = world.map(plan)
    decided.items.filter(pk=confirmation.pk).update(decision=Decision.UNDECIDED)
    with pytest.raises(NotReadyError):
        world.requested(decided)

    job = world.run(world.map(decided))

    assert job.remote_status == "Completed", texts(job)
    [effect] = world.platform.effects_of(MIGRATE)
    assert effect["source"] == effect["target"] == "dev"


@sqlite
def test_what_is_to_be_looked_at_is_listed_once_and_ticked_by_a_person(world: World) -> None:
    plan = world.plan()
    stream = plan.items.get(type=DATASTREAM)
    decisions.decide(plan=plan, verdicts=[Verdict(stream.pk, Decision.CREATE)], actor=world.operator)
    job = world.run(world.map(plan))

    checks = list(RunCheck.objects.filter(job=job).order_by("position"))
    assert [one.key for one in checks] == ["segments", "attributes", "objects", "datastream"]
    assert f"configId={job.result['datastream']}" in checks[-1].sample
    ticked = run_checks.tick(check=checks[0], actor=world.operator)
    with pytest.raises(ConflictError, match="marked so already"):
        run_checks.tick(check=checks[0], actor=world.operator)

    assert (ticked.ticked_by, ticked.ticked_at is not None) == (world.operator, True)
    assert run_checks.tick(check=ticked, actor=world.operator, is_done=False).ticked_at is None
    assert RunCheck.objects.filter(job=job).count() == 4
    assert Plan.objects.filter(promotion=job.promotion).count() == 1
