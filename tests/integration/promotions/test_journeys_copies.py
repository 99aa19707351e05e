"""What an import of a journey has really made: errors that only the designer shows, copies that can hardly be seen."""

import json

import pytest

from promotions.choices import Decision, ItemKind, JobState, ResultOutcome, Verification
from promotions.models import Journey, JourneyCopy, SealedValue
from promotions.services import decisions, jobs
from promotions.services.decisions import Verdict
from promotions.systems.journeys.connection import journeys as authoring
from tests.integration.promotions.conftest import run_due
from tests.integration.promotions.journeys_world import IMPORT, NAME, SETTLE, World, fresh, texts, traces_of, world

__all__ = ["world"]

# The same on every database: the engine's own tests run on both.
pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]

WRONG_SCHEMA = "https://ns.adobe.com/acme/schemas/0000000000000000"


def test_a_wrong_schema_makes_a_copy_that_is_told_not_to_be_publishable(world: World) -> None:
    plan = world.fill(world.plan())
    item = plan.items.get(type="Event schema")
    decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.FILL, value=WRONG_SCHEMA)], actor=world.operator)

    item.refresh_from_db()
    assert "lists no schema of this id" in (item.target or {})["consequence"]
    job = world.run(plan)

    sentence = f"Event addedEvent_copy: the XDM schema {WRONG_SCHEMA} is unknown in this sandbox"
    assert job.state == JobState.PARTLY_FAILED, texts(job)
    assert sentence in job.problem
    assert "Mend the copy in its designer" in world.words(job)
    assert JourneyCopy.objects.get(job=job).problems == [f"ERR_EVENT_XDM: {sentence}"]
    rows = list(job.results.order_by("position"))
    assert (rows[0].outcome, rows[0].title) == (ResultOutcome.HIDDEN_ERROR, f"{NAME}_copy")
    # What has errors cannot be exported, so nobody can say what it uses.
    others = [row for row in rows[1:] if row.outcome == ResultOutcome.CREATED]
    assert {row.verification for row in others} == {Verification.NOT_CONFIRMED}
    assert "can't export journey version" in others[0].verification_text
    assert not SealedValue.objects.exists()


def test_a_copy_that_cannot_be_exported_is_confirmed_as_far_as_it_is_seen(world: World) -> None:
    job = world.requested()
    run_due()
    world.platform.arm("GET", "*/export", "status", status=403, probability=1)

    world.drive(job)

    assert fresh(job).state == JobState.SUCCEEDED, texts(job)
    assert job.result["verified"] == 1
    assert "1 of " in world.words(job)


def test_a_copy_whose_export_is_refused_for_errors_is_no_success_whatever_else_is_silent(world: World) -> None:
    job = world.requested()
    run_due()
    refusal = {"status": 500, "error": {"code": 1324, "message": "can't export journey version: x"}}
    world.platform.arm("GET", "*/export", "status", status=500, body=refusal, probability=1)

    world.drive(job)

    assert fresh(job).state == JobState.PARTLY_FAILED, texts(job)
    assert "can't export journey version" in job.problem
    assert "can't export journey version" in JourneyCopy.objects.get(job=job).problems[0]


def test_a_copy_that_is_not_shown_right_after_is_waited_for(world: World) -> None:
    job = world.requested()
    world.platform.arm("GET", "*/latest", "status", status=404, body={"status": 404, "error": {"code": 1452}}, count=3)

    world.drive(job)

    assert fresh(job).state == JobState.SUCCEEDED, texts(job)
    assert "Could not look at it" in texts(job)
    assert world.sent() == 1


def test_an_answer_without_effect_is_found_out_and_erases_nothing_before_a_person_says_so(world: World) -> None:
    job = world.requested()
    world.platform.arm("POST", IMPORT, "hidden_error", count=1)

    world.drive(job)

    assert fresh(job).state == JobState.NEEDS_ATTENTION, texts(job)
    assert "the platform does not know it" in job.problem
    assert SealedValue.objects.exists()
    jobs.close(job=job, actor=world.operator, reason="It is not there")
    assert not SealedValue.objects.exists()


def test_what_the_target_shows_of_a_copy_does_not_show_its_secrets(world: World) -> None:
    """Nothing promises that the platform keeps what it was given to itself."""
    secret = "s3cret-of-the-robot"
    plan = world.plan()
    for item in plan.items.filter(must_decide=True, input="secret"):
        decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.FILL, value=secret)], actor=world.operator)
    job = world.requested(world.fill(plan))
    said = {"canDeploy": {"validationStatus": "error", "errors": [{"errorCode": "E1", "error": f"{secret} is weak"}]}}
    version = {"uid": "v", "journey": "j", "name": "n", "state": "draft", "steps": [{"value": secret}], **said}
    run_due()
    world.platform.arm("GET", "*/latest", "error_in_200", body={"result": version}, count=1)

    world.drive(job)

    assert fresh(job).state == JobState.PARTLY_FAILED, texts(job)
    assert "[redacted] is weak" in job.problem
    assert traces_of(secret) == []


def test_a_person_who_names_the_journey_in_place_of_its_version_is_understood(world: World) -> None:
    world.platform.switch(journey_keep_description=False)
    job = world.requested()
    world.platform.arm("POST", IMPORT, "reset", when="after", count=1)
    for _ in range(3):
        run_due(later=SETTLE)
    [version_uid] = fresh(job).result["candidates"]
    with authoring(world.acme, sandbox="stage") as client:
        [row] = [row for row in client.list_journeys().items if row.latest_version_uid == version_uid]

    jobs.adopt(job=fresh(job), remote_id=row.uid, actor=world.operator, reason="I looked")

    assert world.drive(job).state == JobState.SUCCEEDED, texts(job)
    copy = JourneyCopy.objects.get(job=job)
    assert (copy.uid, copy.version_uid, copy.name) == (row.uid, version_uid, f"{NAME}_copy")
    assert job.result["verifications"][Verification.CONFIRMED] > 1


def test_without_anything_to_fill_in_one_confirmation_is_all(world: World) -> None:
    journey = world.journey("Bare", secrets=0)
    with authoring(world.acme, sandbox="dev") as client:
        document = json.loads(client.export(journey.latest_version_uid).content)
        document["events"] = []
        for step in document["journey"]["steps"]:
            step["transitions"] = [{**one, "eventId": None} for one in step["transitions"]]
        client.import_version(json.dumps(document).encode())
    plan = world.plan(world.known("Bare_copy"))
    [item] = [item for item in plan.items.all() if item.must_decide]
    assert (item.kind, item.decision) == (ItemKind.CONFIRMATION, Decision.UNDECIDED)
    assert "A draft copy of “Bare_copy” is made in stage" in item.explanation

    job = world.run(world.fill(plan))

    assert job.state in (JobState.SUCCEEDED, JobState.SUCCEEDED_WITH_WARNINGS), job.problem
    assert world.imports() == 2  # the one by hand, and ours


def test_running_the_same_again_warns_of_the_first_copy_and_makes_a_second(world: World) -> None:
    journey = world.journey()
    world.run(world.fill(world.plan(journey)))

    plan = world.plan(journey)
    second = world.run(world.fill(plan))

    assert [one["name"] for one in plan.display["earlier"]] == [f"{NAME}_copy"]
    assert second.state == JobState.SUCCEEDED, second.problem
    assert [copy.name for copy in JourneyCopy.objects.order_by("pk")] == [f"{NAME}_copy", f"{NAME}_copy2"]


def test_a_copy_that_is_promoted_onward_carries_one_mark_the_latest(world: World) -> None:
    first = world.run(world.fill(world.plan()))
    version_uid = JourneyCopy.objects.get(job=first).version_uid
    with authoring(world.acme, sandbox="stage") as client:
        [row] = [row for row in client.list_journeys().items if row.latest_version_uid == version_uid]
        world.take_in("stage", client)
    journey = Journey.objects.get(uid=row.uid)
    dev = world.acme.sandboxes.get(name="dev")

    second = world.run(world.fill(world.plan(journey, dev)))

    assert second.state == JobState.SUCCEEDED, second.problem
    descriptions = [effect["description"] for effect in world.platform.effects_of("journeys.import")]
    assert descriptions == [f"{NAME}, added [{first.marker}]", f"{NAME}, added [{second.marker}]"]


@pytest.mark.parametrize(
    "switches",
    [
        {"journey_import_bare": True, "journey_list_in": "data", "journey_export_in_result": True},
        {"journey_builtin_revision": 1, "journey_epoch_times": True, "journey_error_as_text": True},
        {"list_artifacts": False, "journey_retrieve": False, "journey_list_versions": False},
    ],
    ids=["other envelopes", "first revision", "fewer calls"],
)
def test_an_import_runs_through_whatever_the_documents_leave_open(world: World, switches: dict[str, object]) -> None:
    journey = world.journey()
    world.platform.switch(**switches)
    world.acme.service_urls = {"journeys": f"{world.platform.url}/journey/orchestration"}
    world.acme.save(update_fields=["service_urls"])

    plan = world.fill(world.plan(journey))
    job = world.run(plan)

    # Where the platform lists no schemas, keeping the id is all that is offered, and here the target has another.
    is_blind = not switches.get("list_artifacts", True)
    assert job.state == (JobState.PARTLY_FAILED if is_blind else JobState.SUCCEEDED), texts(job)
    assert world.imports() == 1
    assert plan.items.get(type="Event schema").decision == (Decision.KEEP if is_blind else Decision.REUSE)
    assert not SealedValue.objects.exists()


def test_a_state_that_nobody_has_documented_is_shown_as_it_is(world: World) -> None:
    job = world.requested()
    world.platform.arm("POST", IMPORT, "unknown_status", value="QUARANTINED", count=1)

    world.drive(job)

    assert (fresh(job).state, job.remote_status) == (JobState.SUCCEEDED, "QUARANTINED"), texts(job)
