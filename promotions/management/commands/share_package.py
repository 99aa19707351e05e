"""`manage.py share_package`: ask for the consent to sharing a package with other organizations."""

from argparse import ArgumentParser
from typing import Any

from accounts.models import User
from promotions.management import lookups
from promotions.management.sharing import SharingCommand, add_partners
from promotions.models import SharingRequest
from promotions.services import sharing


class Command(SharingCommand):
    help = (
        "Share a published package with one or more organizations. Where there is no partnership yet, it is asked for "
        "first, under the same approval, and the package is sent once the partner agrees."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("package", help="remote id of the package, or its exact name")
        parser.add_argument(
            "--organization",
            action="append",
            default=[],
            metavar="NAME_OR_ID",
            help="look for the package here only; may be repeated",
        )
        add_partners(parser)
        super().add_arguments(parser)

    def ask(self, user: User, options: dict[str, Any]) -> SharingRequest:
        return sharing.request_share(
            package=lookups.package(user, options["package"], options["organization"]),
            partner_ids=options["partner_ids"],
            note=options["note"],
            actor=user,
        )
