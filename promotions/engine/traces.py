"""What came back of a write, and what was looked for and found of it: kept for a person who may have to decide."""

from typing import Any

from django.utils import timezone

from promotions.choices import ACTIVE
from promotions.engine.registry import LookUp
from promotions.models import Job

ANSWER = "answer"
LOOK_UPS = "look_ups"
LOOK_UPS_COUNT = "look_ups_count"
# A job that is looked for all day leaves the latest ones; the number of all is kept.
KEPT = 12


def answered(job: Job, words: str) -> None:
    """Note what came back of the sending that is under way."""
    _store(job, {ANSWER: {"sent": job.submit_count, "words": words}})


def answer_of(job: Job) -> str:
    """What came back when it was sent last; nothing if nothing was read."""
    kept = job.params.get(ANSWER, {})
    return str(kept["words"]) if kept.get("sent") == job.submit_count else ""


def looked(job: Job, found: LookUp) -> None:
    """Note a search that came to an end, and what it can and cannot tell."""
    _keep(
        job,
        {
            "is_complete": found.is_complete,
            "since": found.since.isoformat() if found.since else "",
            "rows": found.rows,
            "found": list(found.remote_ids),
            "similar": list(found.similar),
            **({"names": dict(found.names)} if found.names else {}),
        },
    )


def could_not_look(job: Job, why: str) -> None:
    _keep(job, {"failed": why})


def _keep(job: Job, entry: dict[str, Any]) -> None:
    """Without raising where the claim has passed on: what was found must still be acted on."""
    former = job.params.get(LOOK_UPS, [])
    entries = [*former, {"at": timezone.now().isoformat(), **entry}][-KEPT:]
    _store(job, {LOOK_UPS: entries, LOOK_UPS_COUNT: job.params.get(LOOK_UPS_COUNT, len(former)) + 1})


def _store(job: Job, facts: dict[str, Any]) -> None:
    """Without raising where the claim has passed on: what was found must still be acted on."""
    params = {**job.params, **facts}
    held = Job.objects.filter(pk=job.pk, lease_token=job.lease_token, state__in=ACTIVE).exclude(lease_token="")
    if held.update(params=params):
        job.params = params
