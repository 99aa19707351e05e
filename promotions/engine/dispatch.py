"""From what is due to who does it."""

import logging
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from celery import Task

from promotions import tasks
from promotions.choices import JobState
from promotions.engine import claims, registry
from promotions.engine.schedules import queue_due_routines

log = logging.getLogger(__name__)

# What is due beyond this waits a second.
CLAIMS_A_TICK = 20


def dispatch_due() -> None:
    """Claim what is due and send each piece to its queue. A message that is lost costs one lease, nothing else."""
    queue_due_routines()
    following: dict[int, list[int]] = defaultdict(list)
    token = claims.new_token()
    for claim in _claimed(token):
        if not registry.is_known(claim.kind):
            log.error("job %s: nothing here knows how to do %s", claim.job_id, claim.kind)
        elif registry.is_submission(claim.kind) and claim.state == JobState.RUNNING:
            following[claim.organization_id].append(claim.job_id)
        else:
            _task(claim.kind).delay(claim.job_id, claim.token)
    for job_ids in following.values():
        tasks.follow_organization.delay(job_ids, token)


def _task(kind: str) -> Task[Any, None]:
    is_long = registry.job_type(kind).queue == "long"
    if registry.is_submission(kind):
        return tasks.submit_long if is_long else tasks.submit
    return tasks.run_long if is_long else tasks.run_interactive


def _claimed(token: str) -> Iterator[claims.Claim]:
    """All that is due, so that the jobs of one organization come together: one reading of its list serves them all."""
    for _ in range(CLAIMS_A_TICK):
        found = claims.claim_due(claims.CLAIMED_AT_ONCE, token=token)
        yield from found
        if len(found) < claims.CLAIMED_AT_ONCE:
            return
