"""What the emulated services say: answers, and refusals in the shape of the layer that refuses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

GATEWAY_MESSAGES: Mapping[str, str] = {
    # Adobe, Experience Platform troubleshooting guide, "API authentication" errors.
    "403010": "Oauth token is missing.",
    "401013": "Oauth token is not valid",
    "403000": "Api Key is required",
    "403003": "Api Key is invalid",
    "400003": "Missing header",
    "403025": "Profile is not valid",
    "429050": "Too many requests",
}


@dataclass(frozen=True)
class Answer:
    """A status, a JSON value, the text of another type or a blob, extra headers, and how long the client waits."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    mimetype: str = "application/json"
    wait_s: float = 0.0


class RefusedError(Exception):
    """The call is refused with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status}: {answer.body}")
        self.answer = answer


def refused_by_gateway(code: str, headers: Mapping[str, str] | None = None) -> RefusedError:
    """The gateway's words; the HTTP status is the first three digits of its code."""
    body = {"error_code": code, "message": GATEWAY_MESSAGES[code]}
    return RefusedError(Answer(body, int(code[:3]), headers or {}))


def refused_by_exim(status: int, message: str, headers: Mapping[str, str] | None = None) -> RefusedError:
    """The envelope of sandbox tooling itself."""
    body = {"status": HTTPStatus(status).name, "type": "ERROR", "message": message, "object": None}
    return RefusedError(Answer(body, status, headers or {}))


def refused_for_content_type() -> RefusedError:
    """The problem document a platform service gives before it looks at the body."""
    return RefusedError(
        Answer(
            {
                "type": "/placeholder/type/uri",
                "status": 400,
                "title": "BadRequestError",
                "detail": "A valid content-type must be specified",
            },
            400,
        )
    )


def refused_by_sandboxes(status: int, title: str) -> RefusedError:
    """The problem document of sandbox management."""
    body = {"status": status, "title": title, "type": f"http://ns.adobe.com/aep/errors/SMS-2000-{status}"}
    return RefusedError(Answer(body, status))


def refused_by_ims(status: int, error: str, description: str) -> RefusedError:
    """The error body of IMS."""
    return RefusedError(Answer({"error": error, "error_description": description}, status))
