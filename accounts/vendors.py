"""What differs between the kinds of organizations and of credentials: which parts they have, and how these are called.

Pages, forms, services and commands ask here, so that none of them asks for the name of a vendor.
"""

from dataclasses import dataclass

from accounts.choices import CredentialKind, OrganizationKind

DEFAULT_IMS_URL = "https://ims-na1.adobelogin.com"
DEFAULT_PLATFORM_URL = "https://platform.adobe.io"
DEFAULT_CONTROL_PLANE_URL = "https://elastic.snaplogic.com"


@dataclass(frozen=True)
class Vendor:
    """One kind of organizations. Without a `sign_in_url` there is no sign-in service to name."""

    id_label: str
    id_help: str
    platform_label: str
    platform_help: str
    platform_url: str
    platform_example: str
    sign_in_url: str
    has_sandboxes: bool
    region_example: str
    production_label: str
    production_help: str
    credential_lead: str
    credential_missing: str
    credential_test: str
    credential_kinds: tuple[CredentialKind, ...]
    has_one_credential_form: bool


@dataclass(frozen=True)
class CredentialParts:
    """What a credential of one kind is made of, as names of fields beside `client_id`, and the labels of these."""

    facts: tuple[str, ...]
    secrets: tuple[str, ...]
    id_label: str
    secret_label: str
    key_help: str = ""
    has_password: bool = False
    """Whether the secret is a password, of which blanks at its ends are part."""
    tab: str = ""
    """How the kind is called where its form is one of several."""
    lead: str = ""
    """What to know before the form is filled in."""
    replacing: str = ""
    """What to know before its secret is replaced."""


VENDORS = {
    OrganizationKind.ADOBE: Vendor(
        id_label="Organization id",
        id_help="Ends in @AdobeOrg. The Adobe Developer Console shows it beside the credential.",
        platform_label="Platform URL",
        platform_help="",
        platform_url=DEFAULT_PLATFORM_URL,
        platform_example="https://platform.adobe.io",
        sign_in_url=DEFAULT_IMS_URL,
        has_sandboxes=True,
        region_example="VA7",
        production_label="All of it counts as production",
        production_help="Every promotion into this organization then needs an approval. Only an administrator of this "
        "installation takes the mark away.",
        credential_lead="As the Adobe Developer Console shows it for your project. Secrets are stored encrypted and "
        "never shown again.",
        credential_missing="Towpath signs in at the platform as a technical account. Make one in the Adobe Developer "
        "Console (OAuth server-to-server) and enter it here.",
        credential_test="A test asks for a token and lists the sandboxes; it changes nothing.",
        credential_kinds=(CredentialKind.OAUTH_SERVER_TO_SERVER, CredentialKind.JWT),
        has_one_credential_form=True,
    ),
    OrganizationKind.SNAPLOGIC: Vendor(
        id_label="Environment name",
        id_help="As SnapLogic spells it, such as acme-prod: capital and small letters count. It was called "
        "organization before.",
        platform_label="Control plane URL",
        platform_help="The host alone, such as https://emea.snaplogic.com. It is the one that you sign in at.",
        platform_url=DEFAULT_CONTROL_PLANE_URL,
        platform_example="https://emea.snaplogic.com",
        sign_in_url="",
        has_sandboxes=False,
        region_example="EMEA",
        production_label="This environment counts as production",
        production_help="Every promotion into this environment then needs an approval. SnapLogic does not tell which "
        "environments are production: without this mark it counts as development. Only an administrator of this "
        "installation takes the mark away.",
        credential_lead="Towpath signs in at the public API of SnapLogic in the name of one user. Use one that people "
        "do not sign in as, with write access to the APIs that are imported. Secrets are stored encrypted and never "
        "shown again.",
        credential_missing="Towpath signs in at SnapLogic in the name of a user with a password, or with a signed JWT "
        "where the environment does not take passwords.",
        credential_test="A test signs in and lists the assets of the shared folder; it changes nothing.",
        credential_kinds=(CredentialKind.SNAPLOGIC_BASIC, CredentialKind.SNAPLOGIC_BEARER),
        has_one_credential_form=False,
    ),
}

CREDENTIALS = {
    CredentialKind.OAUTH_SERVER_TO_SERVER: CredentialParts(
        facts=("scopes",),
        secrets=("client_secret",),
        id_label="Client id",
        secret_label="Client secret",  # noqa: S106  a label
        replacing="Adobe lets a credential have two secrets, so that you can delete the old one there afterwards.",
    ),
    CredentialKind.JWT: CredentialParts(
        facts=("scopes", "technical_account_id", "metascopes"),
        secrets=("client_secret", "private_key"),
        id_label="Client id",
        secret_label="Client secret",  # noqa: S106  a label
        replacing="Adobe lets a credential have two secrets, so that you can delete the old one there afterwards.",
    ),
    CredentialKind.SNAPLOGIC_BASIC: CredentialParts(
        facts=(),
        secrets=("client_secret",),
        id_label="User name",
        secret_label="Password",  # noqa: S106  a label
        has_password=True,
        tab="User name and password",
        lead="An environment can have passwords turned off for its public API (disable_basic). Calls are then refused "
        "with HTTP 403, and a signed JWT is needed.",
    ),
    CredentialKind.SNAPLOGIC_BEARER: CredentialParts(
        facts=("issuer", "key_id"),
        secrets=("private_key",),
        id_label="User name",
        secret_label="Private key",  # noqa: S106  a label
        key_help="The PEM text, with its BEGIN and END lines: an RSA key of 2048 bits or more (RS256), or one on the "
        "curve P-256 (ES256). Stored encrypted and never shown again.",
        tab="Signed JWT",
        lead="Towpath signs a short-lived JWT for each connection. Whoever manages the environment at SnapLogic first "
        "enters the issuer id there, and the URL under which the public key is published (jwks_url).",
        replacing="Publish the new public key first, and take the old one away once a test has passed.",
    ),
}


def vendor_of(kind: str) -> Vendor:
    """What holds for one kind of organizations; raises ValueError for a kind that does not exist."""
    return VENDORS[OrganizationKind(kind)]


def parts_of(kind: str) -> CredentialParts:
    """What a credential of one kind is made of; raises ValueError for a kind that does not exist."""
    return CREDENTIALS[CredentialKind(kind)]
