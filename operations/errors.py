"""What goes wrong while backing up, restoring or upgrading."""


class OperationError(Exception):
    """It was not done; the text says why, what is left as it was, and what to do."""
