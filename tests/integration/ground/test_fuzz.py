"""Calls made up from our own OpenAPI document find nothing: the short form of bench/fuzz_api.py."""

import secrets
from pathlib import Path

import pytest

from tests.fuzz import demo_installation, furnish, fuzz
from tests.processes import end

pytestmark = pytest.mark.crash

EXAMPLES = 1


def test_made_up_calls_find_nothing_that_the_document_does_not_say(tmp_path: Path) -> None:
    seed = secrets.randbelow(2**31)
    installation = demo_installation(tmp_path)

    try:
        report = fuzz(installation, furnish(installation), examples=EXAMPLES, seed=seed)
    finally:
        end(installation.process)

    print(report.summary())  # noqa: T201  a seed repeats its run
    assert report.is_clean, f"{report.text}\n{report.summary()}"
    assert report.refused_with_token == 0, "The token stopped being good, so the calls proved nothing."
    assert report.good > report.answered / 10, f"Hardly anything was done:\n{report.table()}"
