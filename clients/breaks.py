"""Why a connection broke, in words for people rather than in those of the socket."""

import re

_WORDS = (
    (
        re.compile(r"without sending complete message body|incomplete chunked read"),
        "it closed in the middle of the answer",
    ),
    (re.compile(r"disconnected without sending a response"), "it closed without an answer"),
    (re.compile(r"reset by peer"), "the other side reset it"),
    (re.compile(r"connection refused", re.IGNORECASE), "the other side refused it"),
    (re.compile(r"name or service not known|no address associated", re.IGNORECASE), "there is no host of that name"),
)
_NUMBER = re.compile(r"^\[Errno -?\d+\]\s*")


def reason_of(error: Exception) -> str:
    """The reason in words; what is not known stays as it is, without the number of the operating system."""
    text = str(error) or type(error).__name__
    return next((words for pattern, words in _WORDS if pattern.search(text)), _NUMBER.sub("", text))
