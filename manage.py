#!/usr/bin/env python
"""Towpath's command line."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["up"]:  # runs on this machine alone unless told otherwise; everything else is production first
        os.environ.setdefault("TOWPATH_MODE", "demo" if "--demo" in sys.argv else "embedded")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as exc:
        sys.exit(f"Towpath cannot start: {exc}")


if __name__ == "__main__":
    main()
