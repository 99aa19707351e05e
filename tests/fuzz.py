"""Calls made up from our own OpenAPI document, sent to a real installation in demo mode.

Schemathesis draws the calls; it fails on a server error, on an answer that the document does not describe, and on input
that the document forbids and the API takes.
"""

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.integration.ground.conftest import Installation
from tests.processes import free_port

# Checks that ask for more than the document promises: what `unsupported_method` and `ignored_auth` look for stands in
# the access table, for every route and role.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,unsupported_method,ignored_auth"
)
TOKEN_OF_ADMINISTRATOR = """
from accounts.models import User
from accounts.services import api_tokens
user = User.objects.filter(is_superuser=True).first()
print("TOKEN", api_tokens.create_api_token(user=user, name="fuzz", actor=user)[1])
"""


@dataclass(frozen=True)
class Report:
    """What came of a run: schemathesis' own words, the number of calls, and whether anything was found."""

    text: str
    cases: int
    is_clean: bool


def fuzz(installation: Installation, *, examples: int, seed: int, workers: int) -> Report:
    """Send up to `examples` made-up calls to each operation of a running installation."""
    made = installation.manage("shell", "-c", TOKEN_OF_ADMINISTRATOR)
    token = re.search(r"TOKEN (\S+)", made.stdout)
    if token is None:
        raise RuntimeError(made.stderr)
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [
                str(Path(sys.executable).parent / "schemathesis"),
                "run",
                f"{installation.url}/api/v1/schema/",
                f"--header=Authorization: Bearer {token[1]}",
                f"--checks={CHECKS}",
                "--phases=examples,coverage,fuzzing",
                f"--max-examples={examples}",
                f"--seed={seed}",
                f"--workers={workers}",
                "--request-timeout=30",
                "--continue-on-failure",
                "--generation-database=none",
                "--suppress-health-check=all",
                "--no-color",
                "--warnings=off",
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    cases = re.search(r"(\d[\d,]*) (?:generated|test cases)", run.stdout)
    return Report(run.stdout + run.stderr, int(cases[1].replace(",", "")) if cases else 0, is_clean=run.returncode == 0)


def demo_installation(folder: Path) -> Installation:
    """One with the emulator and demo data, that does not count calls."""
    installation = Installation(folder / "data")
    installation.environment.update(
        TOWPATH_MODE="demo", EMULATOR_PORT=str(free_port()), API_CALLS_PER_MINUTE="10000000", LOG_LEVEL="ERROR"
    )
    installation.up("--demo")
    return installation
