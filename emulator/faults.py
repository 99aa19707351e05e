"""The fault switch: which calls go wrong, how, how often, and whether they still take effect."""

import fnmatch
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """What can go wrong: first what breaks a call, then what spoils the work it starts, then what spoils its answer."""

    RATE_LIMIT = "rate_limit"
    STATUS = "status"
    RESET = "reset"
    HANG = "hang"
    CUT_LINE = "cut_line"
    TRUNCATED = "truncated"
    HTML = "html"
    EMPTY = "empty"
    TOKEN_REJECTED = "token_rejected"
    ERROR_IN_200 = "error_in_200"

    HIDDEN_ERROR = "hidden_error"
    PARTIAL_FAILURE = "partial_failure"
    STUCK_JOB = "stuck_job"
    UNKNOWN_STATUS = "unknown_status"
    PUBLISH_FAILURE = "publish_failure"
    JOB_FAILURE = "job_failure"
    JOB_CANCELLED = "job_cancelled"
    UNNAMED_JOB = "unnamed_job"
    UNLISTED_JOB = "unlisted_job"

    NULLS = "nulls"
    EMPTY_PAGE = "empty_page"
    SHIFTED_ROWS = "shifted_rows"


_NEW = (
    "create",
    "handshake",
    "transfer",
    "version",
    "workflow",
)  # calls that make a record, besides imports and publishing
# What a fault concerns: any call, or only those that import (also as an update), publish, create a package, ask for
# partnerships, share or pull (transfer), compare or save versions, start a workflow, read, or list page by page.
CONCERNS: Mapping[Fault, tuple[str, ...]] = {
    Fault.HIDDEN_ERROR: ("import", "transfer", "workflow"),
    Fault.PARTIAL_FAILURE: ("import", "publish", "handshake", "transfer", "workflow"),
    Fault.STUCK_JOB: ("import", "publish", "transfer", "version", "workflow"),
    Fault.UNKNOWN_STATUS: ("import", "publish", "handshake", "transfer", "version", "workflow", "read"),
    Fault.PUBLISH_FAILURE: ("publish",),
    Fault.JOB_FAILURE: ("import", "transfer", "version", "workflow"),
    Fault.JOB_CANCELLED: ("import", "version", "workflow"),
    Fault.UNNAMED_JOB: ("import", "publish", *_NEW),
    Fault.UNLISTED_JOB: ("import", "publish", *_NEW),
    Fault.NULLS: ("read",),
    Fault.EMPTY_PAGE: ("list",),
    Fault.SHIFTED_ROWS: ("list",),
}
# The call is made and answered in form: any number of these may go with it.
OF_WORK = frozenset(CONCERNS)
_OPTIONS: Mapping[str, type | tuple[type, ...]] = {
    "status": int,
    "retry_after": (int, float),
    "retry_after_form": str,
    "seconds": (int, float),
    "artifact": str,
    "organization": str,
    "after_tasks": int,
    "value": str,
    "body": (str, dict, list),
}
_MEMBERS = {"method", "path", "fault", "count", "probability", "when", *_OPTIONS}


@dataclass
class ArmedFault:
    """One fault that waits for its calls."""

    id: int
    fault: Fault
    method: str = "*"
    path: str = "*"
    count: int | None = 1
    probability: float | None = None
    when: str = "before"
    options: Mapping[str, Any] = field(default_factory=dict)
    hits: int = 0

    def matches(self, method: str, path: str) -> bool:
        if self.method not in ("*", method):
            return False
        if self.path.startswith("^"):
            return re.search(self.path, path) is not None
        return fnmatch.fnmatchcase(path, self.path) or fnmatch.fnmatchcase(path, f"*{self.path}")

    def describe(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "method": self.method,
            "path": self.path,
            "fault": self.fault.value,
            "count": self.count,
            "probability": self.probability,
            "when": self.when,
            "hits": self.hits,
            **self.options,
        }


class FaultSwitch:
    """The armed faults, in the order they were armed."""

    def __init__(self, source: random.Random) -> None:
        self._random = source
        self._armed: list[ArmedFault] = []
        self._last_id = 0

    def arm(self, body: Mapping[str, Any]) -> ArmedFault:
        """Raises ValueError with a sentence for whoever armed it wrongly."""
        if unknown := set(body) - _MEMBERS:
            raise ValueError(f"Unknown members: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(_MEMBERS))}.")
        try:
            fault = Fault(str(body.get("fault")))
        except ValueError:
            raise ValueError(f"Unknown fault {body.get('fault')}. Known: {', '.join(Fault)}.") from None
        armed = ArmedFault(
            id=self._last_id + 1,
            fault=fault,
            method=str(body.get("method", "*")).upper(),
            path=str(body.get("path", "*")),
            count=_count(body),
            probability=_probability(body),
            when=str(body.get("when", "before")),
            options=_options(body),
        )
        if armed.when not in ("before", "after"):
            raise ValueError("The member when must be before or after.")
        if armed.path.startswith("^"):
            try:
                re.compile(armed.path)
            except re.error as error:
                raise ValueError(f"The path is not a regular expression: {error}.") from None
        self._last_id = armed.id
        self._armed.append(armed)
        return armed

    def take(self, method: str, path: str) -> tuple[ArmedFault | None, list[ArmedFault]]:
        """What goes wrong with this call: at most one fault of the call, and any number of its work."""
        of_call: ArmedFault | None = None
        of_work: list[ArmedFault] = []
        for armed in list(self._armed):
            if not armed.matches(method, path) or (armed.fault not in OF_WORK and of_call):
                continue
            if armed.probability is not None and self._random.random() >= armed.probability:
                continue
            armed.hits += 1
            if armed.count is not None and armed.hits >= armed.count:
                self._armed.remove(armed)
            if armed.fault in OF_WORK:
                of_work.append(armed)
            else:
                of_call = armed
        return of_call, of_work

    def describe(self) -> list[dict[str, Any]]:
        return [armed.describe() for armed in self._armed]

    def disarm(self, fault_id: int | None = None) -> int:
        """Drop one fault or all; how many were dropped."""
        kept = [armed for armed in self._armed if fault_id is not None and armed.id != fault_id]
        dropped = len(self._armed) - len(kept)
        self._armed = kept
        return dropped


def _count(body: Mapping[str, Any]) -> int | None:
    count = body.get("count")
    if count is None:
        return None if body.get("probability") is not None else 1
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ValueError("The member count must be a whole number, 1 or more.")
    return count


def _probability(body: Mapping[str, Any]) -> float | None:
    probability = body.get("probability")
    if probability is None:
        return None
    if not isinstance(probability, int | float) or not 0 <= probability <= 1:
        raise ValueError("The member probability must be a number from 0 to 1.")
    return float(probability)


def _options(body: Mapping[str, Any]) -> dict[str, Any]:
    options = {name: body[name] for name in _OPTIONS if body.get(name) is not None}
    for name, value in options.items():
        if not isinstance(value, _OPTIONS[name]) or isinstance(value, bool):
            raise ValueError(f"The member {name} has the wrong type.")
    # A proxy that lost its session shows its sign-in page with 200.
    may_be_200 = body.get("fault") == Fault.HTML and options.get("status") == 200
    if not may_be_200 and not 400 <= options.get("status", 500) <= 599:
        raise ValueError("The member status must be from 400 to 599; of html also 200.")
    if options.get("retry_after_form", "seconds") not in ("seconds", "date"):
        raise ValueError("The member retry_after_form must be seconds or date.")
    return options
