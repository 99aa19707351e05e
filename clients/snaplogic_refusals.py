"""Which error an answer of SnapLogic is: the status that counts may stand inside one with HTTP 200.

SnapLogic, public API, "Import an API version" and "Export an API version". What lies under 401 and 403 is described for
other calls only.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from clients.answers import Answer, one_line
from clients.effects import Effect
from clients.errors import (
    ApiAuthError,
    ApiError,
    ApiNotFoundError,
    ApiRejectedError,
    AuthProblem,
)
from clients.refusals import classify
from clients.snaplogic_envelope import envelope_in

_BASIC_IS_OFF = re.compile(r"\bbasic\b", re.IGNORECASE)
_MUCH = r"(?:limit|maximum|exceed)"
_OF_WHAT = r"\b(?:files|assets|bytes|[kmg]i?b)\b"
_SIZE = re.compile(
    rf"\bsize\b|too (?:large|big)|too many (?:files|assets)|{_MUCH}.*{_OF_WHAT}|{_OF_WHAT}.*{_MUCH}", re.IGNORECASE
)
_EXPORT = "snaplogic.export_version"
_OUTCOMES = ("successful", "failed", "successfulversions", "unsuccessfulversions")


def takes(answer: Answer) -> bool:
    """Whether an answer may bring results: some refusals list what was done all the same."""
    if answer.is_success:
        return True
    envelope = envelope_in(answer) if answer.status in (400, 404, 409, 422) else None
    return envelope is not None and envelope.lists_any(*_OUTCOMES)


def refuses(answer: Answer) -> bool:
    """Whether a 2xx is an error all the same: it says so inside, and does not list what became of anything."""
    envelope = envelope_in(answer)
    return envelope is not None and (envelope.code or 0) >= 400 and not envelope.lists_any(*_OUTCOMES)


def classifier(
    base_url: str, scheme: str, *, force: bool = False
) -> Callable[[str, Effect, Answer, dict[str, Any]], ApiError]:
    """The reader of these errors. Where a route is not known, people are told `base_url`.

    `scheme` is how the call was authorized, `force` whether an export was asked for whatever its size.
    """

    def read(operation: str, effect: Effect, answer: Answer, facts: dict[str, Any]) -> ApiError:
        envelope = envelope_in(answer)
        status = _status(effect, answer, envelope.code if envelope else None)
        answer, facts["status"] = replace(answer, status=status), status
        if status in (401, 403) and not answer.problem.is_html:
            return _unauthorized(status, scheme, facts)
        if status in (404, 405) and (envelope is None or not facts["words"]):
            facts.pop("words")
            message = f"{base_url} does not know this call (HTTP {status}). Check the address of the control plane."
            return ApiRejectedError(one_line(message), **facts)
        if status == 404:
            return ApiNotFoundError(facts.pop("words"), **facts)
        if operation == _EXPORT and not force and _is_about_size(status, facts["words"]):
            words = facts.pop("words") or f"The export is too large (HTTP {status})."
            return ApiRejectedError(
                one_line(f"{_ended(words)} Export it with force, which ignores the limit."), **facts
            )
        if status == 413:
            words = facts.pop("words") or "The upload is larger than SnapLogic takes (HTTP 413)."
            return ApiRejectedError(words, **facts)
        return classify(operation, effect, answer, facts)

    return read


def _status(effect: Effect, answer: Answer, named: int | None) -> int:
    """The status that counts: of two, the one that claims less."""
    if named is None or named < 400:
        return answer.status
    if answer.is_success or (effect is not Effect.READ and named >= 500 and answer.status < 500):
        return named
    return answer.status


def _is_about_size(status: int, words: str) -> bool:
    return status == 413 or (status in (400, 403, 409, 422, 500) and _SIZE.search(words) is not None)


def _unauthorized(status: int, scheme: str, facts: dict[str, Any]) -> ApiAuthError:
    words = facts.pop("words") or f"The server answered with HTTP {status} and gave no reason."
    is_basic = scheme == "Basic"
    if status == 401 and is_basic:
        reason, cure = AuthProblem.CREDENTIAL, "Check user name and password, and whether the account is locked."
    elif status == 401:
        reason, cure = (
            AuthProblem.TOKEN,
            "Another token is signed at the next call. If this comes again, check the issuer, the audience, the "
            "environment and the key of the JWT credential, and the clock of this machine.",
        )
    elif is_basic and _BASIC_IS_OFF.search(words):
        reason, cure = AuthProblem.CREDENTIAL, "Use a JWT credential for this environment instead."
    elif is_basic:
        reason = AuthProblem.PERMISSION
        cure = "Ask for the permission, or use a JWT credential if Basic is switched off in this environment."
    else:
        reason, cure = AuthProblem.PERMISSION, "Ask the administrator of the environment for the permission."
    return ApiAuthError(one_line(f"{_ended(words)} {cure}"), reason=reason, **facts)


def _ended(words: str) -> str:
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."
