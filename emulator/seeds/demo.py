"""The world people train on: two organizations with partners, some sixty packages, and imports with a story.

The stories are told in emulator/README.md.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from emulator import kinds
from emulator.seeds import decisioning, journeys, sharing, snaplogic
from emulator.seeds.details import CHANGED, OLDER, PUBLISHED
from emulator.seeds.maker import Maker
from emulator.seeds.organizations import ACME, GLOBEX, INITECH
from emulator.things import Package, SandboxObject
from emulator.world import World

STREAMING = "Source dataflow uses a streaming connector. Only batch sources can be copied between sandboxes"


def fill(world: World) -> None:
    acme, globex, initech = Maker(world, ACME), Maker(world, GLOBEX), Maker(world, INITECH)
    _loyalty(acme)
    _stories(acme)
    _acme(acme)
    _globex(globex)
    _initech(initech)
    sharing.fill(world)
    journeys.fill(world)
    decisioning.fill(world)
    snaplogic.fill(world)
    world.switches.list_artifacts = True


# The import with twelve conflicts


def _loyalty(acme: Maker) -> None:
    """Loyalty schemas v3, dev to stage: six exact matches, three wrong first suggestions, three to create new."""
    dev, stage = "dev", "stage"
    email = acme.standard(dev, "Email")

    # Exact: stage has an object of the same title, and it is the first suggestion.
    address = acme.thing(
        dev, kinds.DATA_TYPE, "Postal address details", age=210, details=PUBLISHED["Postal address details"]
    )
    event_class = acme.thing(dev, kinds.CLASS, "Loyalty event class", age=210)
    loyalty_id = acme.thing(dev, kinds.NAMESPACE, "Loyalty ID", age=205)
    member = acme.thing(
        dev,
        kinds.FIELD_GROUP,
        "Loyalty member profile",
        address,
        email,
        loyalty_id,
        age=200,
        details=PUBLISHED["Loyalty member profile"],
    )
    enrolment = acme.thing(dev, kinds.FIELD_GROUP, "Enrolment channel", age=190)
    members = acme.thing(
        dev,
        kinds.SCHEMA,
        "Loyalty members",
        member,
        enrolment,
        age=188,
        helpers=2,
        details=PUBLISHED["Loyalty members"],
    )
    for exact in (address, event_class, loyalty_id, member, enrolment, members):
        acme.thing(stage, exact.type, exact.title, age=150, details=OLDER.get(exact.title))

    # Wrong first: renamed copies that a trial import left, and a name that was changed by hand.
    points = acme.thing(dev, kinds.DATA_TYPE, "Points balance", age=180)
    acme.thing(stage, points.type, points.title, age=149)
    acme.renamed_copy(stage, points, age=40)
    tiers = acme.thing(dev, kinds.FIELD_GROUP, "Member tier rules", points, age=175)
    acme.thing(stage, tiers.type, "Member tier rules archive", age=300)
    acme.thing(stage, tiers.type, "Tier rules", age=149)

    # Create new: what stage has is plainly something else.
    visits = acme.thing(dev, kinds.FIELD_GROUP, "Store visit preferences", age=60)
    acme.thing(stage, visits.type, "Store visit counters", age=260)
    partner = acme.thing(dev, kinds.DATA_TYPE, "Airline partner codes", age=58)
    acme.thing(stage, partner.type, "Hotel partner codes", age=255)

    activity = acme.thing(dev, kinds.SCHEMA, "Loyalty activity", event_class, tiers, visits, partner, age=57, helpers=1)
    acme.thing(stage, activity.type, "Loyalty activity archive 2019", age=600)

    dataset = acme.thing(dev, kinds.DATASET, "Loyalty balances", members, age=56)
    acme.thing(stage, dataset.type, dataset.title, age=148)
    acme.renamed_copy(stage, dataset, age=40)

    acme.package(
        "Loyalty schemas v1", "dev", [members], age=300, expires_in=-210, description="First programme schemas"
    )
    v2 = acme.package("Loyalty schemas v2", "dev", [members, dataset], age=110, expires_in=1.5)
    acme.past_import(v2, stage, age=40)
    acme.package(
        "Loyalty schemas v3",
        "dev",
        [activity, dataset],
        age=6,
        expires_in=84,
        description="Members, activity and balances for the new programme",
    )
    # After v3 was published: what a check for updates finds in dev.
    acme.changed(dev, visits, **CHANGED["Store visit preferences"])
    acme.changed(dev, tiers, **CHANGED["Member tier rules"])


# The imports that go wrong


def _stories(acme: Maker) -> None:
    dev = "dev"
    policy = acme.default_merge_policy(dev)

    # Missing permissions for the limited account; works for the others.
    consent = acme.thing(dev, kinds.FIELD_GROUP, "Channel consent choices", age=120)
    profile = acme.thing(dev, kinds.SCHEMA, "Consented customers", consent, acme.standard(dev, "ECID"), age=119)
    email_ok = acme.thing(dev, kinds.AUDIENCE, "Email opt-in customers", profile, policy, age=90)
    sms_ok = acme.thing(dev, kinds.AUDIENCE, "SMS opt-in customers", profile, policy, age=88)
    no_profiling = acme.thing(dev, kinds.POLICY, "No profiling without consent", profile, age=87)
    acme.package("Consent audiences autumn", dev, [email_ok, sms_ok, no_profiling], age=4, expires_in=86)

    # Partly fails: the streaming dataflow cannot be copied, everything else can.
    footfall_fields = acme.thing(dev, kinds.FIELD_GROUP, "Footfall counters", age=80)
    footfall = acme.thing(dev, kinds.SCHEMA, "Store footfall", footfall_fields, age=79)
    hourly = acme.thing(dev, kinds.DATASET, "Store footfall hourly", footfall, age=78)
    mapping = acme.thing(dev, kinds.MAPPING_SET, "", footfall, age=77)
    batch = acme.thing(dev, kinds.DATAFLOW, "Footfall nightly files", hourly, mapping, age=76)
    stream = acme.thing(dev, kinds.DATAFLOW, "Footfall sensor stream", hourly, age=75, flaw=STREAMING)
    package = acme.package("Store footfall sources", dev, [batch, stream], age=9, expires_in=81)
    acme.past_import(package, "stage", age=8, status="FAILED", failure=STREAMING)

    # SUCCESS that hides an HTTP 400: the namespace is not created although its task says so.
    crm = acme.thing(dev, kinds.NAMESPACE, "CRM contact key", age=70, flaw="hidden_error")
    crm_fields = acme.thing(dev, kinds.FIELD_GROUP, "CRM contact fields", crm, age=69)
    contacts = acme.thing(dev, kinds.SCHEMA, "CRM contacts", crm_fields, age=68, helpers=1)
    crm_data = acme.thing(dev, kinds.DATASET, "CRM contacts nightly", contacts, age=67)
    acme.package("CRM identity foundation", dev, [crm_data], age=11, expires_in=79)


# Everyday packages


@dataclass(frozen=True)
class Subject:
    """A part of the business with a graph of one object of each common type."""

    data_type: SandboxObject
    field_group: SandboxObject
    schema: SandboxObject
    dataset: SandboxObject
    audience: SandboxObject
    policy: SandboxObject
    dataflow: SandboxObject
    journey: SandboxObject

    def all_depths(self) -> list[list[SandboxObject]]:
        """Lists of artifacts whose graphs are one to four levels deep below the artifact."""
        return [
            [self.field_group],
            [self.schema],
            [self.dataset, self.policy],
            [self.journey],
            [self.audience],
            [self.dataflow],
        ]


def _subject(maker: Maker, sandbox: str, name: str, *, age: float, own_class: SandboxObject | None = None) -> Subject:
    data_type = maker.thing(sandbox, kinds.DATA_TYPE, f"{name} details", age=age)
    fields_title = f"{name} attributes"
    email, details = maker.standard(sandbox, "Email"), PUBLISHED.get(fields_title)
    field_group = maker.thing(sandbox, kinds.FIELD_GROUP, fields_title, data_type, email, age=age, details=details)
    uses = [field_group, own_class] if own_class else [field_group]
    schema = maker.thing(sandbox, kinds.SCHEMA, f"{name} schema", *uses, age=age, helpers=1)
    dataset = maker.thing(sandbox, kinds.DATASET, f"{name} dataset", schema, age=age - 1)
    audience = maker.thing(
        sandbox,
        kinds.AUDIENCE,
        f"{name} high value",
        schema,
        maker.default_merge_policy(sandbox),
        age=age - 2,
    )
    policy = maker.thing(sandbox, kinds.POLICY, f"{name} usage policy", schema, age=age - 2)
    mapping = maker.thing(sandbox, kinds.MAPPING_SET, "", schema, age=age - 3)
    dataflow = maker.thing(sandbox, kinds.DATAFLOW, f"{name} nightly import", dataset, mapping, age=age - 3)
    journey = maker.thing(sandbox, kinds.JOURNEY, f"{name} welcome journey", audience, age=age - 4)
    return Subject(data_type, field_group, schema, dataset, audience, policy, dataflow, journey)


# name, index into all_depths, status, age, expires in
_Row = tuple[str, int, str, float, float]


def _rows(maker: Maker, sandbox: str, subject: Subject, rows: Sequence[_Row]) -> list[Package]:
    depths = subject.all_depths()
    return [
        maker.package(name, sandbox, depths[index], status=status, age=age, expires_in=expires_in)
        for name, index, status, age, expires_in in rows
    ]


def _date(maker: Maker, age: float) -> str:
    return datetime.datetime.fromtimestamp(maker.ago(age) / 1000, datetime.UTC).strftime("%Y-%m-%d")


def _acme(acme: Maker) -> None:
    order_class = acme.thing("dev", kinds.CLASS, "Order history record class", age=240)
    orders = _subject(acme, "dev", "Order history", age=240, own_class=order_class)
    order_packages = _rows(
        acme,
        "dev",
        orders,
        [
            ("Order history schema", 1, "PUBLISHED", 30, 60),
            ("Order history field group, first cut", 0, "PUBLISHED", 190, -100),
            ("Order history dataset and policy", 2, "PUBLISHED", 28, 62),
            ("Order follow-up journey", 3, "PUBLISHED", 24, 66),
            ("Order history field group", 0, "DRAFT", 2, 88),
            ("Order history sources", 5, "PUBLISHED", 76, 14),
            ("Order audiences Q2", 4, "PUBLISHED", 160, -70),
        ],
    )
    acme.saved_versions(next(one for one in order_packages if one.name == "Order history schema"), 20, 9)
    web = _subject(acme, "dev", "Web visits", age=230)
    published = _rows(
        acme,
        "dev",
        web,
        [
            ("Web visits schema", 1, "PUBLISHED", 83, 7),
            ("Web visits audience", 4, "PUBLISHED", 89, 1),
            ("Web visits journey", 3, "PUBLISHED", 18, 72),
            ("Web visits sources", 5, "PUBLISH_FAILED", 5, 85),
            ("Web visits dataset rework", 2, "DRAFT", 1, 89),
        ],
    )
    acme.past_import(published[0], "stage", age=21)
    acme.past_import(published[2], "stage", age=15)
    service = _subject(acme, "dev", "Customer service cases", age=170)
    _rows(
        acme,
        "dev",
        service,
        [
            ("Customer service schema", 1, "PUBLISHED", 45, 45),
            ("Customer service journey", 3, "DRAFT", 3, 87),
            ("Customer service sources", 5, "PUBLISHED", 44, 46),
            ("Customer service policy", 2, "PUBLISHED", 200, -110),
            ("Customer service audience", 4, "DRAFT", 0.2, 89.8),
        ],
    )
    returns = _subject(acme, "stage", "Returns", age=140)
    _rows(
        acme,
        "stage",
        returns,
        [
            ("Returns schema for production", 1, "PUBLISHED", 13, 77),
            ("Returns audience for production", 4, "PUBLISHED", 12, 78),
            ("Returns journey for production", 3, "PUBLISH_FAILED", 10, 80),
        ],
    )
    newsletter = _subject(acme, "prod", "Newsletter", age=400)
    subscriber = acme.thing("prod", kinds.NAMESPACE, "Newsletter subscriber ID", age=399)
    _rows(
        acme,
        "prod",
        newsletter,
        [
            (f"Newsletter backup {_date(acme, 60)}", 2, "PUBLISHED", 60, 30),
            (f"Newsletter backup {_date(acme, 31)}", 2, "PUBLISHED", 31, 59),
            (f"Newsletter backup {_date(acme, 3)}", 2, "PUBLISHED", 3, 87),
        ],
    )
    acme.package("Development sandbox, whole", "dev", kind="FULL", age=14, expires_in=76)
    acme.package("Staging sandbox, whole", "stage", kind="FULL", status="DRAFT", age=1, expires_in=89)
    acme.package(
        "Starter kit for partners",
        "dev",
        [order_class, orders.schema, web.schema],
        age=35,
        expires_in=55,
        is_public=True,
    )
    acme.package("Identity starter kit", "prod", [subscriber, newsletter.schema], age=50, expires_in=40, is_public=True)
    acme.package("Empty package to fill", "dev", status="DRAFT", age=0.5, expires_in=89.5)
    busy = acme.package(
        "Peak season refresh", "dev", [orders.journey, web.journey], status="PUBLISH_IN_PROGRESS", age=0.01
    )
    acme.finishes_publishing(busy, after_s=6 * 3600)
    acme.package(
        "Checkout experiments",
        "dev",
        [web.field_group, orders.field_group, orders.data_type],
        age=16,
        shows_titles=False,
    )


def _globex(globex: Maker) -> None:
    trade_class = globex.thing("dev", kinds.CLASS, "Trade accounts record class", age=220)
    trade = _subject(globex, "dev", "Trade accounts", age=220, own_class=trade_class)
    trade_packages = _rows(
        globex,
        "dev",
        trade,
        [
            ("Trade accounts schema", 1, "PUBLISHED", 40, 50),
            ("Trade accounts dataset", 2, "PUBLISHED", 39, 51),
            ("Trade accounts journey", 3, "PUBLISHED", 22, 68),
            ("Trade accounts sources", 5, "DRAFT", 4, 86),
            ("Trade accounts audience", 4, "PUBLISHED", 77, 13),
        ],
    )
    fleet = _subject(globex, "dev", "Fleet telemetry", age=160)
    _rows(
        globex,
        "dev",
        fleet,
        [
            ("Fleet telemetry schema", 1, "PUBLISHED", 34, 56),
            ("Fleet telemetry field group", 0, "PUBLISHED", 84, 6),
            ("Fleet telemetry sources", 5, "PUBLISH_FAILED", 8, 82),
            ("Fleet telemetry journey", 3, "DRAFT", 2, 88),
            ("Fleet telemetry audience 2025", 4, "PUBLISHED", 300, -210),
        ],
    )
    support = _subject(globex, "stage", "Support plans", age=150)
    _rows(
        globex,
        "stage",
        support,
        [
            ("Support plans schema", 1, "PUBLISHED", 19, 71),
            ("Support plans audience", 4, "PUBLISHED", 17, 73),
            ("Support plans sources", 5, "DRAFT", 1, 89),
        ],
    )
    globex.package("Golden sandbox", "prod", kind="FULL", age=25, expires_in=65)
    globex.package("Shared trade schema", "dev", [trade_class, trade.schema], age=33, expires_in=57, is_public=True)
    # Stage has an older generation of the same objects, so that every import from dev meets conflicts.
    for thing in (trade.data_type, trade.field_group, fleet.schema, fleet.data_type):
        globex.thing("stage", thing.type, thing.title, age=100, details=OLDER.get(thing.title))
    globex.saved_versions(trade_packages[0], 30)
    globex.changed("dev", trade.field_group, **CHANGED["Trade accounts attributes"])


def _initech(initech: Maker) -> None:
    claims = _subject(initech, "dev", "Insurance claims", age=130)
    _rows(
        initech,
        "dev",
        claims,
        [
            ("Insurance claims schema", 1, "PUBLISHED", 29, 61),
            ("Insurance claims dataset", 2, "PUBLISHED", 27, 63),
            ("Insurance claims journey", 3, "DRAFT", 6, 84),
            ("Insurance claims sources", 5, "PUBLISHED", 88, 2),
            ("Insurance claims audience", 4, "PUBLISH_FAILED", 7, 83),
            ("Insurance claims fields", 0, "PUBLISHED", 150, -60),
        ],
    )
    agents = _subject(initech, "stage", "Agent network", age=95)
    _rows(
        initech,
        "stage",
        agents,
        [
            ("Agent network schema", 1, "PUBLISHED", 21, 69),
            ("Agent network journey", 3, "PUBLISHED", 20, 70),
        ],
    )
    initech.package("Initech production, whole", "prod", kind="FULL", age=32, expires_in=58)
