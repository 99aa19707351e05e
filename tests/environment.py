"""The environment the tests run in; loaded as a pytest plugin before Django reads its settings."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("TOWPATH_MODE", "development")
if "TEST_SHARED_DIR" not in os.environ:
    # What one worker prepares for all of them.
    os.environ["TEST_SHARED_DIR"] = tempfile.mkdtemp(prefix="towpath-test-shared-")
    atexit.register(shutil.rmtree, os.environ["TEST_SHARED_DIR"], ignore_errors=True)
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # A worker inherits the folder of the process that started it; each has files and a Valkey of its own below it.
    os.environ["DATA_DIR"] = str(Path(os.environ["DATA_DIR"]) / worker)
    Path(os.environ["DATA_DIR"]).mkdir(parents=True, exist_ok=True)
elif "DATA_DIR" not in os.environ:
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="towpath-test-")
    atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
