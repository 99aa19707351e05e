"""Add organizations with their credentials from the command line."""

import getpass
import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError

from accounts.choices import CredentialKind, OrganizationKind
from accounts.errors import ErasureNotConfirmedError, RefusedError
from accounts.models import Credential, Organization
from accounts.services import credentials, organizations
from accounts.vendors import parts_of, vendor_of

SECRET_VARIABLE = "TOWPATH_CLIENT_SECRET"  # noqa: S105  the name of a variable
# What a document says of further services, by their names.
OF_SERVICES = {"service_urls": "URLs", "service_dialects": "dialects"}
K = TypeVar("K", OrganizationKind, CredentialKind)
DEFAULT_SCOPES = "openid,AdobeID,read_organizations,additional_info.projectedProductContext"


class Command(BaseCommand):
    help = (
        "Add an organization and a credential for it, or all organizations of a JSON document. What is there already "
        "is brought up to date, so the command may be repeated. The client secret, or the password of a SnapLogic "
        f"user, is read from the environment ({SECRET_VARIABLE}) or from standard input, never from the command line."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from-json", metavar="FILE", help="a JSON document with organizations; - is stdin")
        parser.add_argument("--name", help="how people here call the organization")
        parser.add_argument("--kind", choices=OrganizationKind.values, default=OrganizationKind.ADOBE.value)
        parser.add_argument(
            "--remote-id", help="the organization id, ends in @AdobeOrg; of SnapLogic the name of the environment"
        )
        parser.add_argument("--region", default="")
        parser.add_argument("--production", action="store_true", help="all of it counts as production")
        parser.add_argument("--platform-url", help="of SnapLogic the control plane; without it the usual one")
        parser.add_argument("--ims-url", help="only of Adobe; without it the usual one")
        parser.add_argument(
            "--service-url",
            action="append",
            default=[],
            metavar="NAME=URL",
            help="where a further service is, such as journeys=https://journey.adobe.io/authoring; may be repeated",
        )
        parser.add_argument(
            "--service-dialect",
            action="append",
            default=[],
            metavar="NAME=DIALECT",
            help="which revision of its contract a further service speaks, if not the current one; may be repeated",
        )
        parser.add_argument(
            "--client-id",
            help="of an OAuth server-to-server credential, or the name of a SnapLogic user; without it none is added",
        )
        parser.add_argument("--issuer", help="issuer id of a SnapLogic user who signs in with a JWT; needs a key")
        parser.add_argument("--key-id", default="", help="which published key proves the JWT")
        parser.add_argument("--private-key-file", metavar="FILE", help="the private key as PEM, for --issuer")
        parser.add_argument("--scopes", default=DEFAULT_SCOPES, help="commas between")
        parser.add_argument("--credential-name", default="Added on the command line")
        parser.add_argument(
            "--erase-secrets", action="store_true", help="allow another service URL to erase the stored secrets"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["from_json"]:
            document = _read_document(options["from_json"])
            try:
                wanted = [_from_document(document, found) for found in document["organizations"]]
            except (KeyError, TypeError) as exc:
                raise CommandError(f"The document lacks a member: {exc}.") from exc
        elif options["name"] and options["remote_id"]:
            wanted = [_from_options(options)]
        else:
            raise CommandError("Give --name and --remote-id, or --from-json.")
        for organization in wanted:
            try:
                self._apply(organization, may_erase=options["erase_secrets"])
            except ErasureNotConfirmedError as refusal:
                raise CommandError(f"{refusal.message} Repeat with --erase-secrets to go on.") from refusal
            except RefusedError as refusal:
                raise CommandError(f"{organization['name']}: {refusal.message}") from refusal

    def _apply(self, wanted: dict[str, Any], *, may_erase: bool) -> None:
        urls = {name: wanted[name] for name in ("ims_url", "platform_url", "service_urls", "service_dialects")}
        kind = wanted["kind"]
        remote_id = organizations.check_remote_id(kind, wanted["remote_id"])
        organization = Organization.objects.present().filter(kind=kind, remote_id=remote_id).first()
        if organization is None:
            organization = organizations.create_organization(
                name=wanted["name"],
                kind=kind,
                remote_id=remote_id,
                region=wanted["region"],
                is_production=wanted["is_production"],
                actor=None,
                **urls,
            )
            self.stdout.write(f"Added {organization}.")
        else:
            organizations.update_organization(
                organization=organization,
                # What people changed since stays; a repeated import must not take a production mark away.
                name=organization.name,
                region=organization.region or wanted["region"],
                is_production=organization.is_production or wanted["is_production"],
                is_erasure_confirmed=may_erase,
                actor=None,
                **urls,
            )
            self.stdout.write(f"{organization} was there already.")
        for credential in wanted["credentials"]:
            self._apply_credential(organization, credential)

    def _apply_credential(self, organization: Organization, wanted: dict[str, Any]) -> None:
        secrets = {name: wanted.get(name, "") for name in ("client_secret", "private_key")}
        known = organization.credentials.filter(client_id=wanted["client_id"], kind=wanted["kind"]).first()
        if known is None:
            credential = credentials.add_credential(
                organization=organization,
                name=_free_name(organization, wanted["name"]),
                kind=wanted["kind"],
                client_id=wanted["client_id"],
                scopes=list(wanted.get("scopes", [])),
                technical_account_id=wanted.get("technical_account_id", ""),
                metascopes=list(wanted.get("metascopes", [])),
                issuer=wanted.get("issuer", ""),
                key_id=wanted.get("key_id", ""),
                actor=None,
                **secrets,
            )
            self.stdout.write(f"  Added the credential {credential.name}.")
        elif not _holds(known, secrets):
            credentials.replace_secret(credential=known, actor=None, **secrets)
            self.stdout.write(f"  Replaced the secret of {known.name}.")
        else:
            self.stdout.write(f"  The credential {known.name} was there already.")


def _read_document(source: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        document = json.loads(text)
    except (OSError, ValueError) as exc:
        raise CommandError(f"{source} cannot be read as JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise CommandError(f"{source} holds no JSON object.")
    return document


def _from_document(document: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """One organization of a document; sign-in service and platform share its base URL."""
    kind = _known(OrganizationKind, found.get("kind", OrganizationKind.ADOBE), "organizations")
    is_adobe = kind is OrganizationKind.ADOBE
    # What the document says for all organizations is said of those that it was first made for.
    common = document if is_adobe else {}
    return {
        "kind": kind,
        "name": found["name"],
        "remote_id": found["ims_org_id"] if is_adobe else found["remote_id"],
        "region": found.get("region", ""),
        "is_production": found.get("is_production") is True,
        "platform_url": document["base_url"],
        "ims_url": document["base_url"] if is_adobe else "",
        **{name: _by_service(name, found.get(name, common.get(name, {}))) for name in OF_SERVICES},
        "credentials": [
            _credential_of(credential, f"Credential {number}")
            for number, credential in enumerate(found["credentials"], start=1)
        ],
    }


def _credential_of(found: dict[str, Any], name: str) -> dict[str, Any]:
    """One credential of a document, where a user name and a password may stand under these names."""
    wanted = {**found, "name": found.get("name") or name, "kind": _known(CredentialKind, found["kind"], "credentials")}
    for known, ours in (("username", "client_id"), ("password", "client_secret")):
        if known in wanted:
            wanted[ours] = wanted.pop(known)
    for member in ("client_id", *parts_of(wanted["kind"]).secrets):
        if member not in wanted:
            raise KeyError(member)
    return wanted


def _known(kinds: type[K], text: Any, what: str) -> K:
    if text not in kinds.values:
        raise CommandError(f"{text!r} is no kind of {what}. Known are {', '.join(kinds.values)}.")
    return kinds(text)


def _from_options(options: dict[str, Any]) -> dict[str, Any]:
    kind = OrganizationKind(options["kind"])
    vendor = vendor_of(kind)
    wanted: dict[str, Any] = {
        "kind": kind,
        "name": options["name"],
        "remote_id": options["remote_id"],
        "region": options["region"],
        "is_production": options["production"],
        "platform_url": options["platform_url"] or vendor.platform_url,
        "ims_url": options["ims_url"] or vendor.sign_in_url,
        "service_urls": dict(
            _named(text, "URL", "journeys=https://journey.adobe.io") for text in options["service_url"]
        ),
        "service_dialects": dict(_named(text, "dialect", "decisioning=r1") for text in options["service_dialect"]),
        "credentials": [],
    }
    if options["client_id"]:
        wanted["credentials"].append(
            {"name": options["credential_name"], "client_id": options["client_id"], **_proof_of(kind, options)}
        )
    return wanted


def _proof_of(kind: OrganizationKind, options: dict[str, Any]) -> dict[str, Any]:
    """The kind of the one credential, with what it proves itself by."""
    if options["issuer"] or options["private_key_file"]:
        key = options["private_key_file"]
        return {
            "kind": CredentialKind.SNAPLOGIC_BEARER,
            "issuer": options["issuer"] or "",
            "key_id": options["key_id"],
            "private_key": _read_text(key, "a private key") if key else "",
        }
    if kind is OrganizationKind.SNAPLOGIC:
        return {"kind": CredentialKind.SNAPLOGIC_BASIC, "client_secret": _read_secret()}
    return {
        "kind": CredentialKind.OAUTH_SERVER_TO_SERVER,
        "client_secret": _read_secret(),
        "scopes": [scope.strip() for scope in options["scopes"].split(",") if scope.strip()],
    }


def _read_text(path: str, what: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as exc:
        raise CommandError(f"{path} cannot be read as {what}: {exc}") from exc


def _by_service(member: str, found: Any) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise CommandError(f"{member} of the document is no object of names and {OF_SERVICES[member]}.")
    return found


def _named(text: str, what: str, example: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not value:
        raise CommandError(f"{text} is no service with its {what}. Write it like {example}.")
    return name.strip(), value.strip()


def _read_secret() -> str:
    from_environment = os.environ.get(SECRET_VARIABLE)
    if from_environment:
        return from_environment
    secret = getpass.getpass("Client secret: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not secret.strip():
        raise CommandError(f"No client secret came in. Set {SECRET_VARIABLE}, or pipe it in.")
    return secret.strip()


def _free_name(organization: Organization, name: str) -> str:
    taken = set(organization.credentials.values_list("name", flat=True))
    candidates = [name, *(f"{name} {number}" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)


def _holds(credential: Credential, secrets: dict[str, str]) -> bool:
    stored = credentials.read_secrets(credential)
    return all(stored.get(name, "") == value for name, value in secrets.items())
