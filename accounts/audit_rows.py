"""The rows of the record as a file holds them: all that the digest covers, and the digests on both sides of it."""

from collections.abc import Iterator

from accounts import access
from accounts.audit_lists import AuditList
from accounts.exporting import SLICE, Exportable, Row
from accounts.models import AuditEvent
from accounts.services.audit import Verb

_CONTENT = list(AuditEvent(sequence=0).content())
COLUMNS = [*_CONTENT, "previous_digest", "digest"]


def slices(found: AuditList) -> Iterator[list[Row]]:
    """The lines, some at a time. Each slice asks anew what the person may see."""
    for sequences in found.slices(size=SLICE):
        visible = access.audit_events_for_read(found.reader)
        lines = {line.sequence: line for line in visible.filter(sequence__in=sequences)}
        before = [number - 1 for number in sequences]
        digests = dict(AuditEvent.objects.filter(sequence__in=before).values_list("sequence", "digest"))
        yield [
            (*lines[number].content().values(), digests.get(number - 1, ""), lines[number].digest)
            for number in sequences
            if number in lines
        ]


EXPORT = Exportable(Verb.RECORD_EXPORTED, "record", "record", COLUMNS, slices)
