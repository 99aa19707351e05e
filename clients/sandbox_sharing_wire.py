"""From the JSON of sharing to `clients.sandbox_sharing_models`, with its contradictions evened out."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from clients.answers import Answer, load_json, one_line, read_problem
from clients.redaction import redact
from clients.sandbox_sharing_models import PartnershipOutcomes, RemoteDecision, RemotePartnership, RemoteTransfer
from clients.transport import MalformedError
from clients.wire import ApiModel, Id, Text, Time, as_list, as_text, documented, json_object, parse

Redact = Callable[[Any], Any]

NO_REASON = "no reason given"

# Documented words (Adobe, Sandbox tooling API guide, handshakes and transfers), however they are spelled.
_WORDS = frozenset(
    {
        "APPROVAL_PENDING",
        "APPROVED",
        "REJECTED",
        "INITIATED",
        "PENDING",
        "IN_PROGRESS",
        "COMPLETED",
        "FAILED",
        "PRIVATE",
        "PUBLIC",
    }
)
Word = Annotated[str, BeforeValidator(lambda value: documented(as_text(value), _WORDS))]


class _Decision(ApiModel):
    action: Word = Field(default="", validation_alias=AliasChoices("action", "status"))
    at: Time = Field(default=None, validation_alias=AliasChoices("actiontimestamp", "timestamp"))
    by_id: Text = Field(default="", validation_alias="actiontakenby")
    by_name: Text = Field(default="", validation_alias="actiontakenbyname")
    organization_id: Text = Field(default="", validation_alias="actiontakenbyimsorgid")
    reason: Text = ""


class _Partnership(ApiModel):
    id: Id
    linking_id: Text = ""
    source_id: Text = Field(default="", validation_alias="sourceimsorgid")
    # Named one way in the answer to a request, and the other way everywhere else.
    source_name: Text = Field(default="", validation_alias=AliasChoices("sourceorgname", "sourceimsorgname"))
    source_region: Text = ""
    target_id: Text = Field(default="", validation_alias="targetimsorgid")
    target_name: Text = Field(default="", validation_alias=AliasChoices("targetorgname", "targetimsorgname"))
    target_region: Text = ""
    status: Word = ""
    status_history: Any = None
    created_at: Time = Field(default=None, validation_alias=AliasChoices("createddate", "created"))
    modified_at: Time = Field(default=None, validation_alias=AliasChoices("modifieddate", "updated"))
    created_by_name: Text = ""
    modified_by_name: Text = ""


class _Outcomes(ApiModel):
    successful_requests: Any = None
    failed_requests: Any = None


class _Details(ApiModel):
    messages: Any = None


class _Transfer(ApiModel):
    id: Id
    source_id: Text = Field(default="", validation_alias="sourceimsorgid")
    source_name: Text = Field(default="", validation_alias=AliasChoices("sourceorgname", "sourceimsorgname"))
    target_id: Text = Field(default="", validation_alias="targetimsorgid")
    target_name: Text = Field(default="", validation_alias=AliasChoices("targetorgname", "targetimsorgname"))
    package_id: Text = ""
    package_name: Text = ""
    status: Word = ""
    request_type: Word = ""
    initiated_by: Text = ""
    created_at: Time = Field(default=None, validation_alias=AliasChoices("createddate", "created"))
    completed_at: Time = Field(default=None, validation_alias=AliasChoices("completedtime", "completeddate"))
    transfer_details: Any = None


def read_partnership(value: Any, hide: Redact) -> RemotePartnership:
    """A partnership; raises MalformedError without an id."""
    wire = parse(_Partnership, value, "a partnership")
    history, history_text = _read_history(wire.status_history)
    return RemotePartnership(
        id=wire.id,
        linking_id=wire.linking_id.strip(),
        source_id=wire.source_id.strip(),
        source_name=wire.source_name,
        source_region=wire.source_region,
        target_id=wire.target_id.strip(),
        target_name=wire.target_name,
        target_region=wire.target_region,
        status=wire.status,
        history=history,
        history_text=history_text,
        created_at=wire.created_at,
        modified_at=wire.modified_at,
        created_by_name=wire.created_by_name,
        modified_by_name=wire.modified_by_name,
        raw=hide(value),
    )


def _read_history(value: Any) -> tuple[tuple[RemoteDecision, ...], str]:
    """The steps, or else the text of a history that is none; usually it is JSON inside a text."""
    rows = _unwrapped(value)
    if rows is None:
        return (), ""
    if isinstance(rows, dict):
        rows = [rows]
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        return tuple(_read_decision(row) for row in rows), ""
    return (), redact(as_text(value))


def _unwrapped(value: Any) -> Any:
    """The JSON inside a text, also inside a text of a text; anything else as it is."""
    for _ in range(2):
        if not isinstance(value, str):
            break
        try:
            value = load_json(value)
        except (ValueError, RecursionError):
            break
    return value


def _read_decision(row: dict[str, Any]) -> RemoteDecision:
    wire = parse(_Decision, row, "a decision")
    return RemoteDecision(
        action=wire.action,
        at=wire.at,
        by_id=wire.by_id,
        by_name=wire.by_name,
        organization_id=wire.organization_id,
        reason=redact(wire.reason),
    )


def read_outcomes(answer: Answer, asked: Sequence[str], hide: Redact) -> PartnershipOutcomes:
    """What became of each request; raises MalformedError if the answer tells of neither success nor failure."""
    body = json_object(answer)
    if isinstance(body.get("object"), dict):
        body = body["object"]
    wire = parse(_Outcomes, body, "the answer")
    if wire.successful_requests is None and wire.failed_requests is None:
        raise MalformedError("it names neither requests that succeeded nor requests that failed")
    spelled = {target_id.lower(): target_id for target_id in asked}
    successful: dict[str, RemotePartnership] = {}
    for key, value in _by_organization(wire.successful_requests):
        try:
            partnership = read_partnership(value, hide)
        except MalformedError:
            continue  # said nothing that can be read, so it is missing
        target_id = partnership.target_id or key
        successful[spelled.get(target_id.lower(), target_id)] = partnership
    failed: dict[str, str] = {}
    for key, value in _by_organization(wire.failed_requests):
        target_id = spelled.get(key.lower(), key)
        if target_id and target_id not in successful:  # of a successful one there is a record
            failed[target_id] = _reason(value)
    missing = tuple(dict.fromkeys(one for one in asked if one not in successful and one not in failed))
    return PartnershipOutcomes(successful=successful, failed=failed, missing=missing)


def _by_organization(value: Any) -> Iterable[tuple[str, Any]]:
    """The entries of a map from organization to outcome; of a list, by the organization that each names."""
    if isinstance(value, dict):
        return [(key.strip(), item) for key, item in value.items()]
    return [(_target_of(item), item) for item in as_list(value)]


def _target_of(item: Any) -> str:
    if isinstance(item, dict):
        folded = {key.lower(): found for key, found in item.items()}
        names = ("targetimsorgid", "imsorgid", "orgid", "id")
        return next((as_text(folded[name]).strip() for name in names if folded.get(name)), "")
    return as_text(item).strip()


def _reason(value: Any) -> str:
    """Why a request failed. The documents reserve the entry and leave its form open."""
    rows = as_list(value)
    words = "; ".join(filter(None, (read_problem(row).words for row in rows)))
    if not words and any(row not in (None, "", {}, []) for row in rows):
        words = as_text(redact(value))
    return one_line(redact(words)) or NO_REASON


def read_transfers(answer: Answer, hide: Redact) -> tuple[RemoteTransfer, ...]:
    """The transfers that one sharing started; raises MalformedError for an answer without any."""
    body = answer.json()
    for name in ("object", "data"):
        if isinstance(body, dict) and "id" not in body and name in body:
            body = body[name]
    rows = body if isinstance(body, list) else [body]
    if not rows:
        raise MalformedError("it names no transfer")
    return tuple(read_transfer(row, hide) for row in rows)


def read_transfer(value: Any, hide: Redact) -> RemoteTransfer:
    """A transfer in any of its field sets; raises MalformedError without an id."""
    wire = parse(_Transfer, value, "a transfer")
    return RemoteTransfer(
        id=wire.id,
        source_id=wire.source_id.strip(),
        source_name=wire.source_name,
        target_id=wire.target_id.strip(),
        target_name=wire.target_name,
        package_id=wire.package_id.strip(),
        package_name=wire.package_name,
        status=wire.status,
        request_type=wire.request_type,
        initiated_by=wire.initiated_by,
        created_at=wire.created_at,
        completed_at=wire.completed_at,
        messages=_read_steps(wire.transfer_details),
        raw=hide(value),
    )


def _read_steps(details: Any) -> tuple[str, ...]:
    details = _unwrapped(details)
    messages = parse(_Details, details, "the details").messages if isinstance(details, dict) else details
    steps = (_step(message) for message in as_list(messages))
    return tuple(step for step in steps if step)


def _step(message: Any) -> str:
    words = read_problem(message).words if isinstance(message, dict) else ""
    return one_line(redact(words or as_text(redact(message) if message is not None else "")))
