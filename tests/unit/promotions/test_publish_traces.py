"""What tells that a package was published after the answer to the call was lost."""

from typing import Any

import pytest

from clients.sandbox_tooling import RemotePackage
from promotions.systems.packages.publishing import _has_moved


def package(status: str, version: int | None) -> RemotePackage:
    nothing: dict[str, Any] = dict.fromkeys(RemotePackage.__dataclass_fields__)
    return RemotePackage(**{**nothing, "id": "p", "status": status, "version": version})


@pytest.mark.parametrize(
    ("before", "status", "version", "has_moved"),
    [
        ("DRAFT", "DRAFT", 1, False),
        ("DRAFT", "DRAFT", 2, False),
        ("DRAFT", "PUBLISH_IN_PROGRESS", 2, True),
        ("DRAFT", "PUBLISHED", None, True),
        ("PUBLISH_FAILED", "PUBLISH_FAILED", 1, False),
        ("PUBLISH_FAILED", "PUBLISH_FAILED", 3, True),
        ("PUBLISH_FAILED", "DRAFT", 2, False),
    ],
    ids=["nothing", "edited", "under way", "done", "as it was", "failed again", "made a draft"],
)
def test_only_a_publishing_counts_as_its_trace(before: str, status: str, version: int | None, has_moved: bool) -> None:
    assert _has_moved(package(status, version), {"status": before, "version": 1}) is has_moved
