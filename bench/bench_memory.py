"""Memory of everything that `manage.py up` keeps running, idle and after imports and pages.

The sum of PSS (each process's own pages, and its share of those it has in common with others) over the supervisor and
every process below it, from /proc/PID/smaps_rollup; the emulator, which no installation has, is left out. The baseline
is the PSS of one process that has loaded a bare Django and nothing of ours, measured in the same moment.

    python -m bench.bench_memory [IMPORTS]
"""

import subprocess
import sys
import time
from pathlib import Path

from bench.figures import Targets
from bench.stack import Stack, running, wait_for
from tests.processes import ROOT

IMPORTS = 20
TARGET_MB = 400
IDLE_S = 15
ROUNDS = 10
PAGES = ("/", "/jobs/", "/packages/", "/promotions/", "/settings/", "/audit/", "/accounts/login/")
BARE_DJANGO = (
    "import django, sys; from django.conf import settings; from django.core.wsgi import get_wsgi_application;"
    "settings.configure(INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes']);"
    "get_wsgi_application(); print('ready', flush=True); sys.stdin.read()"
)


def main(imports: int) -> int:
    with running() as stack:
        time.sleep(IDLE_S)
        idle = measure(stack)
        bare = bare_django_mb()
        jobs = [stack.run(click) for click in stack.imports(imports)]
        wait_for(lambda: all_over(jobs), "the imports")
        browse(stack, jobs)
        worked = measure(stack)
    print(f"{'process':<60} {'idle':>8} {'after':>8}")
    for name in sorted({**idle, **worked}):
        print(f"{name:<60} {idle.get(name, 0):>5.1f} MB {worked.get(name, 0):>5.1f} MB")
    targets = Targets()
    for when, found in (("idle", idle), (f"after {imports} imports and {ROUNDS * (len(PAGES) + 1)} pages", worked)):
        total = sum(found.values())
        number, ratio = len(found), total / bare
        print(f"{when}: {total:.0f} MB in {number} processes; a bare Django has {bare:.0f} MB: ratio {ratio:.1f}")
        targets.at_most(f"PSS {when}", total, TARGET_MB, " MB")
    return targets.status()


def measure(stack: Stack) -> dict[str, float]:
    """MB of each process, by its title and id."""
    found: dict[str, float] = {}
    for pid, title in stack.processes().items():
        try:
            found[f"{pid} {short(title)}"] = pss_mb(pid)
        except FileNotFoundError:
            continue
    return found


def short(title: str) -> str:
    """The program by its own name, without the folder it lies in."""
    program, _, rest = title.partition(" ")
    return f"{Path(program).name} {rest.replace(f'{ROOT}/', '')}"[:50]


def pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def bare_django_mb() -> float:
    with subprocess.Popen(
        [sys.executable, "-c", BARE_DJANGO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        found = pss_mb(process.pid)
        process.stdin.close()
    return found


def all_over(jobs: list[int]) -> bool:
    from promotions.models import Job

    return all(job.is_finished for job in Job.objects.filter(pk__in=jobs))


def browse(stack: Stack, jobs: list[int]) -> None:
    for _ in range(ROUNDS):
        for page in (*PAGES, f"/jobs/{jobs[0]}/"):
            answer = stack.web.get(page, follow_redirects=True)
            assert answer.status_code == 200, (page, answer.status_code)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else IMPORTS))
