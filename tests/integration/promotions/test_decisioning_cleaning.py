"""Deleting records of workflows, which the first revision of the service offers to service users."""

from typing import Any

import pytest

from emulator.credentials import describe
from promotions.choices import JobState
from promotions.models import Job
from promotions.services import decisioning_records, undoing
from promotions.services.errors import RefusedError
from tests.factories import CredentialFactory
from tests.integration.promotions.decisioning_world import World, preparing, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def analysis(world: World) -> Job:
    """One that is over, in the dialect that deletes records."""
    world.speak("r1")
    return world.drive(preparing(world.planned().current_plan))


def become_service_user(world: World) -> None:
    described = next(one for one in describe("demo", world.platform.url)["organizations"] if one["name"] == "Acme")
    found = next(one for one in described["credentials"] if one.get("service_user"))
    world.acme.credentials.update(is_primary=False)
    CredentialFactory(
        organization=world.acme,
        kind=found["kind"],
        client_id=found["client_id"],
        secret=found["client_secret"],
        scopes=found["scopes"],
        is_primary=True,
    )


def deleted(world: World, job: Job) -> Job:
    return world.drive(decisioning_records.request_deletion(job=job, actor=world.operator))


def test_a_service_user_deletes_a_record_once(world: World, analysis: Job) -> None:
    become_service_user(world)

    deletion = deleted(world, analysis)

    assert deletion.state == JobState.SUCCEEDED, deletion.problem
    assert world.platform.effects("decisioning.delete") == 1
    assert [one["id"] for one in world.workflows()] == []
    with pytest.raises(RefusedError, match=f"Job {deletion.pk} deletes it already, or has."):
        deleted(world, analysis)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (None, "Only service users may delete workflows, and this credential is not one. Use a service user's"),
        (412, "has changed since it was read, so it was not deleted. Read it again, then delete it"),
        (428, "did not reach the service, so nothing was deleted. Check whether a proxy in between removes"),
    ],
)
def test_a_refusal_is_explained_and_leaves_the_record(
    world: World, analysis: Job, fault: int | None, said: str
) -> None:
    if fault is not None:
        become_service_user(world)
        world.platform.arm("DELETE", "*/migration/service/dependency/*", "status", status=fault)

    deletion = deleted(world, analysis)

    assert deletion.state == JobState.FAILED
    assert said in deletion.problem
    assert fault != 412 or "Delete it here once more: it is read again first." in deletion.problem
    assert [one["id"] for one in world.workflows()] == [analysis.remote_id]
    assert decisioning_records.reason_not_to_delete(analysis) == ""


def test_a_lost_answer_is_looked_for_and_not_repeated(world: World, analysis: Job) -> None:
    become_service_user(world)
    world.platform.arm("DELETE", "*/migration/service/dependency/*", "reset", when="after")

    deletion = deleted(world, analysis)

    assert deletion.state == JobState.SUCCEEDED, deletion.problem
    assert world.platform.effects("decisioning.delete") == 1


def test_nothing_is_deleted_that_was_gone_or_has_no_such_revision(world: World, analysis: Job) -> None:
    deletion: Any = decisioning_records.request_deletion(job=analysis, actor=world.operator)
    world.platform.forget(f"workflows/{analysis.remote_id}")

    gone = world.drive(deletion)

    assert (gone.state, gone.submit_count) == (JobState.SUCCEEDED_WITH_WARNINGS, 0)
    world.speak("r4")
    analysis.refresh_from_db()
    assert "in its first revision only" in decisioning_records.reason_not_to_delete(analysis)


def test_a_migration_without_its_record_is_not_rolled_back(world: World, analysis: Job) -> None:
    become_service_user(world)
    migration = world.run()
    assert undoing.reason_not_to_undo(migration) == ""

    deletion = deleted(world, migration)

    assert deletion.state == JobState.SUCCEEDED, deletion.problem
    assert undoing.reason_not_to_undo(migration).startswith(f"Job {deletion.pk} deletes its record")
