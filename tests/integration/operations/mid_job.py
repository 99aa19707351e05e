"""Imports that are stopped in the middle, on a running installation: mid_job.py EMULATOR_URL begin STEP | end JOB.

Prints what there is as JSON.
"""

import json
import os
import sys

import django

from tests.crash.installation import Target, wait_for
from tests.crash.storm import Storm

NO_SUPERVISOR = 0
SO_SLOW_THAT_IT_CANNOT_END = 0.01
QUICK = 20


def slow_down(target: Target, seconds: float) -> None:
    target.emulator.post("/latency", json={"seconds": seconds}).raise_for_status()


def main(emulator_url: str, act: str, what: str) -> None:
    from promotions.choices import PlanState
    from promotions.models import Job

    target = Target(NO_SUPERVISOR, emulator_url)
    storm = Storm(target)
    if act == "begin":
        used = Job.objects.filter(marker__isnull=False).count()
        promotion = target.plan(storm.packages[used], target.acme.sandboxes.get(name="stage"))
        wait_for(lambda: promotion.current_plan.state == PlanState.OPEN, "the plan")
        job = target.queue(promotion)
        if what == "sent":
            slow_down(target, 1.5)
        else:
            target.emulator.post("/clock", json={"speed": SO_SLOW_THAT_IT_CANNOT_END}).raise_for_status()
        target.start(job)
        wait_for(lambda: storm.has_reached(job, what), f"{what} of job {job.pk}")
    else:
        slow_down(target, 0)
        target.emulator.post("/clock", json={"speed": QUICK}).raise_for_status()
        job = Job.objects.get(pk=what)
        wait_for(lambda: storm.is_over(job), f"the end of job {job.pk}")
    job.refresh_from_db()
    facts = {"job": job.pk, "state": job.state, "sent": job.submit_count, "problem": job.problem}
    sys.stdout.write(json.dumps({**facts, "imports": target.imports_by_marker().get(job.marker or "", 0)}))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    main(*sys.argv[1:])
