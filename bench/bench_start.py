"""How long a second start takes until the first page: python -m bench.bench_start [rounds]."""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.processes import ROOT, descendants, free_port, still_running

TARGET_S = 5.0


def start_and_stop(data_dir: Path) -> tuple[float, float]:
    """Seconds from the command to its word that it is ready, and from SIGTERM to the end."""
    environment = {**os.environ, "TOWPATH_MODE": "demo", "DATA_DIR": str(data_dir), "PORT": str(free_port())}
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--demo"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    seen = ""
    while "Towpath is ready" not in seen:
        line = process.stdout.readline()
        assert line, f"It ended instead of starting:\n{seen}"
        seen += line
    ready_s = time.monotonic() - started
    family = descendants(process.pid)
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    assert process.wait() == 0
    assert not still_running(family)
    return ready_s, time.monotonic() - asked


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        first_s, _ = start_and_stop(Path(folder))
        again = [start_and_stop(Path(folder)) for _ in range(rounds)]
    starts, stops = zip(*again, strict=True)
    print(f"first start {first_s:.2f} s")
    print(f"next starts {statistics.median(starts):.2f} s (median of {rounds}), slowest {max(starts):.2f} s")
    print(f"stops       {statistics.median(stops):.2f} s (median of {rounds}), slowest {max(stops):.2f} s")
    return 0 if max(starts) < TARGET_S else 1


if __name__ == "__main__":
    sys.exit(main())
