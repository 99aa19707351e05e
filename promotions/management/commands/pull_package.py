"""`manage.py pull_package`: ask for the consent to bringing public packages of other organizations in."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from accounts.models import User
from clients.package_payloads import parse_payload
from promotions.management import lookups
from promotions.management.sharing import SharingCommand
from promotions.models import SharingRequest
from promotions.services import sharing
from promotions.services.sharing import PullSource


class Command(SharingCommand):
    help = "Pull public packages of other organizations, named by their payloads or by ids."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", required=True, metavar="NAME_OR_ID", help="the one that receives")
        parser.add_argument(
            "--payload",
            action="append",
            default=[],
            metavar="FILE",
            help="a payload as the other organization copied it, - for standard input; may be repeated",
        )
        parser.add_argument(
            "--package",
            action="append",
            default=[],
            nargs=2,
            metavar=("ORGANIZATION_ID", "PACKAGE_ID"),
            help="the other organization and its package by ids; may be repeated",
        )
        super().add_arguments(parser)

    def read(self, options: dict[str, Any]) -> None:
        self.sources = [_read(path) for path in options["payload"]]
        self.sources += [PullSource(organization_id, package_id) for organization_id, package_id in options["package"]]
        if not self.sources:
            raise CommandError("Name a package: --payload FILE, or --package ORGANIZATION_ID PACKAGE_ID.", returncode=2)

    def ask(self, user: User, options: dict[str, Any]) -> SharingRequest:
        return sharing.request_pull(
            organization=lookups.organization(user, options["organization"]),
            sources=self.sources,
            note=options["note"],
            actor=user,
        )


def _read(path: str) -> PullSource:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise CommandError(f"{path} cannot be read: {exc}", returncode=2) from exc
    try:
        found = parse_payload(text)
    except ValueError as exc:
        raise CommandError(f"{path}: {exc}", returncode=2) from exc
    return PullSource(found.organization_id, found.package_id)
