"""Thousands of running imports, each looked at every 10 s, by one worker.

Valkey, beat and the worker of the queue `tick` run as `manage.py up` runs them, on a SQLite database of their own,
against the emulator in a process of its own, where nothing ever ends. The rows are put in as the engine leaves them,
with their next looks spread over ten seconds. After a warm-up the script counts for some minutes:

- CPU of the worker, from /proc/PID/stat;
- lateness: from the moment a look was due until the row shows that it is done, sampled four times a second;
- calls that the emulator got.

The baseline in the same run asks for each job by itself, as a poller without the list would: its CPU and its number of
calls for one round.

    python -m bench.bench_following [JOBS [MINUTES]]
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench import django_alone
from bench.emulated import EXIM, Platform, emulator
from bench.figures import Targets, load, percentile
from config import embedded, programs, valkey
from tests.processes import ROOT, end, wait_until

JOBS, MINUTES = 5_000, 3
INTERVAL_S = 10
WARM_UP_S = 40
SAMPLE_S = 0.25
BASELINE_READS = 500
CORE_TARGET, LATENESS_TARGET_S = 0.5, 2.0
ROWS_A_PAGE = 100


def main(number: int, minutes: float) -> int:
    print(load())
    django_alone.prepare()
    with ExitStack() as stack:
        platform = stack.enter_context(emulator("load:500"))
        organization = platform.organization("Load")
        fill(platform, organization, number)
        base_cpu_s = ask_one_by_one(platform)
        worker = stack.enter_context(engine())
        time.sleep(WARM_UP_S)
        calls = platform.control.get("/requests", params={"since": 10**12}).json()["last"]
        cpu_s, began = cpu_seconds(worker), time.monotonic()
        lateness = watch(minutes * 60)
        seconds = time.monotonic() - began
        cpu_s = cpu_seconds(worker) - cpu_s
        told = platform.control.get("/requests", params={"since": calls}).json()["requests"]
    rounds = seconds / INTERVAL_S
    looks = len(lateness)
    cores, calls_a_round = cpu_s / seconds, len(told) / rounds
    base_cores = base_cpu_s * number / INTERVAL_S
    looks_a_round = looks / number / rounds
    print(f"{number:,} running imports for {seconds:.0f} s: {looks:,} looks, {looks_a_round:.2f} a job and round")
    print(f"{'':<28} {'one by one':>12} {'Towpath':>10} {'ratio':>8}")
    for name, base, ours in (
        ("CPU, cores", base_cores, cores),
        ("CPU s per 1,000 looks", base_cpu_s * 1000, cpu_s / looks * 1000),
        ("calls a round", float(number), calls_a_round),
    ):
        print(f"{name:<28} {base:>12.3f} {ours:>10.3f} {base / ours:>8.1f}")
    print(f"lateness median {statistics.median(lateness):.2f} s, p95 {percentile(lateness, 0.95):.2f} s")
    targets = Targets()
    targets.at_most("CPU of the worker", cores, CORE_TARGET, " cores")
    targets.at_most("lateness, p95", percentile(lateness, 0.95), LATENESS_TARGET_S, " s")
    targets.at_most("calls a round", calls_a_round, number / ROWS_A_PAGE + 1)
    targets.at_least("looks a job and round", looks_a_round, 0.95)
    return targets.status()


def fill(platform: Platform, organization: Any, number: int) -> None:
    """The imports at the emulator, and the rows that follow them."""
    from django.utils import timezone

    from promotions.choices import JobState
    from promotions.models import Job, Schedule
    from promotions.systems.packages import kinds

    platform.control.post("/load", json={"jobs": number}).raise_for_status()
    with platform.plain_client() as client:
        rows: list[dict[str, Any]] = []
        while len(rows) < number:
            query: dict[str, Any] = {"start": len(rows), "limit": ROWS_A_PAGE, "orderBy": "-created"}
            rows += client.get(f"{EXIM}/packages/jobs", params=query).raise_for_status().json()["data"]
    now = timezone.now()
    sandbox = organization.sandboxes.get(name="stage")
    Job.objects.bulk_create(
        Job(
            kind=kinds.IMPORT,
            title=row["name"],
            state=JobState.RUNNING,
            organization=organization,
            sandbox=sandbox,
            remote_id=row["id"],
            remote_status=row["jobStatus"],
            created_at=now,
            started_at=now,
            due_at=now + timedelta(seconds=INTERVAL_S * index / number),
            deadline_at=now + timedelta(hours=24),
            interval_s=INTERVAL_S,
            submit_count=1,
            raw=row,
        )
        for index, row in enumerate(rows)
    )
    # What else the clock brings is not measured here.
    for kind in (kinds.SYNCHRONIZE, kinds.DISCOVER_JOBS, *_other_routines()):
        Schedule.objects.update_or_create(
            organization=organization, kind=kind, defaults={"next_at": now + timedelta(days=1)}
        )


def _other_routines() -> list[str]:
    from promotions.engine import schedules

    return list(schedules._routines)


def ask_one_by_one(platform: Platform) -> float:
    """CPU seconds of a plain client for one look at one job."""
    from promotions.models import Job

    ids = list(Job.objects.values_list("remote_id", flat=True)[:BASELINE_READS])
    with platform.plain_client() as client:
        started = time.process_time()
        for remote_id in ids:
            client.get(f"{EXIM}/tools/job/{remote_id}").raise_for_status().json()
        return (time.process_time() - started) / len(ids)


@contextmanager
def engine() -> Iterator[int]:
    """Valkey, the worker and beat; gives the pid of the worker."""
    from django.conf import settings

    unix_socket = embedded.valkey_socket(settings.DATA_DIR)
    valkey.prepare_socket_folder(unix_socket)
    wanted = {program.name: program.command for program in programs.programs("127.0.0.1", 0)}
    environment = {**os.environ, **programs.environment(), "FOLLOW_INTERVAL_S": str(INTERVAL_S)}
    started: list[subprocess.Popen[str]] = []

    def start(command: Any) -> int:
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, text=True))
        return started[-1].pid

    try:
        start(valkey.command(valkey.find_server(), directory=settings.DATA_DIR, unix_socket=unix_socket))
        wait_until(lambda: valkey.answers(unix_socket), within_s=20, what="Valkey")
        worker = start(wanted["worker-tick"])
        start(wanted["beat"])
        yield worker
    finally:
        for process in reversed(started):
            end(process)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(seconds: float) -> list[float]:
    """How late each look was: a row that was due, and then stands there unclaimed with another time, was looked at."""
    from promotions.models import Job

    due: dict[int, datetime] = {}
    lateness: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        at = datetime.now().astimezone()
        for pk, due_at, token in Job.objects.values_list("pk", "due_at", "lease_token"):
            if token:
                continue
            before = due.get(pk)
            if before is not None and before != due_at:
                lateness.append(max(0.0, (at - before).total_seconds()))
            due[pk] = due_at
        time.sleep(max(0.0, SAMPLE_S - (datetime.now().astimezone() - at).total_seconds()))
    return lateness


if __name__ == "__main__":
    sizes = [float(word) for word in sys.argv[1:]]
    sys.exit(main(int(sizes[0]) if sizes else JOBS, sizes[1] if len(sizes) > 1 else MINUTES))
