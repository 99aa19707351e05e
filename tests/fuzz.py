"""Calls made up from our own OpenAPI document, sent to a real installation in demo mode.

Schemathesis draws the calls; it fails on a server error, on an answer that the document does not describe, and on input
that the document forbids and the API takes.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.integration.ground.conftest import Installation
from tests.processes import ROOT, free_port, wait_until

# All that schemathesis can check without calling in an order of its own, but for two: `positive_data_acceptance` takes
# every refusal by a rule (409, 422) for a fault, and `object_level_authorization` is what the access table is for.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,"
    "allow_header_conformance,ignored_auth"
)
LISTS = (
    "organizations",
    "sandboxes",
    "people",
    "invitations",
    "packages",
    "journeys",
    "journey-copies",
    "archives",
    "api-versions",
    "promotions",
    "approvals",
    "sharing-requests",
    "partnerships",
    "transfers",
    "jobs",
    "notices",
    "job-views",
    "mail",
    "api-tokens",
    "audit",
)
ENOUGH = 200


@dataclass(frozen=True)
class World:
    """What a run may know of an installation: the caller, and which things there are."""

    token: int
    person: int
    text: str
    known: Mapping[str, list[int]]
    kept: Mapping[str, list[int]]
    """What no call may end, since the others are about it."""
    items: Mapping[str, list[dict[str, Any]]]
    names: Mapping[str, str]
    """Of packages, by id: some acts want the name typed."""


@dataclass(frozen=True)
class Report:
    """What came of a run: schemathesis' own words, the answers to each operation, and whether anything was found."""

    text: str
    seed: int
    seconds: float
    cases: int
    answers: Mapping[str, Counter[str]]
    refused_with_token: int
    is_clean: bool

    @property
    def answered(self) -> int:
        return sum(sum(found.values()) for found in self.answers.values())

    @property
    def good(self) -> int:
        return sum(_good(found) for found in self.answers.values())

    @property
    def never_good(self) -> list[str]:
        """Operations that never did what they are for."""
        return sorted(name for name, found in self.answers.items() if not _good(found))

    def summary(self) -> str:
        share = self.good / self.answered if self.answered else 0
        return (
            f"seed {self.seed}: {self.cases} cases in {self.seconds:.0f} s, {self.answered} answers, {share:.0%} of "
            f"them 2xx, {self.refused_with_token} refused with 401 in spite of the token; "
            f"{'nothing found' if self.is_clean else 'FINDINGS, see above'}"
        )

    def table(self) -> str:
        return answers_table(self.answers)


def answers_table(answers: Mapping[str, Counter[str]]) -> str:
    """Each operation with how often it answered what."""
    lines = []
    for name, found in sorted(answers.items(), key=lambda entry: entry[0].partition(" ")[::-1]):
        lines.append(f"{name:<62} " + "  ".join(f"{status}: {number}" for status, number in sorted(found.items())))
    return "\n".join(lines)


def _good(found: Mapping[str, int]) -> int:
    return sum(number for status, number in found.items() if status.startswith("2"))


def fuzz(installation: Installation, world: World, *, examples: int, seed: int, phases: str = "") -> Report:
    """Send up to `examples` made-up calls to each operation of a running installation.

    One at a time: hypothesis in threads meets a fault of Python 3.11. Several runs may go on beside each other.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        known, figures = Path(folder, "world.json"), Path(folder, "figures.json")
        known.write_text(json.dumps({**vars(world), "seed": seed}))
        run = subprocess.run(
            [
                str(Path(sys.executable).parent / "schemathesis"),
                "run",
                f"{installation.url}/api/v1/schema/",
                f"--header=Authorization: Bearer {world.text}",
                f"--checks={CHECKS}",
                f"--phases={phases or 'examples,coverage,fuzzing'}",
                f"--max-examples={examples}",
                f"--seed={seed}",
                "--workers=1",
                "--request-timeout=30",
                "--continue-on-failure",
                "--generation-database=none",
                "--suppress-health-check=all",
                "--no-color",
                "--warnings=off",
            ],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.fuzz_hooks",
                "TOWPATH_FUZZ_WORLD": str(known),
                "TOWPATH_FUZZ_FIGURES": str(figures),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        kept: dict[str, Any] = {"answers": {}, "refused_with_token": 0}
        if figures.exists():
            kept = json.loads(figures.read_text())
    cases = re.search(r"(\d[\d,]*) (?:generated|test cases)", run.stdout)
    return Report(
        text=run.stdout + run.stderr,
        seed=seed,
        seconds=time.monotonic() - began,
        cases=int(cases[1].replace(",", "")) if cases else 0,
        answers={name: Counter(found) for name, found in kept["answers"].items()},
        refused_with_token=kept["refused_with_token"],
        is_clean=run.returncode == 0,
    )


def demo_installation(folder: Path) -> Installation:
    """One with the emulator and demo data, that does not count calls."""
    installation = Installation(folder / "data")
    installation.environment.update(
        TOWPATH_MODE="demo", EMULATOR_PORT=str(free_port()), API_CALLS_PER_MINUTE="10000000", LOG_LEVEL="ERROR"
    )
    installation.up("--demo")
    return installation


def furnish(installation: Installation) -> World:
    """Make what calls could be about, as far as the demo data does not hold it, and say what there is."""
    written = installation.manage("shell", "-c", "from tests import fuzz_world; print('WORLD', fuzz_world.make())")
    found = re.search(r"WORLD (.*)", written.stdout)
    if found is None:
        raise RuntimeError(written.stderr)
    made = json.loads(found[1])
    headers = {"Authorization": f"Bearer {made['text']}"}
    with httpx.Client(base_url=f"{installation.url}/api/v1/", headers=headers, timeout=30) as api:
        items = _plan(api, made["packages"]) | {str(plan): _items(api, plan) for plan in made["values"]}
        names = {str(row["id"]): row["name"] for row in _rows(api, "packages")}
        known = {name: [row["id"] for row in _rows(api, name)] for name in LISTS if name != "audit"}
        known["audit"] = [row["sequence"] for row in _rows(api, "audit")]
        for inner in ("members", "credentials", "values"):
            known[inner] = [
                row["id"] for pk in known["organizations"] for row in _rows(api, f"organizations/{pk}/{inner}")
            ]
        known["plans"] = [*map(int, items), *made["plans"], *(row["plan"] for row in _rows(api, "approvals"))]
        known["public packages"] = [row["id"] for row in _rows(api, "packages", visibility="PUBLIC")]
        known |= {"run-checks": made["checks"], "migrations": made["migrations"], "mappings": made["mappings"]}
        known |= {"environments": made["environments"], "import plans": made["import plans"]}
        known["ended imports"] = made["ended imports"]
        known["promotion-groups"] = [row["group"] for row in _rows(api, "promotions") if row["group"]]
    return World(made["token"], made["person"], made["text"], known, made["kept"], items, names)


def _rows(api: httpx.Client, name: str, **filters: str) -> list[dict[str, Any]]:
    answer = api.get(f"{name}/", params={"limit": ENOUGH, **filters}).raise_for_status()
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def _plan(api: httpx.Client, packages: list[int]) -> dict[str, list[dict[str, Any]]]:
    """Promotions of published packages, several together, plans with items and an approval; items by plan."""
    plans: list[str] = []
    for package in packages[:4]:
        targets = api.get(f"packages/{package}/").json()["target_sandboxes"]
        for target in targets:
            made = api.post("promotions/", json={"package": package, "sandbox": target["id"]})
            plans += [made.json()["current_plan"]["url"]] if made.status_code == 201 else []
        if len(targets) > 1:
            api.post("promotion-groups/", json={"package": package, "sandboxes": [target["id"] for target in targets]})
    if not plans:
        raise RuntimeError("The demo data holds nothing that can be planned.")
    wait_until(_are_open(api, plans), within_s=60, what="open plans")
    items = {}
    for url in plans:
        plan = api.get(url).json()
        items[str(plan["id"])] = _items(api, plan["id"])
    for url in plans[1::2]:
        _decide_all(api, url)
        api.post(f"{url}approval/", json={"note": "Please"})
    return items


def _items(api: httpx.Client, plan: int) -> list[dict[str, Any]]:
    return _rows(api, f"plans/{plan}/items")


def _are_open(api: httpx.Client, plans: list[str]) -> Callable[[], bool]:
    return lambda: all(api.get(url).json()["state"] != "gathering" for url in plans)


def _decide_all(api: httpx.Client, url: str) -> None:
    undecided = api.get(f"{url}items/", params={"undecided": "true", "limit": ENOUGH}).json()["results"]
    decisions = [
        {"item": item["id"], "decision": item["choices"][0]["decision"]}
        | ({"target": item["choices"][0]["target"]["id"]} if item["choices"][0]["target"] else {})
        for item in undecided
        if item["choices"]
    ]
    if decisions:
        api.post(f"{url}decide/", json={"decisions": decisions})
