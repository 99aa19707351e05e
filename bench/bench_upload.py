"""Memory of the web process while it takes an upload of 500 MB, and of the worker while it imports that.

A zip of that size, of bytes that cannot be packed, goes over HTTP to the REST API of a real installation; then it is
planned and imported into the emulator's SnapLogic. The baseline is the same with 5 MB, before it, in the same run.
The peak of a group of processes is its PSS before, and what the resident memory of each process has at most grown by
since then (VmHWM, begun anew with /proc/PID/clear_refs), so that no sample can miss it.

    python -m bench.bench_upload [MEGABYTES]
"""

import json
import random
import sys
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from bench.bench_memory import pss_mb
from bench.figures import Targets
from bench.stack import OPERATOR, Stack, running, wait_for
from tests.processes import descendants

SMALL_MB, LARGE_MB = 5, 500
TARGET_MB = 200
ENVIRONMENT = "acme-dev"
PIECE_MB = 10
GROUPS = {"web": ("web",), "workers": ("worker-interactive", "worker-long")}
WITHIN_S = 900


@dataclass
class Figure:
    """Peaks in MB, and what they rose from, by group."""

    size_mb: int
    seconds: dict[str, float]
    before: dict[str, float]
    peak: dict[str, float]


def main(large_mb: int) -> int:
    with running(ARCHIVE_MAX_MB=str(large_mb + PIECE_MB)) as stack:
        token = api_token()
        figures = [measure(stack, token, size_mb) for size_mb in (SMALL_MB, large_mb)]
    small, large = figures
    print(f"{'':<28}{SMALL_MB:>12} MB{large_mb:>12} MB      ratio")
    for name in small.seconds:
        print(f"{name + ', s':<28}{small.seconds[name]:>15.1f}{large.seconds[name]:>15.1f}{'':>11}")
    for name in GROUPS:
        ratio = large.peak[name] / small.peak[name]
        print(f"{'peak of ' + name + ', MB':<28}{small.peak[name]:>15.1f}{large.peak[name]:>15.1f}{ratio:>11.2f}")
        grown = large.peak[name] - large.before[name]
        print(f"{'  above what it had':<28}{small.peak[name] - small.before[name]:>15.1f}{grown:>15.1f}")
    targets = Targets()
    for name in GROUPS:
        targets.at_most(f"peak of {name} with {large_mb} MB", large.peak[name], TARGET_MB, " MB")
    return targets.status()


def measure(stack: Stack, token: str, size_mb: int) -> Figure:
    """One upload and its import, with whatever else the installation does meanwhile."""
    from promotions.models import Archive

    path = stack.installation.data_dir.parent / f"{size_mb}.zip"
    make_zip(path, size_mb)
    figure = Figure(size_mb, {}, {}, {})
    with peaks_of(stack, figure):
        started = time.monotonic()
        archive = Archive.objects.get(pk=upload(stack, token, path))
        figure.seconds["upload"] = time.monotonic() - started
        path.unlink()
        run(stack, archive, figure)
    return figure


def make_zip(path: Path, size_mb: int) -> None:
    """An exported version as the emulator reads it, in files of bytes that no packing makes smaller."""
    source = random.Random(size_mb)
    names = [f"data_{number}.bin" for number in range(-(-size_mb // PIECE_MB))]
    metadata = {
        "kind": "apim_version",
        "class_version": 1,
        "org": ENVIRONMENT,
        "api": "bench",
        "version": "1.0",
        "snode_id": "0" * 24,
        "assets": [
            {
                "type": "File",
                "name": name,
                "path": name,
                "snode_id": f"{number:024x}",
                "asset_id": str(uuid.UUID(int=number + 1)),
            }
            for number, name in enumerate(names)
        ],
    }
    piece = source.randbytes(min(size_mb, PIECE_MB) << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("export.json", json.dumps(metadata), zipfile.ZIP_DEFLATED)
        for number, name in enumerate(names):
            archive.writestr(name, piece[number:] + piece[:number])


def api_token() -> str:
    from accounts.models import User
    from accounts.services import api_tokens

    person = User.objects.get(email=OPERATOR)
    return api_tokens.create_api_token(user=person, name="Bench", actor=person)[1]


def upload(stack: Stack, token: str, path: Path) -> int:
    """As a script would; the file is read while it is sent."""
    from accounts.models import Organization

    organization = Organization.objects.get(remote_id=ENVIRONMENT)
    with path.open("rb") as file:
        answer = httpx.post(
            f"{stack.installation.url}/api/v1/archives/",
            headers={"Authorization": f"Bearer {token}"},
            data={"organization": str(organization.pk)},
            files={"file": (path.name, file, "application/zip")},
            timeout=WITHIN_S,
        )
    assert answer.status_code == 201, (answer.status_code, answer.text[:2000])
    return int(answer.json()["id"])


def run(stack: Stack, archive: Any, figure: Figure) -> None:
    from accounts.models import User
    from promotions.choices import Decision, JobState
    from promotions.services import api_version_plans, decisions, runs

    actor = User.objects.get(email=OPERATOR)
    started = time.monotonic()
    promotion = api_version_plans.plan_import(
        source=archive, target=archive.organization, api="bench", version=f"{figure.size_mb}.0", actor=actor
    )
    wait_for(partial(is_open, promotion), "the plan", within_s=WITHIN_S)
    figure.seconds["plan"] = time.monotonic() - started
    plan = promotion.current_plan
    items = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED)
    verdicts = [decisions.Verdict(item.pk, Decision(item.choices[0]["decision"])) for item in items]
    decisions.decide(plan=plan, verdicts=verdicts, actor=actor)
    started = time.monotonic()
    job = runs.request_run(plan=promotion.current_plan, actor=actor)
    wait_for(partial(is_over, job), "the import", within_s=WITHIN_S)
    figure.seconds["import"] = time.monotonic() - started
    assert job.state == JobState.SUCCEEDED, (job.state, job.problem)
    [effect] = stack.emulator.get("/effects", params={"operation": "snaplogic.import"}).json()["effects"][-1:]
    assert effect["document"] == archive.sha256, "The zip did not arrive as it was."


def is_open(promotion: Any) -> bool:
    return bool(promotion.current_plan.state == "open")


def is_over(job: Any) -> bool:
    job.refresh_from_db()
    return job.state not in ("queued", "submitting", "running")


@contextmanager
def peaks_of(stack: Stack, figure: Figure) -> Iterator[None]:
    """Note what each group had before, and the most that it can have had meanwhile."""
    groups = {name: processes(stack, children) for name, children in GROUPS.items()}
    resident = {pid: rss_mb(pid, "VmRSS") for pids in groups.values() for pid in pids}
    figure.before = {name: sum(map(pss_mb, pids)) for name, pids in groups.items()}
    for pid in resident:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    yield
    figure.peak = {
        name: figure.before[name] + sum(max(0.0, rss_mb(pid, "VmHWM") - resident[pid]) for pid in pids)
        for name, pids in groups.items()
    }


def processes(stack: Stack, children: tuple[str, ...]) -> list[int]:
    """With all that they have started."""
    found: Mapping[str, int] = stack.installation.children()
    return sorted({pid for name in children for pid in ({found[name]} | descendants(found[name]))})


def rss_mb(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE_MB))
