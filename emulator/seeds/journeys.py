"""The thirty journeys of the demo; the stories are told in emulator/README.md."""

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.seeds.journey_catalogue import furnish
from emulator.seeds.journey_flows import Plan, confirmation, everyday, peak_season, welcome
from emulator.seeds.journey_maker import JourneyMaker
from emulator.seeds.organizations import ACME, GLOBEX
from emulator.world import World

_NO_CONTENT = (("ERR_MESSAGE_CONTENT", "The message has no content"),)
_NO_EVENT = (("ERR_EVENT_CONFIG", "The event has no condition"), ("ERR_STEP_ORPHAN", "The step Wait is unreachable"))
_NO_ACTION = (("ERR_ACTION_CONFIG", "The custom action has an empty URL"),)


@dataclass(frozen=True)
class _Row:
    """A journey with the states of its versions, oldest first; `days` is the age of the first."""

    name: str
    states: Sequence[str]
    plan: Plan
    description: str
    days: float
    errors: Sequence[tuple[str, str]] = ()
    shown_state: str = ""


_ACME_DEV = (
    _Row(
        "Cart reminder",
        ["draft"],
        Plan("cartChanged", "", "stockService", [("email", "Cart reminder EN")]),
        "Reminds of what was left in the cart",
        4,
    ),
    _Row(
        "Loyalty tier upgrade",
        ["closed", "testing"],
        Plan("memberEnrolled", "", "crmContacts", [("email", "Tier upgrade EN")], ["createCoupon"]),
        "Congratulates on a new tier",
        60,
    ),
    _Row(
        "Birthday offer",
        ["in_review"],
        Plan("", "Birthdays today", "", [("email", "Birthday EN")], ["createCoupon"]),
        "A coupon on the day",
        12,
    ),
    _Row(
        "Win back lapsed customers",
        ["stopped", "draft"],
        Plan("", "Lapsed customers", "crmContacts", [("email", "Win back EN"), ("push", "Win back EN")], ["notifyCrm"]),
        "Two messages, then the account manager",
        90,
    ),
    _Row(
        "Parcel delay notice",
        ["live"],
        Plan("parcelShipped", "", "carrierTracking", [("email", "Parcel delay EN")], ["sendSms", "openTicket"]),
        "Tells of a delay before the customer asks",
        33,
    ),
    _Row(
        "Store opening invitation",
        ["finished"],
        Plan("", "Customers near new stores", "", [("email", "Newsletter EN")], ["logVisit"]),
        "One message to those near by",
        140,
    ),
    _Row(
        "Back in stock alert",
        ["closed", "live"],
        Plan("cartChanged", "", "stockService", [("email", "Back in stock EN"), ("push", "Back in stock EN")]),
        "Tells when a product is there again",
        75,
    ),
    _Row(
        "Product review request",
        ["paused"],
        Plan("parcelShipped", "", "", [("email", "Review request EN")], ["logVisit"]),
        "Asks for a review a week after delivery",
        48,
    ),
    _Row(
        "SMS opt-in check",
        ["draft"],
        Plan("memberEnrolled", "", "", [("email", "Welcome EN")], ["sendSms"]),
        "Asks for consent by text message",
        2,
        _NO_ACTION,
    ),
)
_ACME_STAGE = (
    _Row(
        "Returns follow-up",
        ["live"],
        Plan("orderConfirmed", "", "carrierTracking", [("email", "Returns EN")], ["openTicket"]),
        "Follows a parcel that comes back",
        41,
    ),
    _Row(
        "Newsletter sign-up",
        ["closed", "live"],
        Plan("", "Newsletter subscribers", "", [("email", "Newsletter EN"), ("email", "Welcome reminder EN")]),
        "Confirms a subscription",
        200,
    ),
    _Row(
        "Price drop alert",
        ["draft"],
        Plan("cartChanged", "", "stockService", [("email", "Cart reminder EN")]),
        "Tells of a lower price",
        3,
        _NO_EVENT,
    ),
    _Row(
        "Store pick-up reminder",
        ["testing"],
        Plan("storeEntered", "", "storeFinder", [("email", "Pick-up EN"), ("push", "Pick-up EN")], ["postToChat"]),
        "Reminds of an order that waits in the store",
        8,
    ),
)
_ACME_PROD = (
    _Row(
        "Newsletter sign-up",
        ["live"],
        Plan("", "Newsletter subscribers", "", [("email", "Newsletter EN")]),
        "Confirms a subscription",
        190,
        shown_state="deployed",
    ),
    _Row(
        "Abandoned browse",
        ["stopped", "paused"],
        Plan("cartChanged", "", "weatherService", [("email", "Browse reminder EN")], ["notifyCrm"]),
        "Reminds of products that were looked at",
        120,
    ),
    _Row(
        "Service outage notice",
        ["finished"],
        Plan("", "All customers", "", [("email", "Outage EN"), ("push", "Outage EN")]),
        "One message to everybody",
        80,
    ),
)
_GLOBEX_DEV = (
    _Row(
        "Trade account welcome",
        ["closed", "live"],
        Plan("", "New trade accounts", "crmContacts", [("email", "Account welcome EN")], ["notifyCrm"]),
        "Greets a new trade account",
        100,
    ),
    _Row(
        "Contract renewal reminder",
        ["closed", "closed", "draft"],
        Plan("contractDue", "", "crmContacts", [("email", "Contract renewal EN")], ["openTicket", "notifyCrm"]),
        "Reminds before a contract ends",
        210,
    ),
    _Row(
        "Fleet sensor alert",
        ["live"],
        Plan("sensorAlarm", "", "", [("push", "Alarm EN")], ["postToChat", "openTicket"]),
        "Tells the field team of an alarm",
        30,
    ),
    _Row(
        "Quote follow-up",
        ["draft"],
        Plan("", "Open quotes", "crmContacts", [("email", "Quote EN")]),
        "Asks about a quote after a week",
        5,
    ),
    _Row(
        "Supplier onboarding",
        ["in_review"],
        Plan("", "New suppliers", "", [("email", "Supplier EN"), ("email", "Welcome reminder EN")], ["createCoupon"]),
        "Three steps for a new supplier",
        16,
    ),
    _Row(
        "Invoice overdue notice",
        ["draft"],
        Plan("", "Overdue invoices", "", [("email", "Invoice EN")]),
        "Reminds of an invoice",
        6,
        _NO_CONTENT,
    ),
)
_GLOBEX_STAGE = (
    _Row(
        "Support plan renewal",
        ["closed", "live"],
        Plan("contractDue", "", "crmContacts", [("email", "Support plan EN")], ["sendSms"]),
        "Renews a support plan",
        70,
    ),
    _Row(
        "Technician visit reminder",
        ["draft"],
        Plan("orderConfirmed", "", "weatherService", [("push", "Visit EN")]),
        "Reminds of a visit the day before",
        7,
    ),
)
_GLOBEX_PROD = (
    _Row(
        "Trade account welcome",
        ["live"],
        Plan("", "New trade accounts", "crmContacts", [("email", "Account welcome EN")], ["notifyCrm"]),
        "Greets a new trade account",
        95,
    ),
    _Row(
        "Contract renewal reminder",
        ["closed"],
        Plan("contractDue", "", "crmContacts", [("email", "Contract renewal EN")], ["openTicket"]),
        "Reminds before a contract ends",
        205,
    ),
)


def fill(world: World) -> None:
    makers = furnish(world)
    _stories(makers[ACME, "dev"], makers[ACME, "prod"])
    for key, rows in (
        ((ACME, "dev"), _ACME_DEV),
        ((ACME, "stage"), _ACME_STAGE),
        ((ACME, "prod"), _ACME_PROD),
        ((GLOBEX, "dev"), _GLOBEX_DEV),
        ((GLOBEX, "stage"), _GLOBEX_STAGE),
        ((GLOBEX, "prod"), _GLOBEX_PROD),
    ):
        for row in rows:
            _everyday(makers[key], row)


def _everyday(maker: JourneyMaker, row: _Row) -> None:
    last, mobile_app = len(row.states), min(maker.sandbox.shelf.mobile_apps)
    for number, state in enumerate(row.states, start=1):
        maker.version(
            row.name,
            number,
            everyday(row.plan, number, last, mobile_app),
            state=state,
            description=row.description,
            events=[row.plan.event] if row.plan.event else [],
            sources=[row.plan.source] if row.plan.source else [],
            kind="unitary" if row.plan.event else "read_audience",
            age=row.days / number,
            errors=row.errors,
            shown_state=row.shown_state,
        )


def _stories(dev: JourneyMaker, prod: JourneyMaker) -> None:
    confirmed = "Confirms an order, and follows the parcel until it has arrived"
    for number, state in enumerate(("closed", "live", "draft"), start=1):
        dev.version(
            "Order confirmation",
            number,
            confirmation(number, "Order confirmation EN"),
            state=state,
            description=confirmed,
            events=["orderConfirmed", "parcelShipped"][:number],
            sources=["carrierTracking", "stockService"][: number - 1],
            age=(66, 30, 3)[number - 1],
        )
    _welcome(dev, ("closed", "closed", "live"), age=160)
    _welcome(prod, ("closed", "closed", "closed", "live"), age=150)
    for number, state in enumerate(("closed", "live"), start=1):
        dev.version(
            "Peak season programme",
            number,
            peak_season(number),
            state=state,
            description="Offers for every week and tier",
            sources=["crmContacts"],
            kind="read_audience",
            age=(330, 25)[number - 1],
        )


def _welcome(maker: JourneyMaker, states: Sequence[str], *, age: float) -> None:
    for number, state in enumerate(states, start=1):
        maker.version(
            "Welcome series",
            number,
            welcome(number),
            state=state,
            description="Greets a new member and follows up after some days",
            events=["memberEnrolled"],
            sources=["storeFinder"] if number > 2 else [],
            age=age / number,
        )
