"""Reading JSON that keeps its promises only roughly: one place for every tolerance."""

import json
import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from clients.answers import Answer, load_json
from clients.transport import MalformedError

T = TypeVar("T")
M = TypeVar("M", bound="ApiModel")

_YEARS = range(1900, 3000)
# Times before 1973 are not milliseconds but seconds.
_LEAST_MILLISECONDS = 100_000_000_000


class ApiModel(BaseModel):
    """A part of an answer. Unknown keys are dropped: the platform adds fields freely.

    Keys are compared without case and underscores, because the platform spells one name in several ways
    (sourceSandbox and sourceSandBox, packageID and packageId).
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # tracebacks are logged, and the input may hold secrets
        alias_generator=lambda name: name.replace("_", ""),
        validate_by_name=True,
        validate_by_alias=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _fold_keys(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        folded: dict[str, Any] = {}
        for key, item in value.items():
            name = str(key).lower().replace("_", "")
            if item is not None:  # a null says no more than a missing key, and must not hide another spelling
                folded.setdefault(name, item)
        return folded


def as_text(value: Any) -> str:
    """Any JSON value as text; null is the empty text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def as_int(value: Any) -> int | None:
    """A whole number, also out of a text; None if it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = value.strip()
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def as_bool(value: Any) -> bool | None:
    """A truth value, also out of a text; None if it is none."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def as_time(value: Any) -> datetime | None:
    """An aware time out of epoch milliseconds or an ISO text; None for 0, null and what cannot be read.

    A text without a zone is taken as UTC. Times at the ends of the calendar, which some use for "never", are None too:
    they have no local time in every zone.
    """
    time = _time(value)
    return time if time is not None and time.year in _YEARS else None


def _time(value: Any) -> datetime | None:
    number = as_int(value)
    if number is not None:
        try:
            seconds = number / 1000 if abs(number) >= _LEAST_MILLISECONDS else number
            return datetime.fromtimestamp(seconds, UTC) if number > 0 else None
        except (ValueError, OverflowError, OSError):
            return None
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value.strip())
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def as_list(value: Any) -> list[Any]:
    """A list, also out of JSON inside a text or from a lone value; null is the empty list."""
    if isinstance(value, str):
        try:
            value = load_json(value)
        except (ValueError, RecursionError):
            return [value] if value.strip() else []
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _as_id(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    # Some job ids carry a blank at the end (Adobe, Sandbox tooling API guide, samples of the version calls).
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise ValueError("an id must be a text")


def _optional(convert: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda value: None if value is None else convert(value)


Id = Annotated[str, BeforeValidator(_as_id)]
Text = Annotated[str, BeforeValidator(as_text)]
OptionalText = Annotated[str | None, BeforeValidator(_optional(as_text))]
OptionalInt = Annotated[int | None, BeforeValidator(as_int)]
OptionalBool = Annotated[bool | None, BeforeValidator(as_bool)]
Time = Annotated[datetime | None, BeforeValidator(as_time)]
Rows = Annotated[list[Any], BeforeValidator(as_list)]


def parse(model: type[M], value: Any, what: str) -> M:
    """The value as this model; raises MalformedError that names the fields, never their content."""
    try:
        return model.model_validate(value)
    except ValidationError as exc:
        fields = sorted({".".join(str(part) for part in error["loc"]) or "the whole" for error in exc.errors()})
        raise MalformedError(f"{what} cannot be read ({', '.join(fields)})") from exc


def json_object(answer: Answer) -> dict[str, Any]:
    """The body as a JSON object; raises ValueError."""
    body = answer.json()
    if not isinstance(body, dict):
        raise MalformedError(f"an object was expected, not {_kind(body)}")
    return body


def inner_object(answer: Answer) -> dict[str, Any]:
    """The object of the answer: bare, alone in a list, or in the service's envelope; raises MalformedError."""
    body = answer.json()
    if isinstance(body, dict) and isinstance(body.get("object"), dict | list):
        body = body["object"]
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict):
        raise MalformedError(f"an object was expected, not {_kind(body)}")
    return body


def json_array(answer: Answer, *names: str) -> list[Any]:
    """The body as a JSON array, or the array under one of these names in it; raises ValueError."""
    body = answer.json()
    for name in names:
        if isinstance(body, dict) and name in body:
            body = body[name]
    if not isinstance(body, list):
        raise MalformedError(f"a list was expected, not {_kind(body)}")
    return body


def readable(rows: Iterable[Any], read: Callable[[Any], T]) -> tuple[T, ...]:
    """Those of the rows that can be read."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except MalformedError:
            continue
    return tuple(found)


def embedded_json(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, or ends with; None if there is none."""
    start = text.find("{")
    if start < 0:
        return None
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
        value = load_json(text[start:end])
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def documented(value: str, words: Collection[str]) -> str:
    """One of these words as it is documented, however it is spelled; any other text as it came."""
    plain = value.strip().lower()
    return next((word for word in words if word.lower() == plain), value)


def http_status(value: Any) -> int | None:
    """An HTTP status, also at the start of a text such as "400 BAD_REQUEST"; None if it is none."""
    if isinstance(value, str) and (found := re.match(r"\s*(\d{3})\b", value)):
        value = found[1]
    number = as_int(value)
    return number if number is not None and 100 <= number < 600 else None


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else f"a {type(value).__name__}"
