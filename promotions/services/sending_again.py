"""Sending again what did not arrive: a new transfer that points at the old one."""

from django.db import transaction

from accounts.models import User
from promotions.choices import TransferType
from promotions.models import SharingRequest, Transfer
from promotions.services import sharing
from promotions.services.errors import ConflictError


def reason_not_to_send_again(transfer: Transfer) -> str:
    """Why this transfer cannot be repeated, in a sentence; empty if it can."""
    if transfer.is_incoming:
        way = "Ask for the pull again" if transfer.type.upper() == TransferType.PUBLIC else "They can send it again"
        return f"{transfer.organization} receives it from {transfer.partner}. {way}."
    if not transfer.is_failed:
        return f"It is {transfer.status_text}; only a transfer that failed can be sent again."
    if transfer.package is None:
        return f"“{transfer.package_title}” is not known here. Synchronize the packages."
    return sharing.reason_not_to_share(transfer.package)


@transaction.atomic
def send_again(*, transfer: Transfer, note: str = "", actor: User) -> SharingRequest:
    """Ask for the consent to sending a package again, whose transfer failed.

    Raises ConflictError where there is nothing to repeat, RefusedError if the partner cannot be sent to.
    """
    if reason := reason_not_to_send_again(transfer):
        raise ConflictError(reason)
    if transfer.package is None:
        raise TypeError("a transfer that can be repeated has a package")
    return sharing.request_share(
        package=transfer.package, partner_ids=[transfer.partner_id], note=note, actor=actor, again_of=transfer
    )
