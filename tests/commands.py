"""Management commands as a person at a terminal sees them."""

from io import StringIO

from django.core.management import CommandError, call_command


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    out = StringIO()
    try:
        call_command(*arguments, stdout=out)
    except CommandError as exc:
        return exc.returncode, f"{out.getvalue()}{exc}"
    except SystemExit as exc:
        return int(str(exc.code)), out.getvalue()
    return 0, out.getvalue()


def run_here(*arguments: str) -> tuple[int, str]:
    """The same, with the engine in this process."""
    return run(*arguments, "--run-here", "--timeout", "60")
