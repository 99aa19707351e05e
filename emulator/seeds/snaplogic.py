"""SnapLogic: two organizations in every seed; in the demo six APIs with 15 versions, in the small one two with four."""

from emulator.seeds.snaplogic_maker import SnapMaker
from emulator.snaplogic_things import DEPRECATED, PUBLISHED, RETIRED, UNPUBLISHED, SnapAsset
from emulator.world import World

DEV, PROD = "acme-dev", "acme-prod"
_ADDRESSES = "{\n  line: x => [x.street, x.zip, x.town].join(', ')\n}\n"


def add(world: World) -> None:
    """The organizations without any API. Production has no account encryption and trusts development."""
    SnapMaker(world, DEV).organization("Acme integration dev")
    SnapMaker(world, PROD).organization(
        "Acme integration prod", has_account_encryption=False, trusted_orgs=frozenset({DEV})
    )


def fill(world: World) -> None:
    dev, prod = SnapMaker(world, DEV), SnapMaker(world, PROD)
    dev.version("orders", "1.0", RETIRED, _orders(dev, 1), age=400, description="Order lookup")
    dev.version("orders", "1.1", DEPRECATED, _orders(dev, 2), age=220)
    dev.version("orders", "1.2", PUBLISHED, _orders(dev, 3), age=90)
    dev.version("orders", "1.3", UNPUBLISHED, _orders(dev, 4), age=3, description="With returns")
    dev.version("Customer profile", "v1", PUBLISHED, _customers(dev, 1), age=150)
    dev.version("Customer profile", "v2", UNPUBLISHED, _customers(dev, 2), age=6)
    dev.version("Lieferübersicht", "1.0", PUBLISHED, _deliveries(dev, 1), age=120)
    dev.version("Lieferübersicht", "1.1", UNPUBLISHED, _deliveries(dev, 2), age=9)
    dev.version("payments", "2023-10", DEPRECATED, _payments(dev, 1), age=300)
    dev.version("payments", "2024-01", PUBLISHED, _payments(dev, 2), age=60)
    prod.version("orders", "1.0", RETIRED, _orders(prod, 1), age=380)
    prod.version("orders", "1.1", DEPRECATED, _orders(prod, 2), age=200)
    prod.version("orders", "1.2", PUBLISHED, _orders(prod, 2), age=80)
    prod.version("Customer profile", "v0", RETIRED, _customers(prod, 0), age=350)
    prod.version("Customer profile", "v1", PUBLISHED, _customers(prod, 1), age=140)
    for maker in (dev, prod):
        maker.project("orders-project", _orders(maker, 2), age=500)  # what is worked on outside API management


def fill_small(world: World) -> None:
    dev, prod = SnapMaker(world, DEV), SnapMaker(world, PROD)
    dev.version("orders", "1.1", PUBLISHED, _orders(dev, 2), age=30)
    dev.version("orders", "1.2", UNPUBLISHED, _orders(dev, 3), age=3)
    prod.version("orders", "1.0", DEPRECATED, _orders(prod, 1), age=60)
    prod.version("orders", "1.1", PUBLISHED, _orders(prod, 2), age=20)
    for maker in (dev, prod):
        maker.project("orders-project", _orders(maker, 2), age=500)  # what is worked on outside API management


def _host(maker: SnapMaker, name: str) -> str:
    return f"{name}.{maker.org.removeprefix('acme-')}.example.test"


def _orders(maker: SnapMaker, revision: int) -> list[SnapAsset]:
    """Every kind of asset but a flow, and three accounts; later revisions have more."""
    assets = [
        maker.pipeline("orders_get", "HTTP Request", "Select", "JSON Formatter", revision=revision),
        maker.pipeline("orders_list", "HTTP Request", "Select", revision=revision),
        maker.database("orders_db_account", _host(maker, "db"), "orders", "orders_ro"),
        maker.basic("partner_basic", f"partner-{maker.org}", "Sandbox credentials"),
        maker.file("helpers.expr", f"{{\n  prefixer: x => this.prefix + x,\n  prefix: 'r{revision}-'\n}}\n"),
        maker.job("orders_triggered", "orders_get"),
        maker.policy("Throttle", "ratelimit", limit=100 * max(1, revision)),
    ]
    if revision > 1:
        assets.append(maker.file("addresses.expr", _ADDRESSES))
    if revision > 2:
        endpoint = "https://login.example.test/oauth/token"
        assets.append(maker.oauth("mail_oauth", f"mail-client-{maker.org}", endpoint))
        assets.append(maker.pipeline("orders_cancel", "HTTP Request", "Update", revision=revision))
    if revision > 3:
        assets.append(maker.pipeline("returns_create", "HTTP Request", "Insert", revision=revision))
        assets.append(maker.policy("Client allow list", "iprestriction", networks="10.0.0.0/8"))
    return assets


def _customers(maker: SnapMaker, revision: int) -> list[SnapAsset]:
    assets = [
        maker.pipeline("customer profile get", "HTTP Request", "Select", revision=revision),
        maker.basic("crm basic", f"crm-{maker.org}"),
        maker.file("masks.expr", "{\n  mask: x => x.substring(0, 2) + '***'\n}\n"),
    ]
    if revision > 1:
        assets.append(maker.flow("customer profile check"))
        assets.append(maker.key_store("signing keys", "customer-profile"))
    return assets


def _deliveries(maker: SnapMaker, revision: int) -> list[SnapAsset]:
    return [
        maker.pipeline("Übersicht je Tag", "HTTP Request", "Aggregate", revision=revision),
        maker.oauth("Spedition", f"lieferung-{revision}", "https://login.example.test/oauth/token"),
        maker.file("Größen.expr", "{\n  volumen: x => x.b * x.h * x.t\n}\n"),
        maker.job("Übersicht nachts", "Übersicht je Tag"),
    ]


def _payments(maker: SnapMaker, revision: int) -> list[SnapAsset]:
    return [
        maker.pipeline("payments_authorise", "HTTP Request", "Sign", "JSON Formatter", revision=revision),
        maker.key_store("payment keys", f"payments-{revision}"),
        maker.policy("Authorisation", "oauth2", scope="payments"),
        maker.policy("Throttle", "ratelimit", limit=20),
    ]
