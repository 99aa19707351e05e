import os
import subprocess
import sys

import pytest

from tests.processes import ROOT

TESTS = """
import pytest

@pytest.mark.only_on("postgresql")
def test_elsewhere():
    raise AssertionError("This holds on PostgreSQL only.")

def test_here():
    if {is_skipped}:
        pytest.skip("no program")
"""

# What the outer run has to itself: its worker, its database, its folder with the Valkey.
OUTER = ("PYTEST_", "DATABASE_", "DATA_DIR")


def run_tests(folder, *, is_skipped, **environment):
    """Run two small tests with our plugins, as CI would."""
    (folder / "test_small.py").write_text(TESTS.format(is_skipped=is_skipped))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OUTER)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), str(folder / "test_small.py"), "-q"],
        cwd=ROOT,
        env={**inherited, "TOWPATH_CI": "0", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("is_ci", "expected"), [("0", pytest.ExitCode.OK), ("1", pytest.ExitCode.TESTS_FAILED)])
def test_a_skip_fails_the_run_in_ci_only(tmp_path, is_ci, expected):
    done = run_tests(tmp_path, is_skipped=True, TOWPATH_CI=is_ci)

    assert done.returncode == expected, done.stdout + done.stderr
    assert "no program" in done.stdout


def test_a_test_of_the_other_database_is_left_out_without_a_skip(tmp_path):
    done = run_tests(tmp_path, is_skipped=False, TOWPATH_CI="1")

    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
    assert "1 passed, 1 deselected" in done.stdout
