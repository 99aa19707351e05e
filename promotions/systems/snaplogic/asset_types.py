"""The words for types of assets, which differ between the platform's pages.

SnapLogic, public API, "Import an API version": overwrite_types.
"""

from collections.abc import Collection

OVERWRITABLE = ("Account", "File", "Flows", "Job", "Pipeline", "Policy")
POLICY = "Policy"
ACCOUNT = "Account"
EXPRESSION = "Expression file"
_ONE_WORD = {"task": "job", "jobs": "job", "tasks": "job", "flow": "flows", "accounts": "account", "files": "file"}
_ONE_WORD |= {"pipelines": "pipeline", "policies": "policy", EXPRESSION.lower(): "file"}


def folded_type(kind: str) -> str:
    """The one word for a type, however it is written."""
    plain = kind.strip().lower()
    return _ONE_WORD.get(plain, plain)


def same_type(one: str, other: str) -> bool:
    """Whether two words name one type: a task is a job, and an expression file a file."""
    return folded_type(one) == folded_type(other)


def is_among(kind: str, kinds: Collection[str]) -> bool:
    return any(same_type(kind, one) for one in kinds)


def is_policy(kind: str) -> bool:
    """Policies are always overwritten, whatever the rule says."""
    return same_type(kind, POLICY)
