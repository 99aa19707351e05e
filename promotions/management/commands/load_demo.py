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

from accounts.choices import Role
from accounts.models import Organization, User
from accounts.remote_services import all_services
from accounts.services import people, stored_values
from config.env import Mode

SHARED_ORGANIZATIONS = ("Acme", "Globex")


@dataclass(frozen=True)
class Person:
    """One of the demo; an administrator of the installation has no role of their own anywhere."""

    name: str
    role: Role | None = None
    organizations: tuple[str, ...] = SHARED_ORGANIZATIONS

    def __str__(self) -> str:
        what = f"{self.role} in {' and '.join(self.organizations)}" if self.role else "administrator"
        return f"{self.name}, {what}"


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
        here = Organization.objects.filter(platform_url__startswith=emulator_url, deleted_at=None)
        services = {one.name: emulator_url + SERVICES[one.name] for one in all_services() if one.name in SERVICES}
        # Those of a demo made before lack the services that came since.
        if not any(services.keys() <= organization.service_urls.keys() for organization in here):
            self.make_organizations(emulator_url, services)
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

    def make_organizations(self, emulator_url: str, service_urls: dict[str, str]) -> None:
        """Take over the emulator's organizations with their credentials, as an operator would.

        At another address than before their secrets are erased first, and then entered again.
        """
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
        descriptor, path = tempfile.mkstemp(suffix=".json")  # readable by its owner alone
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                described = json.loads(printed.stdout)
                # SnapLogic has organizations of another kind, which no part of the demo uses.
                described["organizations"] = [one for one in described["organizations"] if "kind" not in one]
                json.dump(described | {"service_urls": service_urls}, file)
            call_command("add_organization", from_json=path, erase_secrets=True, stdout=io.StringIO())
        finally:
            Path(path).unlink()

    def give_roles(self) -> None:
        for organization in Organization.objects.filter(name__in=SHARED_ORGANIZATIONS, deleted_at=None):
            for email, one in PEOPLE.items():
                if one.role is not None and organization.name in one.organizations:
                    person = User.objects.get(email=email)
                    people.set_membership(user=person, organization=organization, role=one.role, actor=None)

    def give_values(self) -> None:
        """Those that are missing, and those that were erased with the emulator's address before."""
        for organization in Organization.objects.filter(name__in=SHARED_ORGANIZATIONS, deleted_at=None):
            known = {stored.name: stored for stored in organization.stored_values.filter(deleted_at=None)}
            for name, description in VALUES.items():
                value = f"demo-{secrets.token_hex(12)}"
                if name not in known:
                    stored_values.add(
                        organization=organization, name=name, value=value, description=description, actor=None
                    )
                elif not known[name].has_value:
                    stored_values.set_value(stored=known[name], value=value, confirmed_name=name, actor=None)
