"""How a step of each kind looks: its word, the shape of its box, its colour and its icon."""

import re
from typing import NamedTuple

from promotions.journey_outline import in_words


class StepLook(NamedTuple):
    """`shape` is pill, point, card, slant, notch or box; `tone` and `icon` are names of the shared look."""

    word: str
    shape: str
    tone: str
    icon: str


_START = StepLook("Start", "pill", "accent", "play")
_EVENT = StepLook("Event", "pill", "run", "bell")
_AUDIENCE = StepLook("Audience", "pill", "run", "audience")
_CONDITION = StepLook("Condition", "point", "unknown", "tree")
_WAIT = StepLook("Wait", "notch", "quiet", "clock")
_MESSAGE = StepLook("Message", "card", "accent", "message")
_ACTION = StepLook("Action", "box", "run", "settings")
_END = StepLook("End", "pill", "quiet", "state-bar")

_KNOWN = {
    "start": _START,
    "entry": _START,
    "event": _EVENT,
    "reaction": _EVENT,
    "businessevent": _EVENT,
    "readaudience": _AUDIENCE,
    "readsegment": _AUDIENCE,
    "audience": _AUDIENCE,
    "audiencequalification": _AUDIENCE,
    "segmenttrigger": _AUDIENCE,
    "condition": _CONDITION,
    "split": _CONDITION,
    "optimize": _CONDITION,
    "timer": _WAIT,
    "wait": _WAIT,
    "delay": _WAIT,
    "message": _MESSAGE,
    "email": _MESSAGE,
    "sms": _MESSAGE,
    "push": _MESSAGE,
    "inapp": _MESSAGE,
    "campaign": StepLook("Campaign", "card", "accent", "share"),
    "action": _ACTION,
    "customaction": _ACTION,
    "updateprofile": StepLook("Update profile", "box", "run", "person"),
    "jump": StepLook("Jump", "slant", "run", "arrow-right"),
    "end": _END,
}
_SIGNS = re.compile(r"[^a-z]")


def look_of(kind: str) -> StepLook:
    """The look of a kind of step; one that is not known is shown under the platform's own word, dashed."""
    known = _KNOWN.get(_SIGNS.sub("", kind.lower()))
    if known:
        return known
    words = in_words(kind)
    return StepLook(words[:1].upper() + words[1:] if words else "Step", "unknown", "quiet", "object")


class MarkLook(NamedTuple):
    """A mark of the comparison: sign and word, so that colour is never all that tells it."""

    sign: str
    word: str
    tone: str


MARKS = {
    "added": MarkLook("+", "added", "ok"),
    "removed": MarkLook("−", "removed", "bad"),
    "changed": MarkLook("~", "changed", "warn"),
    "rewired": MarkLook("⇄", "rewired", "run"),
    "both": MarkLook("~", "changed, rewired", "warn"),
}
