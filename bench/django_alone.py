"""Django for scripts that need a database and no running installation: imported before anything that needs settings.

The database is SQLite in a folder that goes with the process, or the one that DATABASE_URL names. Cache and queue are
out of the measurement: the cache is in memory, and no worker listens.
"""

import os
import secrets
from tempfile import TemporaryDirectory

from cryptography.fernet import Fernet

FOLDER = TemporaryDirectory(prefix="towpath-bench-")
os.environ.update(
    TOWPATH_MODE="development",
    DATA_DIR=FOLDER.name,
    DJANGO_SETTINGS_MODULE="config.settings",
    LOG_LEVEL="ERROR",
    # Processes that a script starts read what it has written.
    SECRET_KEY=secrets.token_urlsafe(64),
    AUDIT_KEY=secrets.token_urlsafe(64),
    CREDENTIAL_KEYS=Fernet.generate_key().decode(),
    DATABASE_URL=os.environ.get("BENCH_DATABASE_URL", f"sqlite:///{FOLDER.name}/bench.sqlite3"),
)

import django  # noqa: E402  (the environment comes first)

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402


def prepare() -> None:
    """An empty database, and a cache in memory."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    setup_test_environment()
    call_command("migrate", verbosity=0)
