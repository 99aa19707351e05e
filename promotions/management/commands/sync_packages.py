"""`manage.py sync_packages`: read the packages of organizations now."""

import sys
from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.choices import OrganizationKind
from accounts.models import Organization
from promotions.management import following
from promotions.models import Job
from promotions.services import packages


class Command(BaseCommand):
    help = (
        "Read all packages of Adobe organizations, as a job, and print its progress. Exit codes: 0 every organization "
        "was read (or, with --no-wait, queued); 1 refused, nothing was started; 2 wrong usage; 4 reading failed; "
        "5 not over when the time was up; 6 cancelled."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--organization",
            action="append",
            default=[],
            metavar="NAME_OR_ID",
            help="read this one only; may be repeated (default: all that have a credential)",
        )
        parser.add_argument("--wait", action=BooleanOptionalAction, default=True, help="wait for the end (default)")
        following.add_arguments(parser)

    def handle(
        self, *_args: Any, organization: list[str], wait: bool, run_here: bool, timeout: float, **_options: Any
    ) -> None:
        if run_here and not wait:
            raise CommandError("--run-here does the work in this process and has to wait for it.", returncode=2)
        queued = [self.request(one) for one in self.organizations(organization)]
        for job in queued:
            self.stdout.write(f"{job.title}: job {job.pk}")
        if not wait:
            return
        follower = following.Follower(self.stdout.write, run_here, timeout)
        try:
            is_over = follower.to_end(queued)
        except KeyboardInterrupt:
            raise CommandError("Stopped waiting. The jobs go on if a worker runs.", returncode=130) from None
        if not is_over:
            raise CommandError(
                f"Not over after {timeout:.0f} s. The jobs stay queued and go on if a worker runs.",
                returncode=following.EXIT_TIMEOUT,
            )
        for job in queued:
            for line in following.ending(job):
                self.stdout.write(line)
        if code := following.worst([job.state for job in queued]):
            sys.exit(code)

    def request(self, organization: Organization) -> Job:
        return packages.request_synchronization(organization=organization, actor=None)

    def organizations(self, names: list[str]) -> list[Organization]:
        present = Organization.objects.present().filter(kind=OrganizationKind.ADOBE)
        if names:
            try:
                return following.organizations_named(names, list(present))
            except LookupError as exc:
                raise CommandError(str(exc.args[0]), returncode=following.EXIT_REFUSED) from exc
        ready = list(present.filter(credentials__is_primary=True).exclude(credentials__secrets="").distinct())
        if not ready:
            raise CommandError(
                "No organization has a credential yet. Add one with manage.py add_organization or in the browser.",
                returncode=following.EXIT_REFUSED,
            )
        return ready
