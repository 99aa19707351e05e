"""One digest for what a document means, whatever order its members have and however it is laid out."""

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from promotions.systems.journeys.document import DocumentError

if TYPE_CHECKING:
    from hashlib import _Hash

# Left out where they hold plain values: when something was touched, by whom, and under which call it was read. They
# differ between two exports of the same version, or after a change that is none ("metadata" of the sibling routes).
_ACTS = (
    *("created", "modified", "lastModified", "updated", "lastUpdated", "deleted", "lastDeleted", "stopped", "exported"),
    *("deployed", "lastDeployed", "firstDeployed", "published", "lastPublished"),
)
NOISE = frozenset(f"{act}{end}" for act in _ACTS for end in ("At", "By", "ById", "Date")) | {
    *("requestId", "x-request-id", "xRequestId", "etag", "_etag")
}
LIMIT_MEMBERS = 500_000
_NAME_SIZE = 16


class Meaning:
    """A Merkle digest, built while the document streams past.

    Lists count in their order; members do not, save that repeated names keep theirs, as the last one rules. Numbers
    count as written, only 1E+5 and 1e5 are the same; so 1.0 and 1 differ.
    """

    def __init__(self) -> None:
        self._open: list[list[bytes] | _Hash] = []  # digests of an object's members, to be sorted; or a list's hash
        self._names: list[str | None] = []
        self._waiting = 0
        self._whole = b""

    def open(self, name: str | None, *, is_object: bool) -> None:
        self._open.append([] if is_object else sha256(b"["))
        self._names.append(name)

    def close(self) -> None:
        top = self._open.pop()
        if isinstance(top, list):
            self._waiting -= len(top)
            top.sort(key=_name_part)
            digest = sha256(b"{")
            for part in top:
                digest.update(part)
        else:
            digest = top
        self._add(self._names.pop(), digest.digest())

    def leaf(self, name: str | None, kind: bytes, value: bytes) -> None:
        top = self._open[-1] if self._open else None
        if top is None or isinstance(top, list):
            self._add(name, sha256(kind + value).digest())
        else:  # lists may have millions: their values go in as they are, with their length
            top.update(b"%b%d:%b" % (kind, len(value), value))

    def hexdigest(self) -> str:
        return self._whole.hex()

    def _add(self, name: str | None, digest: bytes) -> None:
        if not self._open:
            self._whole = digest
            return
        top = self._open[-1]
        if not isinstance(top, list):
            top.update(b"@" + digest)
            return
        name = name or ""
        top.append((_of_name(name) if len(name) <= 100 else _of_name.__wrapped__(name)) + digest)
        self._waiting += 1
        if self._waiting > LIMIT_MEMBERS:
            raise DocumentError(
                f"The document has an object with more than {LIMIT_MEMBERS:,} members, or several that enclose each"
                " other; that is too many."
            )


def number_text(written: bytes) -> bytes:
    return written if written.isdigit() else written.lower().replace(b"+", b"")


def _name_part(part: bytes) -> bytes:
    return part[:_NAME_SIZE]


@lru_cache(maxsize=4096)
def _of_name(name: str) -> bytes:
    return sha256(name.encode("utf-8", "surrogatepass")).digest()[:_NAME_SIZE]
