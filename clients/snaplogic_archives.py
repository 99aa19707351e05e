"""What is remembered of an exported zip while it passes through."""

import hashlib

from clients.downloads import Sink

ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_END = b"PK\x05\x06"
# The end record of an archive, with the longest comment that may follow it.
_ZIP_END_BYTES = 22
_ZIP_TAIL_BYTES = _ZIP_END_BYTES + 65535


class Archive:
    """Passes bytes on and remembers what tells whether the archive is whole."""

    def __init__(self, to: Sink) -> None:
        self._write = to if callable(to) else to.write
        self._digest = hashlib.sha256()
        self._tail = b""

    def __call__(self, piece: bytes) -> None:
        self._write(piece)
        self._digest.update(piece)
        self._tail = (self._tail + piece)[-_ZIP_TAIL_BYTES:]

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    @property
    def has_end(self) -> bool:
        """Whether the last bytes are the end record of an archive; one of an archive inside it is not."""
        return any(
            int.from_bytes(self._tail[at + 20 : at + 22], "little") == len(self._tail) - at - _ZIP_END_BYTES
            for at in range(len(self._tail) - _ZIP_END_BYTES + 1)
            if self._tail.startswith(_ZIP_END, at)
        )
