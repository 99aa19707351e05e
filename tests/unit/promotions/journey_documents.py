"""Documents of journeys for tests: small ones by hand, in the shape of an export."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.processes import ROOT

FIXTURES = ROOT / "tests" / "fixtures" / "journeys"


def fixture(name: str) -> bytes:
    return Path(FIXTURES / name).read_bytes()


def step(uid: str, kind: str, *to: str | tuple[str, str], name: str = "", **settings: Any) -> dict[str, Any]:
    """A step; each of `to` is a target, or a label and a target."""
    paths = [("default", target) if isinstance(target, str) else target for target in to]
    return {
        "uid": uid,
        "nodeName": name or uid,
        "nodeType": kind,
        "transitions": [{"name": label, "targetStep": target} for label, target in paths],
        **settings,
    }


def journey(*steps: dict[str, Any], **members: Any) -> dict[str, Any]:
    """An export of a journey with these steps, which starts at the first."""
    start = steps[0]["uid"] if steps else ""
    return {"journey": {"name": "Winback", "initialStep": start, "steps": list(steps)}, **members}


def as_bytes(document: dict[str, Any] | Sequence[Any]) -> bytes:
    return json.dumps(document).encode()
