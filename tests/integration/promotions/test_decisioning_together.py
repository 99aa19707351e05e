"""Two people who take one migration back, or run one plan, at the same moment."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import Organization, User
from promotions.choices import JobState, PromotionMode
from promotions.models import Job, Plan, Promotion
from promotions.services import runs, undoing
from promotions.services.errors import ConflictError, NotReadyError, RefusedError
from tests.integration.promotions.conftest import Platform, connect_organization
from tests.integration.promotions.decisioning_world import MIGRATE, ROLL_BACK, World, texts, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme(transactional_db: None, platform: Platform) -> Organization:
    return connect_organization(platform, "Acme")


def at_once(act: Callable[[], object], times: int = 3) -> list[str]:
    """What comes of it when several do the same at one moment."""
    barrier = threading.Barrier(times)
    found: list[str] = []

    def do() -> None:
        try:
            barrier.wait(timeout=30)
            act()
            found.append("done")
        except (ConflictError, NotReadyError, RefusedError):
            found.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=do) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def test_of_several_at_once_one_runs_the_migration_and_one_takes_it_back(world: World, operator: User) -> None:
    things = world.shelves()["dev"]["decision_management"]
    ids = tuple(one["id"] for one in things if one["name"] == "Gift wrap")
    plan = world.map(world.plan(level="offer", ids=ids))

    ran = at_once(lambda: runs.request_run(plan=Plan.objects.get(pk=plan.pk), actor=operator))

    job = Job.objects.get(kind=MIGRATE)
    assert (ran, world.drive(job).state) == (["done", "told", "told"], JobState.SUCCEEDED), texts(job)

    planned = at_once(lambda: undoing.undo(job=Job.objects.get(pk=job.pk), reason="Twice", actor=operator))

    promotion = Promotion.objects.get(mode=PromotionMode.UNDO)
    undo = world.map(world.gathered(promotion))
    taken = at_once(lambda: runs.request_run(plan=Plan.objects.get(pk=undo.pk), actor=operator))
    assert planned == taken == ["done", "told", "told"]
    assert world.drive(Job.objects.get(kind=ROLL_BACK)).state == JobState.SUCCEEDED
    assert (world.begun(MIGRATE), world.begun(ROLL_BACK)) == (1, 1)
