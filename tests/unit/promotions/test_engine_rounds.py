"""Jobs of one organization are looked at together, however many there are and whenever each was last looked at."""

import base64
import json

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from accounts.models import Organization
from promotions.engine import claims, dispatch, following
from promotions.models import Job
from tests.factories import OrganizationFactory
from tests.unit.promotions.engine_doubles import Post, post, running_letter

__all__ = ["post"]

pytestmark = pytest.mark.django_db


def running(number: int, organization: Organization, **fields: object) -> list[Job]:
    values = {"remote_status": "IN_PROGRESS", "interval_s": 10, **fields}
    return [running_letter(f"remote-{n}", organization=organization, **values) for n in range(number)]


def sent_to_follow() -> list[list[int]]:
    """The jobs of each message that asks for a look, as they lie in the real queue."""
    queue = redis.from_url(settings.REDIS_URL).lrange("tick", 0, -1)
    messages = [json.loads(message) for message in queue]
    asked = [message for message in messages if message["headers"]["task"].endswith("follow_organization")]
    return [json.loads(base64.b64decode(message["body"]))[0][0] for message in asked]


def test_all_that_is_due_in_an_organization_goes_into_one_message(
    post: Post, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "CLAIMED_AT_ONCE", 3)
    here = running(8, organization)
    there = running(2, OrganizationFactory())

    dispatch.dispatch_due()

    asked = sorted(sorted(ids) for ids in sent_to_follow())
    assert asked == sorted(sorted(job.pk for job in jobs) for jobs in (here, there))


def test_a_tick_takes_no_more_than_it_should(
    post: Post, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "CLAIMED_AT_ONCE", 2)
    monkeypatch.setattr(dispatch, "CLAIMS_A_TICK", 3)
    running(8, organization)

    dispatch.dispatch_due()

    assert [len(ids) for ids in sent_to_follow()] == [6]
    assert Job.objects.filter(due_at__lte=timezone.now()).count() == 2


def test_jobs_begun_in_several_batches_are_all_begun(
    post: Post, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = running(7, organization)
    found = claims.claim_due()
    monkeypatch.setattr(claims, "CLAIMED_AT_ONCE", 3)

    begun = claims.begin_all([one.job_id for one in found], found[0].token)
    claims.hand_back_all(begun, after=following._until_round(10, organization_id=organization.pk), attempts=0)

    assert {job.pk for job in begun} == {job.pk for job in jobs}
    assert not Job.objects.exclude(lease_token="").exists()


@pytest.mark.parametrize("interval_s", [2, 3, 10, 30])
@pytest.mark.parametrize("organization_id", [1, 2, 500])
def test_the_next_round_is_half_an_interval_to_one_and_a_half_away_and_the_same_for_all(
    interval_s: int, organization_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = set()
    for tenth in range(interval_s * 10):
        now = 1_700_000_000 + tenth / 10
        monkeypatch.setattr("promotions.engine.following.time.time", lambda now=now: now)
        wait_s = following._until_round(interval_s, organization_id=organization_id).total_seconds()
        assert interval_s / 2 <= wait_s <= interval_s * 1.5
        rounds.add(round(now + wait_s, 3))

    assert len(rounds) <= 2
