"""A process that counts, run by the tests: counter.py FOLDER ROLE NUMBER.

Says so when it has, then waits to be ended.
"""

import sys
from pathlib import Path

import django
from django.conf import settings

from config import metrics


def main(folder: str, role: str, number: str) -> None:
    settings.configure(METRICS_DIR=Path(folder))
    django.setup()
    metrics.start(role)
    for _ in range(int(number)):
        metrics.remote_call(host_class="ims", operation="ims.token", effect="read", outcome="ok", seconds=0.2)
    sys.stdout.write("counted\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
