"""The forms of the second platform's answers: the literal example bodies, and what switches change in a task."""

import copy
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[2] / "fixtures"
ORG = "5C1328435BF324E90A49402A@AdobeOrg"
EXIM = "/data/foundation/exim"
SANDBOXES = "/data/foundation/sandbox-management"
PACKAGES, OLD_JOBS, PAGE_CAP = 45, 25, 20
DAY_MS = 86_400_000

SCHEMA, MIXIN, DATASET = ("s1", "REGISTRY_SCHEMA"), ("m1", "REGISTRY_MIXIN"), ("d1", "CATALOG_DATASET")
TITLES = {"s1": "Loyalty schema", "m1": "Loyalty fields", "d1": "Loyalty dataset"}
CHILDREN = {"s1": [MIXIN], "d1": [SCHEMA], "m1": []}


def shape(name: str) -> Any:
    """A fresh copy of an example body."""
    return copy.deepcopy(json.loads((FIXTURES / f"sandbox_tooling/{name}.json").read_text()))


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


@dataclass
class Reply:
    status: int
    body: Any
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


HTML_404 = Reply(404, "<!doctype html><title>404 Not Found</title><h1>Not Found</h1>", "text/html")


def gateway(code: str, message: str) -> Reply:
    return Reply(int(code[:3]), {"error_code": code, "message": message})


def task(on: set[str], id_: str, type_: str) -> dict[str, Any]:
    task: dict[str, Any] = shape("tools.job.response")["object"]["completedTasks"][0]
    artifact = task["artifact"]
    artifact.update(id=id_, type=type_, title=TITLES[id_], newId=f"{id_}-new")
    artifact["messages"][0]["message"] = f"{type_} created. Source id={id_}; Target id={id_}-new"
    if "job words in lower case" in on:
        task["taskStatus"] = "success"
        artifact["messages"][0]["status"] = "created"
    if "tasks without messages" in on:
        del artifact["messages"]
    if "tasks say nothing" in on:
        del artifact["messages"], artifact["newId"], artifact["title"]
    if id_ == "d1" and (hidden := _hidden_error(on)):
        artifact["messages"][0]["message"] = hidden
    return task


def _hidden_error(on: set[str]) -> str:
    problem = {"status": 400, "title": "Dataset validation"}
    forms: dict[str, Any] = {
        "hidden error twice nested": json.dumps(problem),
        "hidden error within a message": {"message": json.dumps(problem)},
        "hidden error without status": {"error": "INVALID_REQUEST_PARAMS", "description": "Dataset validation"},
        "hidden error as envelope": {"status": "BAD_REQUEST", "type": "ERROR", "message": "Dataset validation"},
        "hidden error by gateway code": {"error_code": "403025", "message": "Dataset validation"},
        "hidden error in a list": [problem],
        "hidden error as a map": {"errors": {"404": [{"code": 404, "message": "Dataset validation"}]}},
    }
    return next((json.dumps(form) for name, form in forms.items() if name in on), "")
