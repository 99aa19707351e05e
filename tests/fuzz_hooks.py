"""What schemathesis is told while it makes up calls: which things there are, which to spare; and what came of it.

Without it nearly all calls would name things that do not exist, or would soon: a made-up DELETE takes away what the
others need. Read by schemathesis through SCHEMATHESIS_HOOKS; WORLD names the file with what is known of the
installation, FIGURES the one to which the numbers go.
"""

import atexit
import json
import os
import random
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import schemathesis

from tests import fuzz_apis

WORLD = json.loads(Path(os.environ["TOWPATH_FUZZ_WORLD"]).read_text())
FIGURES = Path(os.environ["TOWPATH_FUZZ_FIGURES"])
KNOWN_SHARE = 0.8
NOWHERE = 2**40
KEPT = 200
PRINTABLE = re.compile(r"[!-~][ -~]{0,253}")

# What a call names in its path, query or body, by the collection that it is in.
COLLECTION_OF = {
    "organization": "organizations",
    "sandbox": "sandboxes",
    "sandboxes": "sandboxes",
    "source": "sandboxes",
    "package": "packages",
    "packages": "packages",
    "journey": "journeys",
    "archive": "archives",
    "expressions": "archives",
    "api_version": "api-versions",
    "promotion": "promotions",
    "group": "promotion-groups",
    "person": "people",
    "requested_by": "people",
    "sharing_request": "sharing-requests",
}
# Acts that few of their collection are fit for.
FEW_FIT = {
    "/api/v1/packages/{id}/payload/": "public packages",
    "/api/v1/plans/{id}/sheet/": "mappings",
    "/api/v1/jobs/{id}/undo/": "migrations",
    "/api/v1/jobs/{id}/delete-record/": "migrations",
    **fuzz_apis.FEW_FIT,
}
# What is promoted is one of these, and others say more of it.
SOURCES = {"package": ("job_name", "job_description", "mode"), "journey": ("version",), "decisioning": ()}
PLANNED = ("/api/v1/promotions/", "/api/v1/promotion-groups/")
# Texts that have to look like the id of an organization elsewhere.
ORGANIZATION_IDS = ("partner_ids", "organization_id")
# The caller's own account and token: without them every later call would be a 401 and prove nothing.
OWN = {
    ("DELETE", "/api/v1/api-tokens/{id}/"): WORLD["token"],
    ("POST", "/api/v1/people/{id}/deactivate/"): WORLD["person"],
    ("PUT", "/api/v1/people/{id}/administrator/"): WORLD["person"],
}
# What the demo is made of: these acts find only what was made for them.
ENDS = {("DELETE", "/api/v1/organizations/{id}/"), ("DELETE", "/api/v1/credentials/{id}/")}

_choose = random.Random(WORLD["seed"])
_known: defaultdict[str, list[int]] = defaultdict(list, {name: list(ids) for name, ids in WORLD["known"].items()})
_kept = {name: frozenset(ids) for name, ids in WORLD["kept"].items()}
_items: dict[int, list[dict[str, Any]]] = {int(plan): items for plan, items in WORLD["items"].items()}
_answers: defaultdict[str, Counter[str]] = defaultdict(Counter)
_refused_with_token = 0


def _is_id(value: Any) -> bool:
    return str(value).isascii() and str(value).isdecimal() and int(value) > 0


def _one_of(collection: str) -> int | None:
    known = _known.get(collection)
    return _choose.choice(known) if known and _choose.random() < KNOWN_SHARE else None


def _with_known(value: Any, name: str = "") -> Any:
    """The same with ids of things that there are, wherever the made-up value is an id at all."""
    if isinstance(value, dict):
        return {key: _with_known(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_known(inner, name) for inner in value]
    if name in COLLECTION_OF and not isinstance(value, bool) and _is_id(value):
        return _one_of(COLLECTION_OF[name]) or value
    if name in ORGANIZATION_IDS and isinstance(value, str) and _choose.random() < KNOWN_SHARE:
        return f"{_choose.getrandbits(96):024X}@AdobeOrg"
    return value


def _of_one_source(body: dict[str, Any]) -> dict[str, Any]:
    """The same about either a package, a journey, of its latest version, or a migration within one sandbox."""
    wanted = _choose.choice([name for name in SOURCES if name in COLLECTION_OF or "sandbox" in body])
    unfit = {"version", *(name for source, more in SOURCES.items() if source != wanted for name in (source, *more))}
    kept = {name: value for name, value in body.items() if name not in unfit}
    if wanted in COLLECTION_OF:
        return {**kept, wanted: _one_of(COLLECTION_OF[wanted]) or NOWHERE}
    # Of two sandboxes that are drawn by chance, few are of one organization.
    return {**kept, wanted: {"source": kept["sandbox"]}}


def _verdicts(plan: int, body: Any) -> Any:
    """A decision on items of this very plan, from what they offer."""
    items = _items.get(plan)
    if not items or not isinstance(body, dict) or not isinstance(body.get("decisions"), list):
        return body
    chosen = _choose.sample(items, min(len(items), len(body["decisions"])))
    decisions = []
    for item in chosen:
        if item["input"] and _choose.random() < KNOWN_SHARE:
            decisions.append({"item": item["id"], "decision": "fill", "value": f"value-{_choose.getrandbits(32):x}"})
            continue
        offered = _choose.choice(item["choices"] or [{"decision": "undecided", "target": None}])
        target = {"target": offered["target"]["id"]} if offered["target"] else {}
        decisions.append({"item": item["id"], "decision": offered["decision"], **target})
    return {**body, "decisions": decisions}


def _sheet(plan: Any) -> str:
    """Lines about items of this very plan."""
    lines = [f"{item['type']},{item['title']},{_choose.choice('=-')}" for item in _items.get(plan, [])]
    return "\n".join(["kind,name,target", *lines])


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    path, parameters = case.path, case.path_parameters or {}
    pk = parameters.get("id")
    if pk is not None and _is_id(pk):
        pk = _one_of(FEW_FIT.get(path, path.split("/")[3])) or int(pk)
        act = (case.method.upper(), path)
        if act in ENDS:
            collection = path.split("/")[3]
            made = [one for one in _known[collection] if one not in _kept[collection]]
            pk = _choose.choice(made) if made else NOWHERE
        elif OWN.get(act) == pk:
            pk = NOWHERE
        case.path_parameters = {**parameters, "id": pk}
    if "uuid" in parameters and _choose.random() < KNOWN_SHARE:
        case.path_parameters = {**case.path_parameters, "uuid": _choose.choice(fuzz_apis.ACCOUNTS)}
    is_sound = case.meta is not None and case.meta.generation.mode.is_positive
    if is_sound and case.headers and PRINTABLE.fullmatch(str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = f"{_choose.getrandbits(64):x}"  # the same one again would do nothing
    if isinstance(case.query, dict):
        case.query = _with_known(case.query)
    if case.media_type == "multipart/form-data":
        # Beside the body, not in it: what schemathesis finds changed in a body with files it takes for forbidden.
        if is_sound and _choose.random() < KNOWN_SHARE and (parts := fuzz_apis.form(path, _choose, _one_of)):
            kwargs["files"] = parts
    elif isinstance(case.body, dict):
        case.body = _with_known(case.body)
        if is_sound and _choose.random() < KNOWN_SHARE:
            case.body = fuzz_apis.sensible(path, case.body, _choose, _one_of)
        if path in PLANNED and is_sound and _choose.random() < KNOWN_SHARE:
            case.body = _of_one_source(case.body)
        if path.endswith("/plans/{id}/decide/") and isinstance(pk, int) and _choose.random() < KNOWN_SHARE:
            case.body = _verdicts(pk, case.body)
        if path.endswith("/plans/{id}/sheet/") and is_sound and _choose.random() < KNOWN_SHARE:
            case.body = {**case.body, "text": _sheet(pk)}
        if "typed_name" in case.body and _choose.random() < KNOWN_SHARE:
            case.body = {**case.body, "typed_name": WORLD["names"].get(str(pk), "Nothing")}


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    global _refused_with_token
    status = response.status_code
    if case.method.upper() == case.operation.method.upper():  # others are tried to see them refused
        _answers[f"{case.method.upper()} {case.path}"][str(status)] += 1
    if status == 401 and response.request.headers.get("Authorization", [""])[0] == f"Bearer {WORLD['text']}":
        _refused_with_token += 1
    if 200 <= status < 300 and "json" in (response.headers.get("content-type") or [""])[0]:
        _learn(case.path, response.json())


def _learn(path: str, body: Any) -> None:
    if not isinstance(body, dict):
        return
    collection = path.rstrip("/").rpartition("/")[2]
    rows = body.get("results") if isinstance(body.get("results"), list) else [body]
    for row in rows or ():
        if isinstance(row, dict):
            if not collection.startswith("{") and isinstance(row.get("id"), int) and "url" not in row:
                _keep(collection, row["id"])
            for address in re.findall(r"/api/v1/([a-z-]+)/(\d+)/", json.dumps(row)):
                _keep(address[0], int(address[1]))


def _keep(collection: str, pk: int) -> None:
    known = _known[collection]
    if pk not in known:
        if len(known) >= KEPT:
            known.pop(_choose.randrange(len(known)))
        known.append(pk)


@atexit.register
def _write() -> None:
    FIGURES.write_text(json.dumps({"answers": _answers, "refused_with_token": _refused_with_token}))
