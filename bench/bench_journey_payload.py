"""Time and memory of reading and changing exported journeys of 20 MB, of three shapes, one nested 500 levels deep.

Each shape is measured in a process of its own: the growth of its resident memory at the peak (VmHWM) over what it had
with everything imported and the document read from a file; and the time against a plain `json.loads` of the
same document in the same process, which checks the document and knows nothing else of it.

    python -m bench.bench_journey_payload
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.figures import Targets

MB = 1024 * 1024
SIZE = 20 * MB
LEVELS = 500
TARGET_MB = 300
TARGET_RATIO = 40
SECRETS = 200


def main() -> int:
    targets = Targets()
    for shape, make in SHAPES.items():
        with tempfile.NamedTemporaryFile() as file:
            file.write(make())
            file.flush()
            command = [sys.executable, "-m", "bench.bench_journey_payload", file.name]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
        found = json.loads(answer.stdout)
        print(f"{shape}: {found['mb']:.1f} MB, {found['depth']} levels, {found['leaves']:,} values", end="; ")
        print(f"json.loads {found['plain_s']:.2f} s and {found['plain_mb']:.0f} MB", end="; ")
        print(f"survey {found['survey_s']:.2f} s, edited {found['edited_s']:.2f} s")
        targets.at_most(f"{shape}, resident memory", found["grown_mb"], TARGET_MB, " MB")
        targets.at_most(
            f"{shape}, survey against json.loads", found["survey_s"] / found["plain_s"], TARGET_RATIO, " times"
        )
    return targets.status()


def measure(path: Path) -> dict[str, float]:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from promotions.systems.journeys import payload

    content = path.read_bytes()
    reset_peak()
    start_mb = peak_mb()
    start = time.perf_counter()
    survey = payload.survey(content)
    survey_s = time.perf_counter() - start
    edits = {pointer: "a new value" for finding in survey.findings for pointer in finding.pointers}
    start = time.perf_counter()
    changed = payload.edited(content, edits)
    edited_s = time.perf_counter() - start
    grown_mb = peak_mb() - start_mb
    assert len(edits) >= SECRETS
    assert changed.count(b"a new value") == len(edits)
    del changed
    reset_peak()
    plain_mb = peak_mb()
    start = time.perf_counter()
    json.loads(content)
    plain_s = time.perf_counter() - start
    return {
        "mb": len(content) / MB,
        "depth": survey.depth,
        "leaves": survey.leaves,
        "survey_s": survey_s,
        "edited_s": edited_s,
        "plain_s": plain_s,
        "plain_mb": peak_mb() - plain_mb,
        "grown_mb": grown_mb,
    }


def peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def wide() -> bytes:
    """As an export looks: many steps of small members."""
    return repeated(lambda number: step(number), members={})


def deep() -> bytes:
    """Every step nests its settings as deep as asked."""

    def nested(number: int) -> dict[str, Any]:
        inner: dict[str, Any] = {"note": "x" * 2000, "delay": number}
        for level in range((LEVELS - 4) // 2):
            inner = {f"level{level % 7}": [inner, level]}
        return inner

    return repeated(nested, members={})


def flat() -> bytes:
    """Nothing but one list of numbers and one object of many members: the most values that a size can hold."""
    members = {f"{number:x}": number % 10 for number in range(400_000)}
    return repeated(lambda number: number % 10, members=members)


def repeated(make: Callable[[int], Any], members: dict[str, int]) -> bytes:
    actions = [
        {"uid": f"a{number}", "name": f"action {number}", "headers": [{"name": "k", "value": "INSERT_SECRET_HERE"}]}
        for number in range(SECRETS)
    ]
    frame = {"journey": {"name": "Large", "uid": "v1", "steps": []}, "customActions": actions, "more": members}
    start, end = json.dumps(frame).encode().split(b"[]", 1)
    pieces: list[bytes] = []
    size = len(start) + len(end)
    while size < SIZE:
        pieces.append(json.dumps(make(len(pieces))).encode())
        size += len(pieces[-1]) + 1
    return start + b"[" + b",".join(pieces) + b"]" + end


def step(number: int) -> dict[str, Any]:
    return {
        "uid": f"step-{number}",
        "nodeName": f"Step {number}",
        "nodeType": "action",
        "action": {"uid": f"act-{number}", "type": "customActionRef", "elementRef": {"uid": f"a{number % SECRETS}"}},
        "transitions": [
            {"name": "default", "targetStep": f"step-{number + 1}", "condition": f'#{{event.x}} == "{number}"'}
        ],
    }


SHAPES = {"wide": wide, "deep": deep, "flat": flat}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(Path(sys.argv[1]))))
        sys.exit()
    sys.exit(main())
