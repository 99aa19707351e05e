"""Driving the engine in this process, without a broker: for commands that must work where no worker runs."""

from promotions.choices import JobState
from promotions.engine import activities, claims, following, registry, submissions


def run_due() -> int:
    """Do everything that is due, one piece after the other; returns how many pieces there were."""
    claimed = claims.claim_due()
    for claim in claimed:
        if not registry.is_known(claim.kind):
            continue  # a newer or older version of Towpath left it
        if not registry.is_submission(claim.kind):
            activities.run(claim.job_id, claim.token)
        elif claim.state == JobState.RUNNING:
            following.follow([claim.job_id], claim.token)
        else:
            submissions.step(claim.job_id, claim.token)
    return len(claimed)
