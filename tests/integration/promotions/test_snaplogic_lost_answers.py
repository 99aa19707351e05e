"""Imports and changes of life whose answer is lost: never sent again; a person looks, since nothing carries a mark."""

import json
from typing import Any

import pytest
from django.conf import LazySettings

from accounts.models import AuditEvent
from clients.snaplogic import SnapLogicClient
from promotions.api_choices import ApiVersionState, DuplicateRule, LifecycleAct
from promotions.choices import JobState, PlanState, ProblemKind, ResultOutcome
from promotions.engine import claims, hooks, rechecking, submissions
from promotions.models import ApiVersion, Job, Plan, SealedValue
from promotions.services import api_accounts, api_lifecycles, jobs, runs
from promotions.services.errors import NotReadyError, RefusedError
from promotions.systems.snaplogic.acts import Act
from promotions.systems.snaplogic.advice import remedies
from tests.integration.promotions.conftest import run_due
from tests.integration.promotions.snaplogic_world import IMPORT_CALL, SETTLE, World, look, texts, world

__all__ = ["world"]

# The same on every database: the engine's own tests run on both.
pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]

THERE = "acme-dev/apim/orders/1.1"
FURTHER = "acme-dev/apim/orders/1.11"
SPEC = json.dumps({"openapi": "3.0.1", "info": {"title": "orders", "version": "1.3"}, "paths": {}})
RULES = tuple(DuplicateRule)
# What leaves it open whether the call took effect.
LOST: tuple[tuple[str, dict[str, Any]], ...] = (
    ("hang", {"seconds": 1.5}),
    ("reset", {}),
    ("cut_line", {}),
    ("truncated", {}),
    ("html", {}),
    ("html", {"status": 200}),
    ("empty", {}),
    ("status", {"status": 500}),
    ("status", {"status": 504}),
)
# What says that nothing was done.
REFUSED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {"status": 403}),
    ("status", {"status": 409}),
    ("error_in_200", {}),
    ("rate_limit", {}),
)
# Every fault under the rule that must never be repeated, and under one of the others.
EVERY_LOSS = [
    *((DuplicateRule.CREATE_NEW, *one) for one in LOST),
    *(((DuplicateRule.SKIP, DuplicateRule.OVERWRITE)[number % 2], *one) for number, one in enumerate(LOST[1:])),
]
LIVES = {
    LifecycleAct.PUBLISH: "1.3",
    LifecycleAct.UNPUBLISH: "1.2",
    LifecycleAct.DEPRECATE: "1.2",
    LifecycleAct.RETIRE: "1.1",
}


def queued(world: World, rule: DuplicateRule = DuplicateRule.SKIP, version: str = "1.1") -> Job:
    types = ["Pipeline"] if rule == DuplicateRule.OVERWRITE else ()
    return world.requested(world.plan(version=version, rule=rule, types=types))


def sent(world: World, job: Job, fault: str = "reset", *, when: str = "after", **options: Any) -> Job:
    """Sent once, and its answer spoiled."""
    path = IMPORT_CALL if job.kind == "snaplogic.import" else "*/apim/*_versions"
    world.platform.arm("POST", path, fault, when=when, count=1, **options)
    run_due()
    return fresh(job)


def waited(job: Job, *, rounds: int = 4) -> Job:
    for _ in range(rounds):
        run_due(later=SETTLE)
    return fresh(job)


def lost(world: World, job: Job, fault: str = "reset", *, when: str = "after", **options: Any) -> Job:
    """Handed to a person once the settle time has passed."""
    job = sent(world, job, fault, when=when, **options)
    assert job.state == JobState.SUBMITTING, texts(job)
    found = waited(job)
    assert (found.state, found.problem_kind) == (JobState.NEEDS_ATTENTION, ProblemKind.OUTCOME_UNKNOWN), texts(job)
    assert found.submit_count == 1
    return found


def fresh(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


@pytest.fixture
def _impatient(settings: LazySettings) -> None:
    settings.UPLOAD_DEADLINE_S, settings.SUBMIT_DEADLINE_S = 1, 1


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize(("rule", "fault", "options"), EVERY_LOSS, ids=str)
def test_a_lost_answer_is_for_a_person_and_never_sent_again(
    world: World, rule: DuplicateRule, fault: str, options: dict[str, Any]
) -> None:
    job = lost(world, queued(world, rule), fault, **options)

    assert world.imports() == 1
    assert job.problem.startswith("The answer to the import was lost, and nothing that it makes carries a mark of ours")
    if rule == DuplicateRule.CREATE_NEW:
        assert f"{FURTHER} was not there before, and is there now." in job.problem
        assert "Sending it again would make one more." in job.problem
    else:
        assert f"{THERE} lists 2 of the 2 assets that were to be added: " in job.problem
        assert "Pipeline orders_cancel" in job.problem


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize(
    ("rule", "fault", "options"), [(RULES[number % 3], *one) for number, one in enumerate(LOST[1:])], ids=str
)
def test_one_that_never_arrived_is_not_sent_again_either(
    world: World, rule: DuplicateRule, fault: str, options: dict[str, Any]
) -> None:
    job = lost(world, queued(world, rule), fault, when="before", **options)

    assert world.imports() == 0
    if rule == DuplicateRule.CREATE_NEW:
        assert f"there is none: {FURTHER} and acme-dev/apim/orders/1.1 1." in job.problem
    else:
        assert f"{THERE} lists 0 of the 2 assets that were to be added." in job.problem


def test_a_version_that_is_not_there_is_told_from_one_that_nobody_may_list(world: World) -> None:
    job = lost(world, queued(world, version="2.0"), when="before")
    assert "acme-dev/apim/orders/2.0 does not exist" in job.problem
    jobs.close(job=job, actor=world.operator, reason="It is not there")
    world.set("acme-dev", may_list=False)

    job = lost(world, queued(world, version="2.0"))

    assert "could not be found out. The account may not list it" in job.problem
    assert world.imports() == 1


def test_where_nothing_is_listed_no_name_is_guessed(world: World) -> None:
    world.set("acme-dev", may_list=False)

    job = lost(world, queued(world, DuplicateRule.CREATE_NEW))

    assert "cannot be asked: no call of the platform lists versions" in job.problem
    assert world.imports() == 1


@pytest.mark.parametrize("rule", [DuplicateRule.CREATE_NEW, DuplicateRule.SKIP])
@pytest.mark.parametrize(("fault", "options"), REFUSED, ids=str)
def test_a_refusal_that_the_target_belies_is_not_believed(
    world: World, rule: DuplicateRule, fault: str, options: dict[str, Any]
) -> None:
    job = lost(world, queued(world, rule), fault, **options)

    assert world.imports() == 1
    assert "says that it refused it" in texts(job)
    assert "Nothing was sent" not in texts(job)


@pytest.mark.parametrize(("fault", "options"), [*REFUSED[:3], ("token_rejected", {})], ids=str)
def test_a_refusal_ends_it_and_the_plan_can_be_run_again(world: World, fault: str, options: dict[str, Any]) -> None:
    job = sent(world, queued(world, version="2.0"), fault, when="before", **options)

    assert (job.state, world.imports()) == (JobState.FAILED, 0), texts(job)
    assert job.plan is not None
    plan = job.plan.promotion.current_plan
    assert plan.state == PlanState.OPEN
    assert world.run(plan).state == JobState.SUCCEEDED
    assert world.imports() == 1


@pytest.mark.parametrize("rule", RULES)
def test_one_that_is_turned_away_is_sent_once_later(world: World, rule: DuplicateRule) -> None:
    job = sent(world, queued(world, rule), "rate_limit", when="before", retry_after=1)
    assert (job.state, job.submit_count) == (JobState.QUEUED, 0), texts(job)
    assert world.imports() == 0

    world.drive(job)

    assert job.is_finished
    assert (world.imports(), job.submit_count) == (1, 1)


def test_nothing_is_looked_for_before_the_settle_time(world: World) -> None:
    job = sent(world, queued(world))
    asked = len(world.platform.requests())

    for _ in range(3):
        run_due()

    assert fresh(job).state == JobState.SUBMITTING
    assert len(world.platform.requests()) == asked
    assert job.submit_at is not None
    assert job.due_at - job.submit_at > SETTLE - 2 * (SETTLE / 100)


# What people do about it


def test_a_person_names_the_version_and_the_job_says_no_more_than_is_known(world: World) -> None:
    job = lost(world, queued(world, version="2.0"))

    jobs.adopt(job=job, remote_id="/acme-dev/apim/orders/2.0", actor=world.operator, reason="It is there")
    world.drive(job)

    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS, texts(job)
    assert job.problem_kind == ProblemKind.OUTCOME_UNKNOWN
    assert "that it went to acme-dev/apim/orders/2.0 is what a person said" in job.problem
    assert "The target lists all 10 that were to be added." in job.problem
    assert set(job.results.values_list("outcome", flat=True)) == {ResultOutcome.UNKNOWN}
    assert "were seen there afterwards" not in world.words(job)
    assert (world.imports(), job.submit_count) == (1, 1)
    assert ApiVersion.objects.get(organization=world.dev, version="2.0").state == ApiVersionState.UNPUBLISHED
    assert AuditEvent.objects.filter(verb="job.attention_adopted").exists()


def test_what_a_person_says_is_not_believed_against_the_target(world: World) -> None:
    job = lost(world, queued(world), when="before")

    jobs.adopt(job=job, remote_id=THERE, actor=world.operator, reason="A guess")
    world.drive(job)

    assert job.state == JobState.FAILED, texts(job)
    assert "Of 2 assets that were to be added, the target lists none" in job.problem
    assert {one.key for one in remedies(job)} == {"add"}


def test_a_version_that_is_not_there_at_all_has_taken_nothing(world: World) -> None:
    job = lost(world, queued(world, version="2.0"), when="before")

    jobs.adopt(job=job, remote_id="acme-dev/apim/orders/2.0", actor=world.operator, reason="A guess")
    world.drive(job)

    assert job.state == JobState.FAILED, texts(job)
    assert "Of 10 assets that were to be added, the target lists none" in job.problem
    assert not ApiVersion.objects.filter(organization=world.dev, version="2.0").exists()


def test_a_part_that_is_missing_is_told(world: World) -> None:
    world.platform.arm("POST", IMPORT_CALL, "hidden_error", artifact="orders_cancel", count=1)
    job = lost(world, queued(world))

    jobs.adopt(job=job, remote_id=THERE, actor=world.operator, reason="It is there")
    world.drive(job)

    assert job.state == JobState.PARTLY_FAILED, texts(job)
    assert "the target lists 1: Pipeline orders_cancel is not there" in job.problem


def test_the_version_that_was_made_is_named_and_completed(world: World) -> None:
    job = lost(world, queued(world, DuplicateRule.CREATE_NEW))

    jobs.adopt(job=job, remote_id=FURTHER, actor=world.operator, reason="It is there")
    world.drive(job)

    assert job.result["version_path"] == FURTHER
    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS, texts(job)
    assert [one.version for one in remedies(job)] == [("orders", "1.11")]
    assert world.imports() == 1


@pytest.mark.parametrize(
    ("rule", "named", "words"),
    [
        (DuplicateRule.SKIP, "orders", "has the form org/apim/api/version"),
        (DuplicateRule.SKIP, FURTHER, "can have arrived nowhere else"),
        (DuplicateRule.CREATE_NEW, "acme-prod/apim/orders/1.11", "with a number at its end"),
        (DuplicateRule.CREATE_NEW, "acme-dev/apim/payments/1.11", "with a number at its end"),
        (DuplicateRule.CREATE_NEW, "acme-dev/apim/orders/2.0", "with a number at its end"),
    ],
)
def test_where_it_cannot_have_gone_is_refused(world: World, rule: DuplicateRule, named: str, words: str) -> None:
    job = lost(world, queued(world, rule))

    with pytest.raises(RefusedError, match=words):
        jobs.adopt(job=job, remote_id=named, actor=world.operator, reason="Mistyped")

    assert fresh(job).state == JobState.NEEDS_ATTENTION


def test_two_that_were_lost_on_the_way_to_one_version_can_both_be_named(world: World) -> None:
    for number in (1, 2):
        job = lost(world, queued(world))
        jobs.adopt(job=job, remote_id=THERE, actor=world.operator, reason="It is there")
        world.drive(job)

        assert job.result["version_path"] == THERE
        assert world.imports() == number


def test_a_path_longer_than_any_id_can_be_named(world: World) -> None:
    name = "x" * 190
    job = lost(world, queued(world, version=name))

    jobs.adopt(job=job, remote_id=f"acme-dev/apim/orders/{name}", actor=world.operator, reason="It is there")
    world.drive(job)

    assert job.result["version_path"] == f"acme-dev/apim/orders/{name}"


def test_it_is_never_sent_again_but_closed_and_planned_anew(world: World) -> None:
    job = lost(world, queued(world, version="2.0"), when="before")
    with pytest.raises(RefusedError, match="close it and plan anew"):
        jobs.retry_sending(job=job, actor=world.operator, reason="There is none")

    jobs.close(job=job, actor=world.operator, reason="There is none")

    closed = fresh(job)
    assert (closed.state, closed.problem_kind) == (JobState.CANCELLED, ProblemKind.CLOSED)
    assert "How it ended at the platform is not known here" in closed.problem
    assert "what of it is there" in world.words(closed)
    assert job.plan is not None
    with pytest.raises(NotReadyError, match="It was run as job"):
        runs.request_run(plan=job.plan, actor=world.operator)
    assert world.run(world.plan()).state == JobState.SUCCEEDED
    assert world.imports() == 1


@pytest.mark.parametrize("is_there", [True, False])
def test_what_was_typed_is_kept_until_a_person_has_decided(world: World, is_there: bool) -> None:
    plan = world.plan(version="2.0")
    account = plan.items.get(type="Account in the zip", title="orders_db_account")
    api_accounts.edit(plan=plan, uuid=account.details["uuid"], typed={}, stored={}, actor=world.operator)
    job = lost(world, world.requested(Plan.objects.get(pk=plan.pk)))
    assert SealedValue.objects.exists()

    if is_there:
        jobs.adopt(job=job, remote_id="acme-dev/apim/orders/2.0", actor=world.operator, reason="It is there")
        world.drive(job)
    else:
        jobs.close(job=job, actor=world.operator, reason="I removed it")

    assert not SealedValue.objects.exists()


# The life of versions


def changing(world: World, act: LifecycleAct, version: str = "") -> Job:
    told = {"contact_email": "apis@example.test", "spec": SPEC} if act == LifecycleAct.PUBLISH else {}
    wish = Act(act, (("orders", version or LIVES[act]),), **told)  # type: ignore[arg-type]
    promotion = api_lifecycles.plan_change(organization=world.dev, act=wish, actor=world.operator)
    return world.requested(world.gathered(promotion))


def changes(world: World, act: LifecycleAct) -> int:
    return world.platform.effects(f"snaplogic.{act}")


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize(
    ("act", "fault", "options"), [(list(LifecycleAct)[number % 4], *one) for number, one in enumerate(LOST)], ids=str
)
def test_a_change_of_life_whose_answer_is_lost_is_for_a_person(
    world: World, act: LifecycleAct, fault: str, options: dict[str, Any]
) -> None:
    when = "after" if act in (LifecycleAct.PUBLISH, LifecycleAct.RETIRE) else "before"
    job = lost(world, changing(world, act), fault, when=when, **options)

    assert "no call of the platform tells the state of a version" in job.problem
    assert changes(world, act) == (when == "after")


def test_a_change_of_life_that_a_person_saw_says_whose_word_it_is(world: World) -> None:
    job = lost(world, changing(world, LifecycleAct.RETIRE))
    with pytest.raises(RefusedError, match=r"Name one of the versions of this change: orders/1\.1"):
        jobs.adopt(job=job, remote_id="orders/1.2", actor=world.operator, reason="Mistyped")

    jobs.adopt(job=job, remote_id="acme-dev/apim/orders/1.1", actor=world.operator, reason="It is retired")
    world.drive(job)

    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS, texts(job)
    assert "is what a person said" in job.problem
    assert not ApiVersion.objects.filter(organization=world.dev, version="1.1").exists()
    assert changes(world, LifecycleAct.RETIRE) == 1


def test_one_version_can_be_named_for_several_changes_of_its_life(world: World) -> None:
    for act in (LifecycleAct.UNPUBLISH, LifecycleAct.PUBLISH):
        job = lost(world, changing(world, act, "1.2"))

        jobs.adopt(job=job, remote_id="orders/1.2", actor=world.operator, reason="I looked")

        assert world.drive(job).is_finished


@pytest.mark.parametrize("act", LifecycleAct)
def test_a_change_of_life_that_is_turned_away_is_sent_once_later(world: World, act: LifecycleAct) -> None:
    job = sent(world, changing(world, act), "rate_limit", when="before")
    assert (job.state, job.submit_count) == (JobState.QUEUED, 0), texts(job)

    world.drive(job)

    assert (job.state, changes(world, act), job.submit_count) == (JobState.SUCCEEDED, 1, 1), texts(job)


def test_a_change_of_life_that_is_closed_leaves_its_state_open(world: World) -> None:
    job = lost(world, changing(world, LifecycleAct.RETIRE), when="before")
    with pytest.raises(RefusedError, match="close it and plan anew"):
        jobs.retry_sending(job=job, actor=world.operator, reason="It is not")

    jobs.close(job=job, actor=world.operator, reason="It is not")

    assert fresh(job).state == JobState.CANCELLED
    assert changes(world, LifecycleAct.RETIRE) == 0


# The end of the process


class Death(BaseException):
    """The end of the process: nothing after it runs."""


def until_death(job: Job) -> None:
    for _ in range(9):
        look(job)


STEPS = ("claimed", "turn", "before the call", "after the call", "answered", "accepted")


@pytest.mark.parametrize(
    ("rule", "step"),
    [
        *((DuplicateRule.CREATE_NEW, step) for step in STEPS),
        (DuplicateRule.SKIP, "before the call"),
        (DuplicateRule.SKIP, "after the call"),
        (None, "before the call"),
        (None, "after the call"),
    ],
)
def test_a_death_at_any_step_neither_sends_a_second_one_nor_loses_it(
    world: World, monkeypatch: pytest.MonkeyPatch, rule: DuplicateRule | None, step: str
) -> None:
    job = queued(world, rule) if rule else changing(world, LifecycleAct.RETIRE)
    deaths: list[str] = []

    def dies(owner: object, name: str, *, after: bool = False) -> None:
        whole = getattr(owner, name)

        def once(*arguments: object, **named: object) -> object:
            if deaths:
                return whole(*arguments, **named)
            deaths.append(step)
            if after:
                whole(*arguments, **named)
            raise Death

        monkeypatch.setattr(owner, name, once)

    call = "import_version" if rule else "retire_versions"
    dies(
        *{
            "claimed": (claims, "begin"),
            "turn": (rechecking, "prepared"),
            "before the call": (SnapLogicClient, call),
            "after the call": (SnapLogicClient, call),
            "answered": (submissions, "accept"),
            "accepted": (hooks, "resumed"),
        }[step],
        after=step == "after the call",
    )
    with pytest.raises(Death):
        until_death(job)

    found = waited(job)

    assert deaths == [step]
    had = world.imports() if rule else changes(world, LifecycleAct.RETIRE)
    if step in ("claimed", "turn"):
        world.drive(found)
        assert found.is_finished, texts(job)
        assert world.imports() == 1
    else:
        assert found.state == JobState.NEEDS_ATTENTION, texts(job)
        assert (had, found.submit_count) == (step != "before the call", 1)
