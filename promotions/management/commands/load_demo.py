"""`manage.py load_demo`: people and organizations to try Towpath with."""

import io
import json
import os
import secrets
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accounts.choices import OrganizationKind, Role
from accounts.models import Organization, User
from accounts.models.organizations import OrganizationQuerySet
from accounts.remote_services import all_services
from accounts.services import organizations, people, stored_values
from clients.snaplogic import VersionPath
from config.env import Mode
from promotions.services import api_versions

SHARED_ORGANIZATIONS = ("Acme", "Globex")
# SnapLogic does not tell which of its environments is production.
PRODUCTION_ENVIRONMENT = "acme-prod"


@dataclass(frozen=True)
class Person:
    """One of the demo; an administrator of the installation has no role of their own anywhere."""

    name: str
    role: Role | None = None
    organizations: tuple[str, ...] = SHARED_ORGANIZATIONS

    def __str__(self) -> str:
        what = f"{self.role} in {' and '.join(self.organizations)}" if self.role else "administrator"
        return f"{self.name}, {what}"

    def works_in(self, organization: Organization) -> bool:
        """Whoever works in Acme does so in its environments of SnapLogic, too."""
        is_environment = organization.kind == OrganizationKind.SNAPLOGIC
        return ("Acme" if is_environment else organization.name) in self.organizations


PEOPLE = {
    "ada@example.com": Person("Ada Ahmadi"),
    "oskar@example.com": Person("Oskar Lind", Role.OPERATOR),
    "priya@example.com": Person("Priya Nair", Role.APPROVER),
    # Whoever agreed for the one organization may not answer for the other.
    "noor@example.com": Person("Noor Haddad", Role.APPROVER, ("Globex",)),
    "vera@example.com": Person("Vera Costa", Role.VIEWER),
}
# Where the emulator answers for further services.
SERVICES = {"journeys": "/authoring", "decisioning": "/decisioning"}
# Secrets that the demo's journeys ask for; whatever is filled in satisfies the emulator.
VALUES = {
    "SMS provider, API key": "Of the custom action sendSms.",
    "CRM, bearer token": "Of the custom action notifyCrm.",
    "Carrier, client secret": "Of the data source carrierTracking.",
}
SIGN_INS_FILE = "demo-sign-ins.json"
# Time for the emulator to make its keys and print them.
CREDENTIALS_WITHIN_S = 30


class Command(BaseCommand):
    help = "Make demo people and the organizations of a running emulator, once; print the sign-ins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--emulator-url", default="http://127.0.0.1:9400", help="where the emulator runs")

    def handle(self, *_args: Any, emulator_url: str, **_options: Any) -> None:
        if settings.MODE is not Mode.DEMO:
            raise CommandError("Demo data belong into a demo installation. Set TOWPATH_MODE=demo.")
        sign_ins = self.make_people()
        here = Organization.objects.present().filter(platform_url__startswith=emulator_url)
        services = {one.name: emulator_url + SERVICES[one.name] for one in all_services() if one.name in SERVICES}
        # Those of a demo made before lack the services, the environments and the versions that came since.
        has_services = any(services.keys() <= organization.service_urls.keys() for organization in here)
        if not has_services or not here.filter(kind=OrganizationKind.SNAPLOGIC, api_versions__isnull=False).exists():
            document = self.read_emulator(emulator_url)
            self.make_organizations(document, services)
            self.know_versions(document)
            self.mark_production()
            self.give_roles()
            self.give_values()
        self.stdout.write("Sign in as")
        for email, password in sign_ins.items():
            self.stdout.write(f"  {email:<20} {password}   ({PEOPLE[email]})")

    def make_people(self) -> dict[str, str]:
        """E-mail and password of each; both are made once and then read from the data folder."""
        kept = settings.DATA_DIR / SIGN_INS_FILE
        known: dict[str, str] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        sign_ins = {email: known.get(email) or f"towpath-{secrets.token_hex(4)}" for email in PEOPLE}
        if sign_ins != known:
            kept.touch(mode=0o600)
            kept.write_text(json.dumps(sign_ins, indent=2), encoding="utf-8")
        for email, person in PEOPLE.items():
            if not User.objects.filter(email=email).exists():
                people.create_person(
                    email=email,
                    full_name=person.name,
                    password=sign_ins[email],
                    is_administrator=person.role is None,
                    actor=None,
                )
        return sign_ins

    def read_emulator(self, emulator_url: str) -> dict[str, Any]:
        """What the emulator prints for its clients to be set up from."""
        port = str(urlsplit(emulator_url).port)
        printed = subprocess.run(  # noqa: S603  (our own program, and a port number)
            [sys.executable, "-m", "emulator", "--credentials", "--seed", "demo", "--port", port],
            capture_output=True,
            text=True,
            check=False,
            timeout=CREDENTIALS_WITHIN_S,
            cwd=settings.BASE_DIR,
        )
        if printed.returncode:
            raise CommandError(f"The emulator does not print its credentials: {printed.stderr.strip()}")
        document: dict[str, Any] = json.loads(printed.stdout)
        return document

    def make_organizations(self, document: dict[str, Any], service_urls: dict[str, str]) -> None:
        """Take over the emulator's organizations with their credentials, as an operator would.

        At another address than before their secrets are erased first, and then entered again.
        """
        descriptor, path = tempfile.mkstemp(suffix=".json")  # readable by its owner alone
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(document | {"service_urls": service_urls}, file)
            call_command("add_organization", from_json=path, erase_secrets=True, stdout=io.StringIO())
        finally:
            Path(path).unlink()

    def know_versions(self, document: dict[str, Any]) -> None:
        """The platform lists no versions of APIs, so a demo has to begin with those that there are."""
        environments = {one.remote_id: one for one in _environments()}
        for described in document["organizations"]:
            for one in described.get("api_versions", ()):
                path = VersionPath(described["remote_id"], one["api"], one["version"])
                api_versions.note_seen(environments[path.org], path, known_from="demo data")

    def mark_production(self) -> None:
        for organization in _environments().filter(remote_id=PRODUCTION_ENVIRONMENT, is_production=False):
            organizations.update_organization(
                organization=organization,
                name=organization.name,
                region=organization.region,
                platform_url=organization.platform_url,
                is_production=True,
                actor=None,
            )

    def give_roles(self) -> None:
        for organization in (*_shared(), *_environments()):
            for email, one in PEOPLE.items():
                if one.role is not None and one.works_in(organization):
                    person = User.objects.get(email=email)
                    people.set_membership(user=person, organization=organization, role=one.role, actor=None)

    def give_values(self) -> None:
        """Those that are missing, and those that were erased with the emulator's address before."""
        for organization in _shared():
            known = {stored.name: stored for stored in organization.stored_values.filter(deleted_at=None)}
            for name, description in VALUES.items():
                value = f"demo-{secrets.token_hex(12)}"
                if name not in known:
                    stored_values.add(
                        organization=organization, name=name, value=value, description=description, actor=None
                    )
                elif not known[name].has_value:
                    stored_values.set_value(stored=known[name], value=value, confirmed_name=name, actor=None)


def _shared() -> OrganizationQuerySet:
    return Organization.objects.present().filter(name__in=SHARED_ORGANIZATIONS, kind=OrganizationKind.ADOBE)


def _environments() -> OrganizationQuerySet:
    return Organization.objects.present().filter(kind=OrganizationKind.SNAPLOGIC)
