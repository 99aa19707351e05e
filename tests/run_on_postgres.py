"""Run the tests that use the database on a real PostgreSQL: python -m tests.run_on_postgres [pytest arguments]."""

import os
import subprocess
import sys

from tests import postgres
from tests.processes import ROOT


def main() -> int:
    programs = postgres.find_programs()
    if programs is None:
        sys.stderr.write("PostgreSQL is not on this machine. Install the postgresql package.\n")
        return 1
    with postgres.private_cluster(programs) as url:
        # Browsers and killed processes behave the same on both databases.
        command = [sys.executable, "-m", "pytest", "-m", "not browser and not crash", *sys.argv[1:]]
        return subprocess.run(command, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
