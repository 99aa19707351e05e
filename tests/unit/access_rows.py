"""Who gets which answer from which route: the rows of accounts, and the form of a row.

A row names a route, what its arguments are (names of things in the world of test_access_table.py), and for each
method the answers to seven people in this order:

    anonymous  stranger  viewer  operator  approver  admin  administrator

`in` is a redirect to the sign-in page. Requests carry an empty body, so 422 or 400 stands for "may, but must fill in
the form". Methods that a row does not name must be refused with 405.
"""

from dataclasses import dataclass, field

PEOPLE = ("anonymous", "stranger", "viewer", "operator", "approver", "admin", "administrator")


@dataclass(frozen=True)
class Row:
    """One route. `methods` maps a method to the seven answers."""

    route: str
    things: tuple[str, ...]
    methods: dict[str, tuple[str, ...]] = field(hash=False)


def row(route: str, *things: str, **methods: str) -> Row:
    """One line of the table: row("accounts:organization-edit", "organization", GET="in 404 403 403 403 200 200")."""
    answers = {method: tuple(text.split()) for method, text in methods.items()}
    for method, given in answers.items():
        if len(given) != len(PEOPLE):
            raise ValueError(f"{method} of {route} needs {len(PEOPLE)} answers, not {len(given)}.")
    return Row(route, things, answers)


EVERYBODY = "200 200 200 200 200 200 200"
NOT_READY = "503 503 503 503 503 503 503"  # no beat ticks here
SIGNED_IN = "in 200 200 200 200 200 200"
ADMINS = "in 404 403 403 403 200 200"
ADMINS_FORM = "in 404 403 403 403 422 422"
ADMINS_ACT = "in 404 403 403 403 302 302"
MEMBERS = "in 404 200 200 200 200 200"
ADMINISTRATORS = "in 403 403 403 403 403 200"
API_MEMBERS = "401 404 200 200 200 200 200"
API_EVERYBODY = "401 200 200 200 200 200 200"
API_ADMINISTRATORS = "401 404 403 403 403 403 200"
API_ADMINS = "401 404 403 403 403 200 200"

ROWS = [
    # Probes and documents
    row("healthz", GET=EVERYBODY, HEAD=EVERYBODY),
    row("readyz", GET=NOT_READY, HEAD=NOT_READY),
    row("metrics", GET="404 404 404 404 404 404 404", HEAD="404 404 404 404 404 404 404"),  # no METRICS_TOKEN here
    row("api-schema", GET=EVERYBODY),
    row("api-docs", GET=EVERYBODY),
    # Signing in and out
    row("account_login", GET="200 302 302 302 302 302 302", POST="200 302 302 302 302 302 302"),
    row("account_logout", GET=SIGNED_IN, POST="in in in in in in in"),
    row("account_inactive", GET=EVERYBODY),
    row("account_change_password", GET=SIGNED_IN, POST=SIGNED_IN),
    row("account_reset_password", GET=EVERYBODY, POST=EVERYBODY),
    row("account_reset_password_done", GET=EVERYBODY),
    row("account_reset_password_from_key_done", GET=EVERYBODY),
    row("account_reauthenticate", GET=SIGNED_IN, POST=SIGNED_IN),
    # The second step and the provider; without a sign-in under way, or a provider, they lead nowhere
    row("mfa_authenticate", GET="in 302 302 302 302 302 302", POST="in 302 302 302 302 302 302"),
    row("mfa_reauthenticate", GET="in 302 302 302 302 302 302", POST="in 302 302 302 302 302 302"),
    row("oidc-start", GET="404 404 404 404 404 404 404"),
    row("oidc-callback", GET="404 404 404 404 404 404 404"),
    # Coming in
    row("accounts:first-run", GET="in in in in in in in", POST="in in in in in in in"),
    row("accounts:invitation-accept", "invitation_link", GET=EVERYBODY, POST="422 422 422 422 422 422 422"),
    # Settings
    row("accounts:settings-index", GET=SIGNED_IN),
    row("accounts:profile-edit", GET=SIGNED_IN, POST="in 422 422 422 422 422 422"),
    # A password is asked for first; what happens then is in tests/unit/accounts/test_second_factor_pages.py
    row("accounts:second-factor-set-up", GET="in 302 302 302 302 302 302", POST="in 302 302 302 302 302 302"),
    row("accounts:second-factor-codes", GET="in 302 302 302 302 302 302", POST="in 302 302 302 302 302 302"),
    row("accounts:second-factor-remove", GET="in 302 302 302 302 302 302", POST="in 302 302 302 302 302 302"),
    row("accounts:api-token-list", GET=SIGNED_IN),
    row("accounts:api-token-create", GET=SIGNED_IN, POST="in 422 422 422 422 422 422"),
    row(
        "accounts:api-token-revoke",
        "token_of_admin",
        GET="in 404 404 404 404 200 404",
        POST="in 404 404 404 404 302 404",
    ),
    row("accounts:audit-list", GET=SIGNED_IN),
    row("accounts:audit-export", GET=SIGNED_IN),
    row("accounts:audit-line", "audit_line", GET="in 404 404 404 404 200 200"),
    # Notices
    row("accounts:notice-list", GET=SIGNED_IN),
    row("accounts:notice-badge", GET=SIGNED_IN),
    row("accounts:notice-read-all", POST="in 302 302 302 302 302 302"),
    row("accounts:notice-open", "notice_of_admin", POST="in 404 404 404 404 302 404"),
    row("accounts:notice-read", "notice_of_admin", POST="in 404 404 404 404 302 404"),
    row("accounts:profile-notices", GET=SIGNED_IN, POST="in 302 302 302 302 302 302"),
    row("accounts:mail-index", GET=ADMINISTRATORS),
    row("accounts:mail-send-all-again", POST="in 403 403 403 403 403 302"),
    row("accounts:mail-send-again", "delivery", POST="in 403 403 403 403 403 302"),
    # People
    row("accounts:person-list", GET=SIGNED_IN),
    row("accounts:person-detail", "member", GET=MEMBERS),
    row("accounts:person-invite", GET="in 200 403 403 403 200 200", POST="in 422 403 403 403 422 422"),
    row("accounts:person-deactivate", "member", GET="in 404 403 403 403 403 200", POST="in 404 403 403 403 403 302"),
    row("accounts:person-reactivate", "member", POST="in 404 403 403 403 403 302"),
    row("accounts:person-password-link", "member", GET="in 404 403 403 403 403 200", POST="in 404 403 403 403 403 201"),
    row("accounts:person-second-factor", "member", GET="in 404 403 403 403 403 200", POST="in 404 403 403 403 403 422"),
    row("accounts:person-identity", "member", GET="in 404 403 403 403 403 200", POST="in 404 403 403 403 403 422"),
    row("accounts:person-administrator", "member", POST="in 404 403 403 403 403 302"),
    row(
        "accounts:invitation-revoke", "invitation", GET="in 404 404 404 404 200 200", POST="in 404 404 404 404 302 302"
    ),
    # Organizations
    row("accounts:organization-list", GET=SIGNED_IN),
    row("accounts:organization-create", GET=ADMINISTRATORS, POST="in 403 403 403 403 403 422"),
    row("accounts:organization-detail", "organization", GET=MEMBERS),
    row("accounts:organization-edit", "organization", GET=ADMINS, POST=ADMINS_FORM),
    row(
        "accounts:organization-delete",
        "organization",
        GET="in 404 403 403 403 403 200",
        POST="in 404 403 403 403 403 302",
    ),
    row("accounts:organization-sync", "organization", POST="in 404 403 302 302 302 302"),
    row("accounts:membership-add", "organization", GET=ADMINS, POST=ADMINS_FORM),
    row("accounts:membership-change", "membership", POST=ADMINS_ACT),
    row("accounts:membership-remove", "membership", GET=ADMINS, POST=ADMINS_ACT),
    # Credentials
    row("accounts:credential-create", "organization", GET=ADMINS, POST=ADMINS_FORM),
    row("accounts:credential-detail", "credential", GET=ADMINS),
    row("accounts:credential-edit", "credential", GET=ADMINS, POST=ADMINS_FORM),
    row("accounts:credential-secret", "credential", GET=ADMINS, POST=ADMINS_FORM),
    row("accounts:credential-primary", "credential", POST=ADMINS_ACT),
    row("accounts:credential-test", "credential", POST=ADMINS_ACT),
    row("accounts:credential-delete", "credential", GET=ADMINS, POST=ADMINS_ACT),
    # Stored values
    row("accounts:value-list", "organization", GET="in 404 403 200 200 200 200"),
    row("accounts:value-create", "organization", GET=ADMINS, POST=ADMINS_FORM),
    row("accounts:value-detail", "value", GET="in 404 403 200 200 200 200"),
    row("accounts:value-edit", "value", GET=ADMINS, POST=ADMINS_FORM),
    row("accounts:value-replace", "value", GET=ADMINS, POST=ADMINS_FORM),
    row("accounts:value-remove", "value", GET=ADMINS, POST=ADMINS_ACT),
    # REST API
    row(
        "accounts_api:organization-list",
        GET="401 200 200 200 200 200 200",
        POST="401 403 403 403 403 403 400",
    ),
    row(
        "accounts_api:organization-detail",
        "organization",
        GET=API_MEMBERS,
        PATCH=API_ADMINS,
        DELETE="401 404 403 403 403 403 204",
    ),
    row("accounts_api:credential-list", "organization", GET=API_ADMINS, POST="401 404 403 403 403 400 400"),
    row("accounts_api:sandbox-sync", "organization", POST="401 404 403 202 202 202 202"),
    row(
        "accounts_api:credential-detail",
        "credential",
        GET=API_ADMINS,
        PATCH=API_ADMINS,
        DELETE="401 404 403 403 403 204 204",
    ),
    row("accounts_api:credential-secret", "credential", PUT="401 404 403 403 403 400 400"),
    row("accounts_api:credential-primary", "credential", POST=API_ADMINS),
    row("accounts_api:credential-test", "credential", POST="401 404 403 403 403 202 202"),
    row(
        "accounts_api:value-list",
        "organization",
        GET="401 404 403 200 200 200 200",
        POST="401 404 403 403 403 400 400",
    ),
    row(
        "accounts_api:value-detail",
        "value",
        GET="401 404 403 200 200 200 200",
        PATCH=API_ADMINS,
        DELETE="401 404 403 403 403 204 204",
    ),
    row("accounts_api:value-replace", "value", PUT="401 404 403 403 403 400 400"),
    row("accounts_api:sandbox-list", GET="401 200 200 200 200 200 200"),
    row("accounts_api:person-list", GET="401 200 200 200 200 200 200"),
    row("accounts_api:person-detail", "member", GET=API_MEMBERS),
    row("accounts_api:sandbox-detail", "sandbox", GET=API_MEMBERS),
    row("accounts_api:membership-list", "organization", GET=API_MEMBERS, POST="401 404 403 403 403 400 400"),
    row(
        "accounts_api:membership-detail",
        "membership",
        PATCH="401 404 403 403 403 400 400",
        DELETE="401 404 403 403 403 204 204",
    ),
    row("accounts_api:me", GET=API_EVERYBODY, PATCH=API_EVERYBODY),
    row("accounts_api:api-token-list", GET=API_EVERYBODY),
    row("accounts_api:api-token-detail", "token_of_admin", DELETE="401 404 404 404 404 204 404"),
    row("accounts_api:person-deactivate", "member", POST=API_ADMINISTRATORS),
    row("accounts_api:person-reactivate", "member", POST=API_ADMINISTRATORS),
    row("accounts_api:person-administrator", "member", PUT="401 404 403 403 403 403 400"),
    row("accounts_api:invitation-list", GET=API_EVERYBODY, POST="401 400 403 403 403 400 400"),
    row("accounts_api:invitation-detail", "invitation", DELETE="401 404 404 404 404 204 204"),
    row("accounts_api:mail-list", GET="401 403 403 403 403 403 200"),
    row("accounts_api:mail-send-all-again", POST="401 403 403 403 403 403 200"),
    row("accounts_api:mail-send-again", "delivery", POST="401 403 403 403 403 403 200"),
    row("accounts_api:notice-list", GET="401 200 200 200 200 200 200"),
    row("accounts_api:notice-read", "notice_of_admin", POST="401 404 404 404 404 200 404"),
    row("accounts_api:notice-read-all", POST="401 200 200 200 200 200 200"),
    row("accounts_api:notice-preferences", GET="401 200 200 200 200 200 200", PATCH="401 400 400 400 400 400 400"),
    row("accounts_api:audit-list", GET="401 200 200 200 200 200 200"),
    row("accounts_api:audit-export", GET="401 200 200 200 200 200 200"),
    row("accounts_api:audit-chain", GET="401 200 200 200 200 200 200"),
    row("accounts_api:audit-line", "audit_line", GET="401 404 404 404 404 200 200"),
]
