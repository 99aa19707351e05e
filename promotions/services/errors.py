"""Refusals of services, as sentences for the person who asked."""

from collections.abc import Sequence

from accounts.errors import RefusedError

__all__ = ["ConflictError", "NotReadyError", "RefusedError"]


class NotReadyError(RefusedError):
    """A plan that may not run yet, with every reason."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


class ConflictError(RefusedError):
    """Somebody or something else was faster; the page shows a state that is no longer so."""
