"""What a control call may say."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.wrappers import Request


class ControlError(Exception):
    """A sentence about what is wrong with a control call."""


def body_of(request: Request) -> dict[str, Any]:
    data = request.get_data(cache=True)
    if not data:
        return {}
    try:
        body = json.loads(data)
    except ValueError:
        raise ControlError("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise ControlError("The body must be a JSON object.")
    return body


def number_of(body: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = body.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise ControlError(f"The member {name} must be a number, 0 or more.")
    return float(value)


def flag_of(body: Mapping[str, Any], name: str, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise ControlError(f"The member {name} must be true or false.")
    return value


def choice_of(body: Mapping[str, Any], name: str, known: Iterable[str], default: str = "") -> str:
    value = body.get(name, default)
    if value not in (known := list(known)):
        raise ControlError(f"The member {name} must be one of {', '.join(one or 'an empty text' for one in known)}.")
    return str(value)


def names_of(body: Mapping[str, Any]) -> list[str]:
    """The member names, each once."""
    names = body.get("names")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise ControlError("The member names must be a list of names.")
    return list(dict.fromkeys(names))
