"""Many at once who want a slot, leave its line, or free it."""

import threading
from collections.abc import Callable, Sequence

import pytest
from django.db import connection

from accounts.choices import Role
from accounts.models import User
from promotions.choices import JobState
from promotions.engine import claims, endings, slots
from promotions.engine.registry import Ending
from promotions.models import Job
from promotions.services import jobs
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.unit.promotions.engine_doubles import Post, claim, fresh, letter, post, work_on

__all__ = ["post"]

pytestmark = pytest.mark.django_db(transaction=True)
SLOT = "presses:1"


def together(*acts: Callable[[], object]) -> list[object]:
    """What each answers, or raises, when all begin at the same moment."""
    barrier = threading.Barrier(len(acts))
    found: list[object] = []

    def do(act: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=30)
            found.append(act())
        except Exception as exc:
            found.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def claimed(job: Job) -> Job:
    job.lease_token = claim(job)
    return job


def line(length: int) -> Sequence[Job]:
    organization = OrganizationFactory()
    return [letter(slot=SLOT, organization=organization) for _ in range(length)]


def test_of_many_who_look_at_once_the_first_in_line_has_the_slot(post: Post) -> None:
    waiting = [claimed(job) for job in line(4)]

    found = together(*(lambda job=job: slots.take(job) for job in waiting))

    assert sorted(found, key=str) == [False, False, False, True]
    assert [fresh(job).holds_slot for job in waiting] == [True, False, False, False]


def test_many_who_leave_the_line_while_its_holder_ends_block_nobody(post: Post) -> None:
    holder, *waiting = line(6)
    person: User = UserFactory()
    MembershipFactory(user=person, organization=holder.organization, role=Role.OPERATOR)
    assert slots.take(claimed(holder))
    *leaving, staying = waiting

    found = together(
        lambda: endings.end(holder, Ending(state=JobState.FAILED)),
        *(lambda job=job: jobs.cancel(job=job, actor=person) for job in leaving),
    )

    assert [one for one in found if isinstance(one, Exception)] == []
    assert {fresh(job).state for job in leaving} == {JobState.CANCELLED}
    work_on(staying)
    assert post.sent == [staying.pk]
    assert Job.objects.filter(holds_slot=True).get() == staying


def test_a_slot_is_not_given_away_while_a_worker_that_holds_it_has_lost_its_claim(post: Post) -> None:
    first, second = line(2)
    assert slots.take(claimed(first))
    Job.objects.filter(pk=first.pk).update(lease_token="somebody else's")

    with pytest.raises(claims.LeaseLostError):
        claims.keep(first, progress_text="still here")
    work_on(second)

    assert post.sent == []
    assert fresh(first).holds_slot
