"""Broken connections in words that need no knowledge of sockets."""

import pytest

from clients.breaks import reason_of


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("[Errno 104] Connection reset by peer"), "the other side reset it"),
        (OSError("[Errno 111] Connection refused"), "the other side refused it"),
        (OSError("[Errno -2] Name or service not known"), "there is no host of that name"),
        (
            OSError("peer closed connection without sending complete message body (received 45 bytes, expected 92)"),
            "it closed in the middle of the answer",
        ),
        (OSError("Server disconnected without sending a response."), "it closed without an answer"),
        (OSError("[Errno 113] No route to host"), "No route to host"),
        (OSError("something new"), "something new"),
        (OSError(), "OSError"),
    ],
)
def test_a_break_is_told_in_words(error: Exception, words: str) -> None:
    assert reason_of(error) == words
