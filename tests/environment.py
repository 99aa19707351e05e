"""The environment the tests run in; loaded as a pytest plugin before Django reads its settings."""

import os
import tempfile

os.environ.setdefault("TOWPATH_MODE", "development")
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="towpath-test-"))
