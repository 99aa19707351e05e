"""What one machine keeps for itself: its keys and the address of its own Valkey. Knows no Django."""

import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

KEYS_FILE = "keys.env"
DATABASE_FILE = "towpath.sqlite3"
KEY_NAMES = ("SECRET_KEY", "AUDIT_KEY", "CREDENTIAL_KEYS")
# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero included.
LONGEST_SOCKET_PATH = 100


class EmbeddedError(Exception):
    """The machine cannot run Towpath as it is; the text says why and what to do."""


def use_kept_keys(data_dir: Path) -> None:
    """Put the keys of this machine into the environment, and make them at the first start.

    A key that the environment gives already wins over the kept one. The file is written whole or not at all, so
    that two processes starting at once end up with the same keys.
    """
    missing = [name for name in KEY_NAMES if not (os.environ.get(name) or os.environ.get(f"{name}_FILE"))]
    if not missing:
        return
    path = data_dir / KEYS_FILE
    if not path.exists():
        _make_keys(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise EmbeddedError(f"{path} holds secrets and others can read it. Run: chmod 600 {path}")
    kept = dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    for name in missing:
        if name not in kept:
            raise EmbeddedError(f"{path} has no {name}. Restore the file from a backup.")
        os.environ[name] = kept[name]


def _make_keys(path: Path) -> None:
    database = path.with_name(DATABASE_FILE)
    if database.exists():
        raise EmbeddedError(
            f"{database} exists but {path.name} beside it is gone: new keys could neither read its credentials nor "
            f"prove its audit trail. Restore {path.name} from a backup, or move the database away to start afresh."
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    values = (secrets.token_urlsafe(64), secrets.token_urlsafe(64), Fernet.generate_key().decode())
    text = "".join(f"{name}={value}\n" for name, value in zip(KEY_NAMES, values, strict=True))
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".keys-")  # mkstemp opens with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(path).hardlink_to(draft)
    except FileExistsError:
        pass  # another process was first: its keys count
    finally:
        Path(draft).unlink()


def valkey_socket(data_dir: Path) -> Path:
    """Where the private Valkey of this data directory listens; the same answer in every process."""
    path = data_dir / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return base / f"towpath-{os.getuid()}-{digest}" / "valkey.sock"
