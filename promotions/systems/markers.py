"""The mark by which what we made at a platform is found again."""

import re

_MARK = re.compile(r"towpath-[0-9a-f]{12}")
_WHOLE_MARK = re.compile(r"\s*\[towpath-[0-9a-f]{12}\]")


def marked(description: str, marker: str) -> str:
    """The text sent as description: the person's words, then the mark by which the job is found again.

    An earlier mark goes: what was brought from place to place would carry one of each, and be taken for another's.
    """
    return f"{_WHOLE_MARK.sub('', description)} [{marker}]".strip()


def marker_of(description: str) -> str:
    """The mark that a description carries, however the platform has spelled what stands around it; the last counts."""
    found = _MARK.findall(description)
    return found[-1] if found else ""
