"""A process that counts, run by the tests: counter.py FOLDER ROLE NUMBER.

Each count comes from a thread of its own, all at the same moment. Says so when it has, then waits to be ended.
"""

import sys
import threading
from pathlib import Path

import django
from django.conf import settings

from config import metrics


def main(folder: str, role: str, number: str) -> None:
    settings.configure(METRICS_DIR=Path(folder))
    django.setup()
    metrics.start(role)
    together = threading.Barrier(int(number))
    threads = [threading.Thread(target=count_once, args=[together]) for _ in range(int(number))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write("counted\n")
    sys.stdout.flush()
    sys.stdin.read()


def count_once(together: threading.Barrier) -> None:
    together.wait()
    metrics.remote_call(host_class="ims", operation="ims.token", effect="read", outcome="ok", seconds=0.2)


if __name__ == "__main__":
    main(*sys.argv[1:])
