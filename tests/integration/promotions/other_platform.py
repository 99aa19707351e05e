"""A second platform, written from the published documents alone: where they leave a choice open, switches take each.

It holds one organization in memory, answers in the literal form of the example bodies, and knows nothing of the
emulator. A job moves on by one step with every look at its detail.
"""

import copy
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.integration.promotions.other_platform_forms import (
    CHILDREN,
    DATASET,
    DAY_MS,
    EXIM,
    HTML_404,
    MIXIN,
    OLD_JOBS,
    ORG,
    PACKAGES,
    PAGE_CAP,
    SANDBOXES,
    SCHEMA,
    TITLES,
    Reply,
    gateway,
    now_ms,
    shape,
    task,
)


class OtherPlatform:
    """The memory and the answers. `on` are the names of the switches that are turned on."""

    def __init__(self, on: set[str]) -> None:
        self.on = on
        self.log: list[tuple[str, str, int]] = []
        self.tokens: dict[str, int] = {}
        self.calls: dict[str, int] = {}
        start = now_ms() - 30 * DAY_MS
        self.packages: dict[str, dict[str, Any]] = {
            f"{n:032x}": {"name": f"Package {n}", "status": "PUBLISHED", "at": start + n * 1000, "version": 2}
            for n in range(1, PACKAGES + 1)
        }
        self.packages[f"{1:032x}"]["name"] = "Loyalty"
        self.packages[f"{2:032x}"].update(name="Draft", status="DRAFT", version=0)
        self.jobs: list[dict[str, Any]] = [
            {
                "id": f"{n:031x}a",
                "name": f"Old {n}",
                "description": "",
                "at": start if "old jobs of one moment" in on else start + n * 60_000,
                "type": "EXPORT" if n % 2 else "IMPORT",
                "status": "SUCCESS",
                "sandbox": "stage",
                "tasks": [],
                "looks": 9,
                "snapshot": str(uuid.uuid4()),
            }
            for n in range(OLD_JOBS)
        ]
        self.in_target: dict[str, list[dict[str, Any]]] = {
            "s1": [{"id": "s-there", "type": SCHEMA[1], "found": False, "count": 0, "title": TITLES["s1"]}]
        }
        if "all like something" in on:
            self.in_target["m1"] = [{"id": "m-there", "type": MIXIN[1], "found": False, "count": 0, "title": "Others"}]

    def sent(self, path: str, *, done_only: bool = False) -> int:
        """How many writes to a path came in, or were not turned away."""
        return sum(bool(re.search(path, p)) and (not done_only or status < 300) for _, p, status in self.log)

    # The door: authorization, routes

    def answer(self, method: str, url: str, headers: Any, body: bytes) -> Reply:
        parts = urlsplit(url)
        path, query = parts.path, parse_qs(parts.query)
        reply = self._answer(method, path, query, headers, body)
        is_service = reply.content_type == "application/json"  # a web page in front of it is no answer of it
        self.log.append((method, path.rstrip("/"), reply.status if is_service else 502))
        return reply

    def _enveloped(self, reply: Reply) -> Reply:
        if reply.status >= 300 or (isinstance(reply.body, dict) and "object" in reply.body):
            return reply
        return Reply(reply.status, {"status": "OK", "type": "SUCCESS", "message": "Found", "object": reply.body})

    def _answer(self, method: str, path: str, query: dict[str, list[str]], headers: Any, body: bytes) -> Reply:
        if path.startswith("/ims/token/v3"):
            return self._token(body)
        if refusal := self._refused(headers):
            return refusal
        if "another 401 for an import" in self.on and path.endswith("/packages/import"):
            return Reply(401, {"error_code": "401001", "message": "Unauthorized"})
        self.calls[path] = self.calls.get(path, 0) + 1
        is_first = self.calls[path] == 1
        if "a web page first" in self.on and is_first and path.startswith(EXIM):
            return Reply(200, "<html><title>Sign in to the proxy</title></html>", "text/html")
        if "another 401 first" in self.on and is_first and not path.endswith(("/import", "/export")):
            return Reply(401, {"error_code": "401001", "message": "Unauthorized"})
        if "busy first" in self.on and is_first:
            return Reply(429, {"title": "RequestRateTooLarge", "status": 429, "retryAfterMs": ["5"]})
        if not path.startswith(EXIM):
            return self._sandboxes(path)
        if not path.endswith("/"):
            if "slash or 404" in self.on:
                return HTML_404
            if "slash or redirect" in self.on:
                return Reply(308, "", "text/html", {"Location": f"{path}/"})
        sandbox = headers.get("x-sandbox-name")
        if sandbox not in ("dev", "stage", "prod"):
            return Reply(
                400, {"type": "about:blank", "status": 400, "title": "Unknown sandbox", "detail": str(sandbox)}
            )
        loaded = json.loads(body) if body else None
        reply = self._exim(method, path[len(EXIM) :].strip("/"), query, loaded)
        return self._enveloped(reply) if "envelopes everywhere" in self.on else reply

    def _token(self, body: bytes) -> Reply:
        if "client_id=otherkey" not in body.decode():
            return Reply(401, {"error": "invalid_client", "error_description": "invalid client_secret parameter"})
        value = f"token-{len(self.tokens) + 1}"
        self.tokens[value] = 0
        answer = {"access_token": value, "token_type": "bearer", "expires_in": 86399}
        if "expiry as text" in self.on:
            answer["expires_in"] = "86399"
        if "expiry in ms" in self.on:
            answer["expires_in"] = 86399992
        if "no token type" in self.on:
            del answer["token_type"]
        return Reply(201 if "token answers 201" in self.on else 200, answer)

    def _refused(self, headers: Any) -> Reply | None:
        token = (headers.get("Authorization") or "").removeprefix("Bearer ")
        if not token:
            return gateway("403010", "Oauth token is missing.")
        if token not in self.tokens:
            return gateway("401013", "Oauth token is not valid")
        self.tokens[token] += 1
        if "tokens last 7 calls" in self.on and self.tokens[token] > 7:
            return gateway("401013", "Oauth token is not valid")
        if headers.get("x-api-key") != "otherkey":
            return gateway("403003", "Api Key is invalid")
        return None if headers.get("x-gw-ims-org-id") == ORG else gateway("403025", "Profile is not valid")

    def _sandboxes(self, path: str) -> Reply:
        if path.rstrip("/") == f"{SANDBOXES}/sandboxes":
            if "no sandbox administrator" in self.on:
                return Reply(403, {"title": "Not a sandbox administrator", "status": 403})
        elif path != f"{SANDBOXES}/":
            return HTML_404
        body = shape("sandboxes.list.response")
        for row in body["sandboxes"]:
            if "sandbox words in capitals" in self.on:
                row["state"], row["type"] = row["state"].upper(), row["type"].upper()
            if "sandbox words unknown" in self.on and row["name"] != "stage":
                row["state"], row["type"] = "hibernating", "sandcastle"
            if "sandboxes bare" in self.on:
                for name in ("state", "region", "isDefault", "title"):
                    row.pop(name)
            if "no prod sandbox" in self.on:
                row["isDefault"] = False
        if "no prod sandbox" in self.on:
            body["sandboxes"] = [row for row in body["sandboxes"] if row["name"] != "prod"]
        if "no page facts" in self.on:
            body = {"sandboxes": body["sandboxes"]}
        return Reply(200, body)

    def _exim(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Reply:
        routes: list[tuple[str, str, Callable[..., Reply]]] = [
            ("GET", "packages", lambda: self._list_packages(query)),
            ("PUT", "packages/update", lambda: self._make_public(body)),
            ("GET", "packages/jobs", lambda: self._list_jobs(query)),
            ("PUT" if "import by PUT" in self.on else "POST", "packages/import", lambda: self._import(body)),
            ("GET", "packages/preflight/([^/]+)/export", lambda key: self._preflight(key)),
            ("GET", "packages/([^/]+)/export", self._publish),
            ("GET", "packages/([^/]+)/import", lambda key: self._conflicts(key)),
            ("POST", "packages/([^/]+)/children", lambda key: self._children(body)),
            ("GET", "tools/job/([^/]+)", self._job) if "no job detail" not in self.on else ("GET", "x", self._job),
            ("GET", "packages/([^/]+)", self._get_package),
        ]
        if "preflight under export only" not in self.on:
            routes.insert(0, ("GET", "packages/preflight/([^/]+)", lambda key: self._preflight(key)))
        if "make public under update only" not in self.on:
            routes.insert(0, ("PUT", "packages", lambda: self._make_public(body)))
        is_route = False
        for verb, pattern, handler in routes:
            if found := re.fullmatch(pattern, path):
                is_route = True
                if verb == method:
                    return handler(*(unquote(part) for part in found.groups()))
        return Reply(405, {"error": "Method Not Allowed"}) if is_route else HTML_404

    # Small choices of form

    def _time(self, ms: int) -> Any:
        for name, value in (
            ("times ISO", datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")),
            ("times in seconds", ms // 1000),
            ("times as text", str(ms)),
            ("times zero", 0),
            ("times null", None),
        ):
            if name in self.on:
                return value
        return ms

    def _page(self, rows: list[Any], query: dict[str, list[str]]) -> Reply:
        start, limit = int(query.get("start", ["0"])[0]), int(query.get("limit", ["20"])[0])
        if "pages capped" in self.on:
            limit = min(limit, PAGE_CAP)
        if "rows repeated" in self.on and start:
            start -= 2  # two rows came in on top since the page before
        body = {
            "totalElements": len(rows) + (start % 7 if "totals move" in self.on else 0),
            "currentPage": start // limit,
            "totalPages": -(-len(rows) // limit),
            "hasPreviousPage": start > 0,
            "hasNextPage": start + limit < len(rows),
            "data": rows[start : start + limit],
        }
        if "no hasNextPage" in self.on:
            del body["hasNextPage"]
        if "no page facts" in self.on:
            body = {"data": body["data"]}
        if "hasNextPage always" in self.on:
            body["hasNextPage"] = True
        if "hasNextPage never" in self.on:
            body["hasNextPage"] = False
        if "last page for ever" in self.on:
            body["hasNextPage"], body["data"] = True, body["data"] or rows[-limit:]
            del body["totalElements"]
        return Reply(200, body)

    def _missing(self, what: str) -> Reply:
        if "404 as HTML" in self.on:
            return HTML_404
        return Reply(404, {"status": "NOT_FOUND", "type": "ERROR", "message": f"{what} not found", "object": None})

    def _bad(self, message: str) -> Reply:
        if "bad requests are 403" in self.on:
            return Reply(403, {"status": "FORBIDDEN", "type": "ERROR", "message": message, "object": None})
        return Reply(400, {"status": "BAD_REQUEST", "type": "ERROR", "message": message, "object": None})

    # Packages

    def _package(self, key: str) -> dict[str, Any]:
        held = self.packages[key]
        row: dict[str, Any] = shape("packages.get.response")
        row.update(id=key, name=held["name"], status=held["status"], version=held["version"])
        row["createdDate"] = row["modifiedDate"] = row["publishDate"] = self._time(held["at"])
        row["expiry"] = self._time(now_ms() // DAY_MS * DAY_MS + 60 * DAY_MS)
        row["sourceSandbox"]["name"] = "dev"
        row["packageVisibility"] = "PRIVATE"
        row["artifactsList"] = [
            {"id": id_, "type": type_, "found": False, "count": 0, "title": TITLES[id_]}
            for id_, type_ in (SCHEMA, DATASET)
        ]
        if held["status"] == "DRAFT":
            del row["publishDate"]
        if "artifacts, untitled" in self.on:
            row["artifacts"] = [{"id": found["id"], "type": found["type"]} for found in row.pop("artifactsList")]
        if "type for packageType" in self.on:
            row["type"] = row.pop("packageType")
        if "package words in lower case" in self.on:
            for name in ("packageType", "status", "packageVisibility"):
                row[name] = row[name].lower()
        if "no versions" in self.on:
            del row["version"]
        return row

    def _list_packages(self, query: dict[str, list[str]]) -> Reply:
        if "orderby refused" in self.on and "orderby" in query:
            return self._bad("Unknown field in orderby")
        keys = sorted(self.packages, reverse="orderby ignored" not in self.on)
        return self._page([self._package(key) for key in keys], query)

    def _get_package(self, key: str) -> Reply:
        if key not in self.packages or "no look at packages" in self.on:
            return self._missing("Package")
        held = self.packages[key]
        if held["status"] == "PUBLISH_IN_PROGRESS":
            held.update(looks=held.get("looks", 0) + 1)
            if held["looks"] > 2:
                held.update(status="PUBLISHED", version=held["version"] + 1, at=now_ms())
        return Reply(200, self._package(key))

    def _make_public(self, body: Any) -> Reply:
        row = shape("packages.update-visibility.response")
        row.update(id=body["id"], packageVisibility=body["packageVisibility"])
        return Reply(202, row)

    def _publish(self, key: str) -> Reply:
        held = self.packages[key]
        if held["status"] != "DRAFT":
            return self._bad("Package is not a draft")
        held.update(status="PUBLISH_IN_PROGRESS", version=held["version"] + 1)
        return self._accepted("packages.export.response", held["name"], "EXPORT", "", "", 200)

    # Imports

    def _accepted(self, form: str, name: str, kind: str, description: str, sandbox: str, status: int) -> Reply:
        if "description cut" in self.on:
            description = description[:255]
        job = {
            "id": uuid.uuid4().hex,
            "name": name,
            "description": description,
            "at": now_ms(),
            "type": kind,
            "status": "PENDING",
            "sandbox": sandbox,
            "tasks": [],
            "looks": 0,
            "snapshot": str(uuid.uuid4()),
        }
        self.jobs.append(job)
        receipt = shape(form)
        receipt.update(name=name, description=description, jobId=job["id"], correlationId=job["snapshot"])
        if "no jobId" in self.on:
            del receipt["jobId"]
        if "no correlationId" in self.on:
            del receipt["correlationId"]
        return Reply(status, receipt)

    def _import(self, body: Any) -> Reply:
        if "import refused" in self.on:
            return self._bad("Package status is not PUBLISHED")
        sandbox = body["destinationSandbox"]["name"]
        reply = self._accepted(
            "packages.import-submit.response", body["name"], "IMPORT", body["description"], sandbox, 202
        )
        self.jobs[-1]["tasks"] = [ref for ref in (MIXIN, SCHEMA, DATASET) if ref[0] not in body["alternatives"]]
        if "answer of import lost" in self.on:
            return Reply(202, {})
        return reply

    def _conflicts(self, key: str) -> Reply:
        rows = []
        for id_, type_ in (SCHEMA, MIXIN, DATASET):
            artifact: dict[str, Any] = {"id": id_, "type": type_, "found": False, "count": 0}
            if "conflicts titled" in self.on:
                artifact["title"] = TITLES[id_]
            suggestions = copy.deepcopy(self.in_target.get(id_, []))
            for found in suggestions:
                if "suggestions without type" in self.on:
                    del found["type"]
                if "suggestions without title" in self.on:
                    del found["title"]
            row: dict[str, Any] = {
                "artifact": artifact,
                "suggestionList": suggestions,
                "parentID": f"{ORG}::dev::{type_}::{id_}",
            }
            if "conflicts bare" in self.on:
                del row["parentID"]
                row["suggestionList"] = row["suggestionList"] or None
            if "conflicts without type" in self.on:
                del artifact["type"]
            if suggestions or "empty suggestions" in self.on or "conflicts bare" in self.on:
                rows.append(row)
        return Reply(200, rows)

    def _children(self, body: Any) -> Reply:
        rows = [
            {
                "id": asked["id"],
                "title": TITLES[asked["id"]],
                "type": asked["type"],
                "children": [{"id": id_, "title": TITLES[id_], "type": type_} for id_, type_ in CHILDREN[asked["id"]]],
            }
            for asked in body
        ]
        if "children bare" in self.on:
            rows = [{"id": row["id"], "type": row["type"], "children": row["children"] or None} for row in rows]
        return Reply(200 if "children answer 200" in self.on else 201, rows)

    def _preflight(self, key: str) -> Reply:
        body = shape("packages.preflight.response")
        row = body["permissionResponse"][0]
        body.update(packageID=key, targetSandboxName="stage", permissionResponse=[])
        for id_, type_ in (SCHEMA, MIXIN, DATASET):
            body["permissionResponse"].append({**copy.deepcopy(row), "artifactID": id_, "artifactType": type_})
        for found in body["permissionResponse"]:
            if "no creationAllowed" in self.on:
                del found["creationAllowed"]
            if "rights untyped" in self.on:
                del found["artifactType"]
            if "unknown resources" in self.on:
                found["requiredPermissions"]["resources"][0]["palmResourceType"] = "Towpath"
        if "preflight empty" in self.on:
            body["permissionResponse"] = []
        if "preflight null" in self.on:
            body["permissionResponse"] = None
        return Reply(200, body)

    # Jobs

    def _status(self, job: dict[str, Any]) -> str:
        status: str = job["status"]
        if status == "SUCCESS" and job["looks"] < 9:
            ends = {"cancelled at the end": "CANCELLED", "failed tasks": "FAILED", "unknown status": "ARCHIVED"}
            status = next((word for name, word in ends.items() if name in self.on), status)
        return status.lower() if "job words in lower case" in self.on else status

    def _list_jobs(self, query: dict[str, list[str]]) -> Reply:
        if "orderby refused" in self.on and "orderby" in query:
            return self._bad("Unknown field in orderby")
        wanted = [value.partition("==")[2] for value in query.get("property", []) if value.startswith("requestType==")]
        if "no job detail" in self.on:
            for job in self.jobs:
                self._move_on(job)
        jobs = sorted(self.jobs, key=lambda job: job["at"], reverse="orderby ignored" not in self.on)
        if "requestType ignored" not in self.on:
            jobs = [job for job in jobs if not wanted or job["type"] in wanted]
        return self._page([self._job_row(job) for job in jobs], query)

    def _job_row(self, job: dict[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = shape("packages.jobs.response")["data"][0]
        row.update(id=job["id"], name=job["name"], description=job["description"], jobStatus=self._status(job))
        row["created"] = row["updated"] = self._time(job["at"])
        row.update(sourceSandBox="dev", targetSandbox=job["sandbox"])
        if not job["sandbox"]:
            del row["targetSandbox"]
        if "sandboxes as objects" in self.on:
            row["sourceSandbox"] = {"name": row.pop("sourceSandBox"), "imsOrgId": ORG}
            row["targetSandbox"] = {"name": job["sandbox"], "imsOrgId": ORG}
        if "rows name the package" in self.on:
            row.update(packageId=f"{1:032x}", requestType=job["type"])
        if "description left out" in self.on or "description in detail only" in self.on:
            row["description"] = None
        return row

    def _job(self, key: str) -> Reply:
        job = next((job for job in self.jobs if job["id"] == key), None)
        if job is None:
            return self._missing("Job")
        self._move_on(job)
        body = shape("tools.job.response")
        detail = body["object"]
        detail.update(id=key, name=job["name"], description=job["description"], requestType=job["type"])
        detail.update(jobStatus=self._status(job), snapshotId=job["snapshot"])
        detail["createdTimestamp"] = detail["modifiedTimestamp"] = self._time(job["at"])
        detail["sourceSandbox"]["name"], detail["destinationSandbox"]["name"] = "dev", job["sandbox"] or "dev"
        detail["importReplacementMap"], detail["sourceParentArtifactMap"] = {}, {}
        is_done = job["status"] == "SUCCESS"
        detail["completedTasks"] = [task(self.on, *ref) for ref in job["tasks"]] if is_done else []
        detail["failedTasks"] = []
        if job["tasks"] and is_done and "failed tasks" in self.on:
            detail["failedTasks"] = [detail["completedTasks"].pop()]
            detail["failedTasks"][0].update(taskStatus="FAILED")
            detail["failedTasks"][0]["artifact"].update(messages=["The catalog is closed"])
            del detail["failedTasks"][0]["artifact"]["newId"]
        if "description left out" in self.on:
            detail["description"] = None
        if "no snapshotId" in self.on:
            del detail["snapshotId"]
        if "no envelope" in self.on:
            return Reply(200, detail)
        if "envelope of errors" in self.on:
            body.update(status="INTERNAL_SERVER_ERROR", type="ERROR", message="Job is not complete")
        return Reply(200, body)

    def _move_on(self, job: dict[str, Any]) -> None:
        job["looks"] += 1
        if job["status"] == "PENDING":
            job["status"] = "IN_PROGRESS"
        elif job["status"] == "IN_PROGRESS":
            job["status"] = "SUCCESS"
            for id_, type_ in [] if "target never shows it" in self.on else job["tasks"]:
                new = {"id": f"{id_}-new", "type": type_, "found": False, "count": 0, "title": TITLES[id_]}
                self.in_target.setdefault(id_, []).append(new)
