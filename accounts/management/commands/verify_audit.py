"""Check the whole record for changed, removed, inserted and cut-off lines."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.services import audit, verification


class Command(BaseCommand):
    help = (
        "Check the record. Prints its head as SEQUENCE:DIGEST; keep it outside the database and hand it back later "
        "with --expected-head, since rows cut off together with the head cannot be noticed otherwise. "
        "Exits with 1 on any finding."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--expected-head", metavar="SEQUENCE:DIGEST", help="a head that was printed before")
        parser.add_argument("--only-head", action="store_true", help="print the head and check nothing")
        parser.add_argument(
            "--forget", action="store_true", help="keep no result for the audit page; the database stays as it is"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["only_head"]:
            self.stdout.write(str(audit.current_head()))
            return
        expected = options["expected_head"]
        try:
            head = audit.Head.parse(expected) if expected else None
        except ValueError as exc:
            raise CommandError(str(exc)) from exc
        result = audit.verify(head, verification.known_head())
        if not options["forget"]:
            verification.keep_result(result)
        self.stdout.write(str(result.head))
        if result.is_intact:
            self.stderr.write(f"Intact: {result.rows} lines.")
            return
        for finding in result.findings:
            self.stderr.write(finding.text)
        unshown = result.findings_total - len(result.findings)
        if unshown:
            self.stderr.write(f"{unshown} more findings are not shown.")
        sys.exit(1)
