"""Documents of remote systems as they were read: kept encrypted, byte for byte, for as long as something needs them."""

import hashlib
import zlib
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import crypto
from accounts.models import Organization
from promotions.models import RemoteDocument

COMPRESSION = 6
# A newer reading replaces one that no plan rests on; what is being read right now may still find its plan.
KEPT_UNUSED = timedelta(days=1)


@transaction.atomic
def keep(*, organization: Organization, kind: str, remote_id: str, content: bytes) -> RemoteDocument:
    """Store a document unless the same content is there already; older readings that no plan rests on go."""
    now = timezone.now()
    # Also where the content is known: it may lie there under a key that is lost.
    document, _ = RemoteDocument.objects.update_or_create(
        organization=organization,
        kind=kind,
        remote_id=remote_id,
        sha256=hashlib.sha256(content).hexdigest(),
        defaults={
            "size": len(content),
            "sealed": crypto.encrypt_bytes(zlib.compress(content, COMPRESSION)),
            "read_at": now,
        },
    )
    RemoteDocument.objects.filter(
        organization=organization, kind=kind, remote_id=remote_id, plans=None, read_at__lt=now - KEPT_UNUSED
    ).delete()
    return document


def latest(*, organization: Organization, kind: str, remote_id: str) -> RemoteDocument | None:
    """The last reading, without its content."""
    found = RemoteDocument.objects.filter(organization=organization, kind=kind, remote_id=remote_id)
    return found.defer("sealed").order_by("-read_at", "-pk").first()


def content_of(document: RemoteDocument) -> bytes:
    """The bytes as they came. Raises UndecryptableError if the key is gone."""
    return zlib.decompress(crypto.decrypt_bytes(document.sealed))
