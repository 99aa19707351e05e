"""Imports that are stopped in the middle, on a running installation: mid_job.py EMULATOR_URL begin STEP | end JOB.

Prints what there is as JSON.
"""

import json
import os
import sys
from typing import Any

import django
from django.utils import timezone

from tests.crash.installation import Target, wait_for
from tests.crash.write import ACTIVE
from tests.crash.writes import ImportWrite

NO_SUPERVISOR = 0
SO_SLOW_THAT_IT_CANNOT_END = 0.01
QUICK = 20


def slow_down(target: Target, seconds: float) -> None:
    target.tell("latency", seconds=seconds)


def main(emulator_url: str, act: str, what: str) -> None:
    from promotions.models import Job, Package

    target = Target(NO_SUPERVISOR, emulator_url)
    if act == "begin":
        used = Job.objects.filter(marker__isnull=False).count()
        importable = Package.objects.filter(organization=target.acme, package_type="PARTIAL", source_sandbox="dev")
        package = importable.importable(timezone.now()).order_by("name")[used]
        write = ImportWrite(target, package, target.acme.sandboxes.get(name="stage"))
        wait_for(write.is_ready, "the plan")
        job = write.queue()
        if what == "sent":
            slow_down(target, 1.5)
        else:
            target.tell("clock", speed=SO_SLOW_THAT_IT_CANNOT_END)
        write.begin()
        wait_for(lambda: _has_reached(write, what), f"{what} of job {job.pk}")
    else:
        slow_down(target, 0)
        target.tell("clock", speed=QUICK)
        job = Job.objects.get(pk=what)
        wait_for(lambda: _is_over(job), f"the end of job {job.pk}")
    job.refresh_from_db()
    mark = f"[{job.marker}]"
    imports = sum((effect["description"] or "").endswith(mark) for effect in target.effects("import"))
    facts = {"job": job.pk, "state": job.state, "sent": job.submit_count, "problem": job.problem}
    sys.stdout.write(json.dumps({**facts, "imports": imports}))


def _has_reached(write: ImportWrite, step: str) -> bool:
    write.refresh()
    return write.is_over or (write.state != "queued" if step == "sent" else write.is_running)


def _is_over(job: Any) -> bool:
    job.refresh_from_db(fields=["state"])
    return job.state not in ACTIVE


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    main(*sys.argv[1:])
