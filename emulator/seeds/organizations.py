"""Two organizations that people work for, and partners outside; every seed has them."""

from emulator import kinds
from emulator.things import DAY_MS, Credential, Organization, Sandbox, SandboxObject
from emulator.world import World, stable_hex

ACME = "5C1328435BF324E90A49402A@AdobeOrg"
GLOBEX = "7D41B0C2A6E85F130A49423C@AdobeOrg"
INITECH = "2B9E6F10D4C783A50A495D17@AdobeOrg"
VANDELAY = "3F8C27D1B09E4A650A495D2B@AdobeOrg"
HOOLI = "91E4A7056CDB32F80A495D3D@AdobeOrg"
NORTHWIND = "C62D08F9E7134B5A0A495D4F@AdobeOrg"

SCOPES = (
    "openid",
    "AdobeID",
    "read_organizations",
    "additional_info.projectedProductContext",
    "additional_info.roles",
)
METASCOPES = ("ent_dataservices_sdk",)

# What the limited account lacks outside dev: it may move schemas and datasets, not audiences or journeys.
_LIMITED = {
    "Segment": ("write", "delete"),
    "Composition": ("write", "delete"),
    "Journey": ("write", "delete"),
    "DataUsagePolicy": ("write", "delete"),
    "Decisioning": ("write", "delete"),
}
_LIMITED_IN_PRODUCTION = _LIMITED | {"DecisionManagement": ("read",)}


def add(world: World) -> None:
    _organization(world, ACME, "Acme", "va7", "acmetenant", "Release Manager", has_jwt=True)
    _organization(world, GLOBEX, "Globex", "nld2", "globextenant", "Partner Admin", has_jwt=True)
    _organization(world, INITECH, "Initech", "aus5", "initechtenant", "Platform Owner", manner="approves")
    _organization(world, VANDELAY, "Vandelay", "va7", "vandelaytenant", "Import Desk", manner="rejects")
    _organization(world, HOOLI, "Hooli", "can2", "hoolitenant", "Partner Desk", manner="silent")
    _organization(world, NORTHWIND, "Northwind", "nld2", "northwindtenant", "Supplier Desk", manner="shares")


def add_partner(world: World, org_id: str, name: str, *, manner: str) -> None:
    """One more organization outside."""
    _organization(world, org_id, name, "va7", f"{name.lower().replace(' ', '')}tenant", "Partner Desk", manner=manner)


def _organization(
    world: World,
    org_id: str,
    name: str,
    region: str,
    tenant: str,
    user_name: str,
    *,
    has_jwt: bool = False,
    manner: str = "",
) -> None:
    def words(*parts: str, length: int) -> str:
        return stable_hex(world.seed, org_id, *parts, length=length)

    user_id = f"{words('user', length=16).upper()}0A494101@{words('realm', length=22)}.e"
    organization = Organization(
        id=org_id,
        name=name,
        region=region,
        tenant=tenant,
        tenant_id=words("tenant", length=32),
        user_id=user_id,
        user_name=user_name,
        is_outside=bool(manner),
        manner=manner,
    )

    def credential(title: str, kind: str) -> Credential:
        is_oauth = kind == "oauth_server_to_server"
        return Credential(
            name=title,
            kind=kind,
            client_id=words(title, "id", length=32),
            client_secret=f"p8e-emulator-{words(title, 'secret', length=24)}",
            org_id=org_id,
            technical_account_id=f"{words(title, 'account', length=16).upper()}0A495C2D@techacct.adobe.com",
            scopes=SCOPES if is_oauth else (),
            metascopes=() if is_oauth else METASCOPES,
            key_label="" if is_oauth else f"{world.seed}/{org_id}",
        )

    organization.credentials.append(credential(f"{name} release robot", "oauth_server_to_server"))
    limited = credential(f"{name} limited robot", "oauth_server_to_server")
    limited.is_sandbox_admin = False
    limited.may_share_packages = False
    limited.missing_rights = {"stage": _LIMITED, "prod": _LIMITED_IN_PRODUCTION}
    organization.credentials.append(limited)
    if has_jwt:
        organization.credentials.append(credential(f"{name} legacy service account", "jwt"))
        service_user = credential(f"{name} service user", "oauth_server_to_server")
        service_user.is_service_user = True
        organization.credentials.append(service_user)

    for sandbox_name, title, kind, age_days in (
        ("prod", "Production", "production", 900),
        ("stage", "Staging", "development", 700),
        ("dev", "Development", "development", 680),
    ):
        created_ms = world.founded_ms - age_days * DAY_MS
        sandbox = Sandbox(
            name=sandbox_name,
            title=title,
            type=kind,
            region=region.upper(),
            created_ms=created_ms,
            created_by=user_id,
            is_default=sandbox_name == "prod",
        )
        organization.sandboxes[sandbox_name] = sandbox
        for symbol in kinds.STANDARD_NAMESPACES:
            sandbox.add(SandboxObject(symbol, kinds.NAMESPACE, symbol, created_ms, is_standard=True))
        sandbox.add(
            SandboxObject(
                kinds.new_id(world.random, kinds.MERGE_POLICY, tenant),
                kinds.MERGE_POLICY,
                "Default Timebased",
                created_ms,
                is_default=True,
            )
        )
    world.add_organization(organization)
