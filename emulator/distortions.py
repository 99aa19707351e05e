"""Answers that are in form and still not what a client expects."""

from typing import Any

# What no sample shows empty, but no text promises either.
_TEXTS = frozenset(
    {
        "title",
        "description",
        "message",
        "createdBy",
        "createdByName",
        "modifiedBy",
        "modifiedByName",
        "lastModifiedBy",
        "lastDeployedBy",
        "tenantId",
        "visibility",
        "packageVisibility",
        "region",
        "jobHash",
    }
)
_TIMES = frozenset(
    {
        "created",
        "updated",
        "createdDate",
        "modifiedDate",
        "publishDate",
        "createdTimestamp",
        "modifiedTimestamp",
    }
)


def with_status(body: Any, status: str) -> Any:
    """The same answer with a status nobody has documented, wherever a package or a job shows one."""
    if isinstance(body, list):
        return [with_status(entry, status) for entry in body]
    if not isinstance(body, dict):
        return body
    if "_links" in body and "status" in body:  # a workflow, whose result has none of its own
        return {**body, "status": status}
    if isinstance(body.get("data"), list):
        return {**body, "data": with_status(body["data"], status)}
    for name in ("object", "result", "response_map"):
        if isinstance(body.get(name), dict):
            return {**body, name: with_status(body[name], status)}
    for name in ("results", "journeyVersions"):
        if isinstance(body.get(name), list):
            body = {**body, name: with_status(body[name], status)}
    name = next((one for one in ("jobStatus", "state") if one in body), "status")
    return {**body, name: status} if name in body else body


def with_nulls(body: Any) -> Any:
    """The same answer with null for its optional texts, 0 for its times, and without the messages of its tasks."""
    if isinstance(body, list):
        return [with_nulls(entry) for entry in body]
    if not isinstance(body, dict):
        return body
    return {
        name: None if name in _TEXTS else 0 if name in _TIMES else with_nulls(value)
        for name, value in body.items()
        if name != "messages"
    }
