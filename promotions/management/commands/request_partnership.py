"""`manage.py request_partnership`: ask for the consent to asking organizations for a partnership."""

from argparse import ArgumentParser
from typing import Any

from accounts.models import User
from promotions.management import lookups
from promotions.management.sharing import SharingCommand, add_partners
from promotions.models import SharingRequest
from promotions.services import sharing


class Command(SharingCommand):
    help = "Ask one or more organizations for a partnership, each of which then decides on it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", required=True, metavar="NAME_OR_ID", help="the one that asks")
        add_partners(parser)
        super().add_arguments(parser)

    def ask(self, user: User, options: dict[str, Any]) -> SharingRequest:
        return sharing.request_partnerships(
            organization=lookups.organization(user, options["organization"]),
            partner_ids=options["partner_ids"],
            note=options["note"],
            actor=user,
        )
