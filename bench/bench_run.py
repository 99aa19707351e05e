"""From the click on Run to the first call at the platform that is about that import.

A demo installation with its emulator, every process as `make demo` starts it. Each sample posts the form of one decided
plan over HTTP and waits, at another moment of the tick's second, until the emulator has logged a call that names the
package. Both times are the same machine's clock. Beside each sample the same client asks /healthz, which touches
neither database nor queue: that bare round trip to the web process is the baseline.

    python -m bench.bench_run [SAMPLES]
"""

import random
import statistics
import sys
import time
from typing import Any

from bench.figures import Targets, load, percentile
from bench.stack import Click, Stack, running, wait_for

SAMPLES = 100
TARGET_P95_MS = 150


def main(samples: int) -> int:
    print(load())
    with running() as stack:
        clicks = stack.imports(samples)
        bare, answered, called = [], [], []
        for click in clicks:
            time.sleep(random.uniform(0.2, 1.2))
            bare.append(round_trip_ms(stack))
            answer_ms, call_ms = click_ms(stack, click)
            answered.append(answer_ms)
            called.append(call_ms)
    print(f"{samples} clicks                    median      p95      max")
    for name, values in (("bare round trip", bare), ("answer to the click", answered), ("first remote call", called)):
        middle, high = statistics.median(values), percentile(values, 0.95)
        print(f"{name:<26} {middle:>6.1f} ms {high:>5.1f} ms {max(values):>5.1f} ms")
    high = percentile(called, 0.95)
    print(f"first remote call against the bare round trip: ratio {high / percentile(bare, 0.95):.1f} (p95)")
    targets = Targets()
    targets.at_most("click on Run to the first remote call, p95", high, TARGET_P95_MS, " ms")
    return targets.status()


def round_trip_ms(stack: Stack) -> float:
    started = time.perf_counter()
    stack.web.get("/healthz").raise_for_status()
    return (time.perf_counter() - started) * 1000


def click_ms(stack: Stack, click: Click) -> tuple[float, float]:
    """Until the answer of the web process, and until the emulator was called about this package."""
    seen: int = stack.emulator.get("/requests", params={"since": 10**12}).json()["last"]
    clicked_at = time.time()
    stack.run(click)
    answer_ms = (time.time() - clicked_at) * 1000
    calls: list[dict[str, Any]] = []

    def is_called() -> bool:
        fresh = stack.emulator.get("/requests", params={"since": seen}).json()["requests"]
        calls[:] = [entry for entry in fresh if click.package_id in str((entry["path"], entry["query"], entry["body"]))]
        return bool(calls)

    wait_for(is_called, f"a call for {click.path}")
    return answer_ms, calls[0]["at"] - clicked_at * 1000


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES))
