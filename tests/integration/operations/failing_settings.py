"""The settings of an installation whose next version brings a migration that works and one that does not."""

from config.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.integration.operations.next_version"]  # noqa: F405
