"""The public API of SnapLogic: its envelope, who may enter, and what a test may ask of the next calls.

SnapLogic, public API, "Authentication" and "JWT authentication". The words of refusals are invented where the
documentation shows none; their envelope is that of "Export an API version".
"""

import base64
import binascii
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import jwt
from werkzeug.wrappers import Request

from emulator import keys
from emulator.answers import Answer, RefusedError
from emulator.calls import Call
from emulator.faults import ArmedFault, Fault
from emulator.snaplogic_things import READ, Plan, SnapOrg, SnapUser
from emulator.world import World

PREFIX = "/api/1/rest/public"
ADMIN_PREFIX = "/api/1/rest/admin"
CLOCK_SKEW_S = 60
WRONG_PASSWORD = "Invalid username or password"
WRONG_TOKEN = "Invalid token"
BASIC_DISABLED = "Basic authentication is disabled for this environment"


def envelope(status: int, /, **response_map: Any) -> dict[str, Any]:
    return {"response_map": response_map, "http_status_code": status}


def failure(status: int, message: str) -> Answer:
    return Answer({"http_status_code": status, "response_map": {"error_list": [{"message": message}]}}, status)


def refused(status: int, message: str) -> RefusedError:
    return RefusedError(failure(status, message))


def absent(path: str) -> RefusedError:
    """Nothing is there; paths stand in the answer without a slash in front."""
    return refused(404, f"The asset does not exist: {path.lstrip('/')}")


def unknown_route(call: Call, allowed: frozenset[str]) -> RefusedError:
    if allowed:
        headers = {"Allow": ", ".join(sorted(allowed))}
        answer = failure(405, f"Method {call.request.method} is not allowed here")
        return RefusedError(dataclasses.replace(answer, headers=headers))
    return refused(404, f"No resource at {call.request.path}")


def fault_answer(world: World, request: Request, armed: ArmedFault) -> Answer | None:
    """What a fault looks like here, where it is not the same everywhere."""
    fault, options = armed.fault, armed.options
    if fault == Fault.RATE_LIMIT:
        return failure(429, "Too many requests")
    if fault == Fault.TOKEN_REJECTED:
        world.snaplogic.rejected.add(_bearer_of(request.headers.get("Authorization")))
        return failure(401, WRONG_TOKEN)
    if "body" in options:
        return None
    if fault == Fault.STATUS:
        return failure(int(options.get("status", 500)), "The emulator was told to fail.")
    if fault == Fault.ERROR_IN_200:
        return dataclasses.replace(failure(400, "The emulator was told to fail."), status=200)
    return None


# Who may enter


def let_in(call: Call) -> None:
    """Set the caller of a call; what they may do there is asked once the call says where."""
    scheme, _, value = (call.request.headers.get("Authorization") or "").strip().partition(" ")
    if scheme.casefold() == "basic":
        call.snaplogic_org, call.snaplogic_user = _by_password(call, value.strip())
    elif scheme.casefold() == "bearer":
        call.snaplogic_org, call.snaplogic_user = _by_token(call, _bearer_of(call.request.headers["Authorization"]))
    else:
        raise refused(401, WRONG_PASSWORD)


def _bearer_of(header: str | None) -> str:
    """The token of a header; some pages print "Bearer Token {token}"."""
    return (header or "").strip().partition(" ")[2].strip().removeprefix("Token ").strip()


def _by_password(call: Call, value: str) -> tuple[SnapOrg, SnapUser]:
    try:
        username, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise refused(401, WRONG_PASSWORD) from None
    for org in call.world.snaplogic.orgs.values():
        user = org.users.get(username)
        if user and password and user.password == password:
            if org.is_basic_disabled:
                raise refused(403, BASIC_DISABLED)
            return org, user
    raise refused(401, WRONG_PASSWORD)


def _by_token(call: Call, text: str) -> tuple[SnapOrg, SnapUser]:
    try:
        header = jwt.get_unverified_header(text)
        claims: dict[str, Any] = jwt.decode(text, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise refused(401, WRONG_TOKEN) from None
    # Identity providers that cannot set the plain claims set the other ones.
    org = call.world.snaplogic.orgs.get(str(claims.get("snaplogic_org", claims.get("org"))))
    if org is None or text in call.world.snaplogic.rejected or header.get("kid", org.key_id) != org.key_id:
        raise refused(401, WRONG_TOKEN)
    try:
        public_key = keys.private_key(org.key_label).public_key()
        jwt.api_jws.PyJWS(algorithms=["RS256"]).decode(text, public_key, algorithms=["RS256"])
    except jwt.PyJWTError:
        raise refused(401, WRONG_TOKEN) from None
    now_s = call.world.now_ms() / 1000
    issued_s, expires_s = (claims.get(name) for name in ("iat", "exp"))
    if not isinstance(issued_s, int | float) or not isinstance(expires_s, int | float):
        raise refused(401, WRONG_TOKEN)
    if expires_s <= now_s:
        raise refused(401, "Token has expired")
    user = org.users.get(str(claims.get("snaplogic_username", claims.get("sub"))))
    is_meant_for_us = _is_audience(claims.get("snaplogic_aud", claims.get("aud")))
    if issued_s > now_s + CLOCK_SKEW_S or claims.get("iss") != org.issuer_id or not is_meant_for_us or user is None:
        raise refused(401, WRONG_TOKEN)
    return org, user


def _is_audience(value: object) -> bool:
    """The base URL of the API, on whatever host: control planes have many names."""
    named = value if isinstance(value, list) else [value]
    return any(
        isinstance(one, str) and urlsplit(one).netloc != "" and urlsplit(one).path.rstrip("/") == PREFIX
        for one in named
    )


def enter(call: Call, org_name: str, right: str = READ, path: str = "") -> SnapOrg:
    """The organization that a call is about, if its caller belongs there and may do this."""
    org, user = call.snaplogic_org, call.snaplogic_user
    if org is None or user is None or org.name != org_name:
        raise refused(403, f"May not have Read permission for org: {org_name}")
    if right not in user.rights:
        raise refused(403, f"May not have {right} permission for {path or f'org: {org_name}'}")
    return org


def username_of(call: Call) -> str:
    return call.snaplogic_user.username if call.snaplogic_user else ""


# What a call says


def json_body(call: Call) -> dict[str, Any]:
    if call.request.mimetype != "application/json":
        raise refused(400, "The request body must be application/json")
    try:
        body = json.loads(call.request.get_data(cache=True))
    except (ValueError, RecursionError):
        raise refused(400, "The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise refused(400, "The request body must be a JSON object")
    return body


def text_in(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise refused(400, f"Missing required parameter: {name}")
    return value


_TYPES = {
    "account": "Account",
    "file": "File",
    "flow": "Flows",
    "flows": "Flows",
    "job": "Job",
    "task": "Job",
    "job (task)": "Job",
    "pipeline": "Pipeline",
    "policy": "Policy",
}


def asset_types(given: Sequence[object], name: str) -> frozenset[str]:
    """Types in any of the notations that the documentation shows: commas, brackets, repeated, any case."""
    found: set[str] = set()
    for value in given:
        for word in str(value).strip().removeprefix("[").removesuffix("]").split(","):
            word = word.strip().strip("\"'")
            if word and word.casefold() not in _TYPES:
                raise refused(400, f"Invalid {name}: {word}")
            if word:
                found.add(_TYPES[word.casefold()])
    return frozenset(found)


# What a test wants


def as_planned(
    call: Call, operation: str, path: str, act: Callable[[Plan], Answer], *, conflict: str = "Conflict"
) -> Answer:
    """Answer a call, or do what a test has asked of it instead."""
    plan = call.world.snaplogic.take_plan(operation, path)
    if plan is None:
        return act(Plan(operation))
    is_conflict = 409 in (plan.status, plan.inner_status)
    message = plan.message or (conflict if is_conflict else "The emulator was told to fail.")
    if (plan.status or plan.inner_status) and not plan.takes_effect:
        answer = failure(plan.status or plan.inner_status, message)
    else:
        try:
            answer = act(plan)
        except RefusedError as refusal:
            answer = refusal.answer
        if plan.status:
            answer = failure(plan.status, message)
    if plan.inner_status:
        body = answer.body | {"http_status_code": plan.inner_status} if isinstance(answer.body, dict) else answer.body
        answer = dataclasses.replace(answer, body=body, status=plan.status or 200)
    return dataclasses.replace(answer, wait_s=plan.delay_s)
