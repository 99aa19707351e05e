"""What the journeys of the demo use: events, data sources, custom actions, templates, mobile apps."""

from emulator.journey_things import PLACEHOLDER
from emulator.seeds.journey_maker import Action, JourneyMaker, Source, api_key, basic, by_login
from emulator.seeds.organizations import ACME, GLOBEX
from emulator.world import World, stable_hex

# Technical name of an event -> title of the schema of what it carries.
ACME_EVENTS = {
    "orderConfirmed": "Order confirmed events",
    "parcelShipped": "Parcel shipped events",
    "memberEnrolled": "Member enrolment events",
    "cartChanged": "Shopping cart events",
    "storeEntered": "Store entrance events",
}
GLOBEX_EVENTS = {
    "orderConfirmed": "Order confirmed events",
    "parcelShipped": "Parcel shipped events",
    "contractDue": "Contract due events",
    "sensorAlarm": "Sensor alarm events",
}

_LOGIN = "https://login.carrier.example.test/oauth/token"
SOURCES = (
    Source(
        "carrierTracking",
        "https://api.carrier.example.test/v2",
        by_login(_LOGIN, "acme-journeys"),
        "parcelStatus",
        {"status": "in_transit", "expectedOn": "2026-01-31"},
        is_embedded=True,
    ),
    Source("stockService", "https://stock.example.test/api", basic("journeys"), "stockLevel", {"available": 12}),
    Source(
        "weatherService",
        "https://weather.example.test/v1",
        api_key("key", "queryParam"),
        "currentWeather",
        {"temperature": 21, "isDry": True},
    ),
    Source(
        "crmContacts",
        "https://crm.example.test/contacts",
        by_login("https://crm.example.test/token", "journeys", has_basic_header=True),
        "crmContact",
        {"accountManager": "A. Person"},
    ),
    Source(
        "storeFinder", "https://stores.example.test/near", api_key("X-Store-Key"), "nearestStore", {"city": "Berlin"}
    ),
)
ACTIONS = (
    Action(
        "sendSms",
        "https://sms.example.test/v3/messages",
        api_key("X-Api-Key"),
        {"X-Brand": "acme"},
        {"to": "@{orderConfirmed._acme.phone}", "text": "Thank you"},
    ),
    Action(
        "notifyCrm",
        "https://crm.example.test/hooks/journey",
        headers={"Authorization": f"Bearer {PLACEHOLDER}", "Content-Type": "application/json"},
        body={"kind": "journey", "customer": "@{orderConfirmed._acme.customerId}"},
    ),
    Action(
        "createCoupon",
        "https://coupons.example.test/api/coupons",
        by_login("https://coupons.example.test/login", "marketing"),
        body={"value": 10, "currency": "EUR"},
    ),
    Action(
        "postToChat",
        "https://chat.example.test/post",
        headers={"X-Channel": "shop-floor"},
        body={"message": {"blocks": [{"kind": "text", "token": PLACEHOLDER}]}},
        method="PUT",
    ),
    Action("openTicket", "https://desk.example.test/tickets", basic("desk-robot"), body={"priority": "high"}),
    Action("logVisit", "https://log.example.test/visits", body={"source": "journey"}),
)

_TEMPLATES = (
    "Welcome EN",
    "Welcome reminder EN",
    "Cart reminder EN",
    "Tier upgrade EN",
    "Birthday EN",
    "Win back EN",
    "Parcel delay EN",
    "Back in stock EN",
    "Review request EN",
    "Peak season EN",
    "Returns EN",
    "Newsletter EN",
    "Pick-up EN",
    "Browse reminder EN",
    "Outage EN",
    "Account welcome EN",
    "Contract renewal EN",
    "Alarm EN",
    "Quote EN",
    "Supplier EN",
    "Invoice EN",
    "Support plan EN",
    "Visit EN",
)
# The one template that is called otherwise where a journey goes next.
_CONFIRMATION = {"dev": "Order confirmation EN", "stage": "Order confirmation EN (test)", "prod": "Order confirmation"}
MOBILE_APP = {"dev": "Acme Shop Dev", "stage": "Acme Shop Test", "prod": "Acme Shop"}
_SYSTEM = ("acppsDataProvider", "acsDataProvider", "acppsDataPack")


def furnish(world: World) -> dict[tuple[str, str], JourneyMaker]:
    """What every sandbox of both organizations has before there is a journey in it."""
    makers = {}
    for org_id, events in ((ACME, ACME_EVENTS), (GLOBEX, GLOBEX_EVENTS)):
        for name in ("dev", "stage", "prod"):
            maker = makers[org_id, name] = JourneyMaker(world, org_id, name)
            shelf = maker.sandbox.shelf
            shelf.templates |= {*_TEMPLATES, _CONFIRMATION[name]}
            shelf.mobile_apps.add(MOBILE_APP[name] if org_id == ACME else "Globex Field")
            if org_id == GLOBEX:  # provisioned later than Acme: its system objects have uids like all others
                shelf.system_uids |= {one: maker.uid("system", one) for one in _SYSTEM}
            maker.know(events=events, sources=SOURCES, actions=ACTIONS)
    return makers


def audience_id(name: str) -> str:
    return stable_hex("audience", name, length=24)
