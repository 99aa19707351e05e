"""The sandboxes of an organization (Adobe, Sandbox Management API)."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator

from clients.answers import Answer
from clients.errors import ApiAuthError, ApiRejectedError, AuthProblem
from clients.transport import Connection, MalformedError
from clients.wire import ApiModel, Id, OptionalBool, Text, as_text, documented, json_array, parse

_BASE = "/data/foundation/sandbox-management"


@dataclass(frozen=True)
class RemoteSandbox:
    """A sandbox; `state`, `type` and `region` are the platform's own words."""

    name: str
    title: str
    state: str
    type: str
    region: str
    is_default: bool
    raw: dict[str, Any] = field(repr=False)


# Documented states and types (Adobe, Sandbox Management API), however they are spelled.
_WORDS = frozenset({"creating", "active", "deleting", "resetting", "deleted", "failed", "production", "development"})
SandboxWord = Annotated[str, BeforeValidator(lambda value: documented(as_text(value), _WORDS))]


class _Sandbox(ApiModel):
    name: Id
    title: Text = ""
    state: SandboxWord = ""
    type: SandboxWord = ""
    region: Text = ""
    is_default: OptionalBool = None


class SandboxManagementClient:
    """Knows which sandboxes there are."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list_sandboxes(self) -> list[RemoteSandbox]:
        """All sandboxes of the organization, or those the credential may use if it is no sandbox administrator."""
        try:
            return self._list("sandboxes.list", f"{_BASE}/sandboxes")
        except ApiAuthError as error:
            if error.reason is not AuthProblem.PERMISSION:
                raise
        except ApiRejectedError as error:
            # A 403 whose words do not speak of rights, or a platform that only has the other list.
            if error.status not in (403, 404, 405):
                raise
        return self._list("sandboxes.available", f"{_BASE}/")

    def _list(self, operation: str, path: str) -> list[RemoteSandbox]:
        return self._connection.call(operation, "GET", path, parse=self._read)

    def _read(self, answer: Answer) -> list[RemoteSandbox]:
        found: dict[str, RemoteSandbox] = {}
        for row in json_array(answer, "sandboxes"):
            try:
                wire = parse(_Sandbox, row, "a sandbox")
            except MalformedError:
                continue
            found[wire.name] = RemoteSandbox(
                name=wire.name,
                title=wire.title or wire.name,
                state=wire.state,
                type=wire.type,
                region=wire.region,
                is_default=bool(wire.is_default),
                raw=self._connection.redact(row),
            )
        return list(found.values())
