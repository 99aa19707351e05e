"""The 40 offers and 8 decisions of the demo, and the few of the small seed; the stories are in emulator/README.md."""

from emulator.decisioning_things import Needs
from emulator.seeds.decisioning_maker import DecisioningMaker
from emulator.seeds.organizations import ACME, GLOBEX
from emulator.world import World

EVENTS = "Decisioning events"
FLAW = "Characteristic fleetSize is a text in the source and a number in the offer item schema of the target"
_SEGMENTS = ("Gold tier", "Shoppers near a store", "Lapsed shoppers")
_LANGUAGE, _FIRST_NAME = "_acmetenant.preferences.language", "person.name.firstName"
_TIER, _POINTS, _STORE = "_acmetenant.loyalty.tier", "_acmetenant.loyalty.points", "_acmetenant.favouriteStore"
_WEATHER, _CART, _DEVICE = "weather.temperature", "cart.total", "device.type"
_TRADE, _FLEET = "_globextenant.trade.tier", "_globextenant.fleet.size"


def fill(world: World) -> None:
    acme = {name: DecisioningMaker(world, ACME, name) for name in ("dev", "stage", "prod")}
    globex = {name: DecisioningMaker(world, GLOBEX, name) for name in ("dev", "stage", "prod")}
    _surroundings(acme, globex)
    _loyalty(acme["dev"])
    _acme(acme["stage"], acme["prod"])
    _globex_dev(globex["dev"])
    _globex(globex["stage"], globex["prod"])


def _surroundings(acme: dict[str, DecisioningMaker], globex: dict[str, DecisioningMaker]) -> None:
    """What the sandboxes have beside decisioning; what is called otherwise elsewhere is what people have to map."""
    for name, maker in acme.items():
        for title in _SEGMENTS:
            maker.segment(title)
        maker.segment("EU residents", "aam", {"dev": "13579/eu.west"}.get(name, "24680/eu.west"))
        maker.attributes(_FIRST_NAME, _LANGUAGE)
        maker.dataset(EVENTS, "_id", "timestamp", "eventType")
    acme["dev"].attributes(_TIER, _POINTS, _STORE)
    acme["stage"].attributes("_acmestage.loyalty.tier", "_acmestage.loyalty.points", "_acmetenant.favouritestore")
    acme["prod"].attributes(_TIER, _POINTS)
    acme["stage"].dataset("Web visits", "_id", "timestamp", is_enabled=None)
    acme["stage"].dataset("Retired web events", "_id", "timestamp", is_enabled=False)
    for maker in globex.values():
        maker.segment("Fleet owners")
        maker.attributes(_TRADE)
    globex["dev"].attributes(_FLEET)
    globex["stage"].attributes("_globextenant.fleet.vehicles")
    globex["prod"].attributes(_FLEET)
    for name, maker in globex.items():
        maker.dataset("Trade events", "_id", "timestamp")
        maker.dataset(EVENTS, "_id", "timestamp", is_enabled=None if name == "stage" else True)


def _loyalty(dev: DecisioningMaker) -> None:
    """Acme dev: Loyalty offers needs all that the sandbox needs, 5 + 3 attributes and 4 segments."""
    keys = {name: key for key, name in dev.shelf.segments.items()}
    hero, card = dev.placement("home hero"), dev.placement("app.card", "mobile")
    banner = dev.placement("checkout banner")
    loyal, seasonal = dev.qualifier("Loyalty"), dev.qualifier("Seasonal")
    gold = dev.rule("Gold members", Needs((_TIER,), segments=(keys["Gold tier"],)))
    near = dev.rule("Near a store", Needs((_STORE,), (_WEATHER,), (keys["Shoppers near a store"],)))
    lapsed = dev.rule("Lapsed shoppers", Needs(segments=(keys["Lapsed shoppers"],)))
    europe = dev.rule("EU members", Needs(segments=(keys["EU residents"],)), is_api_only=True)
    margin = dev.formula("Margin first", Needs((_POINTS,), (_CART,)))
    both, on_hero, tier = [(hero, "JSON"), (card, "JSON")], [(hero, "JSON")], {"tierName": "string"}
    loyalty = [
        dev.offer(
            "Gold card", both, rule=gold, qualifiers=[loyal], needs=Needs((_LANGUAGE,)), characteristics=tier, cap=3
        ),
        dev.offer("Silver card", both, rule=europe, qualifiers=[loyal], characteristics=tier),
        dev.offer("Bronze card", both, qualifiers=[loyal], characteristics=tier),
        dev.offer("Double points week", both, rule=lapsed, qualifiers=[loyal]),
        dev.offer("Birthday treat", both, qualifiers=[loyal], needs=Needs((_FIRST_NAME,)), cap=1),
        dev.offer("Store visit bonus", [(hero, "TEXT")], rule=near, qualifiers=[loyal]),
        dev.offer("Free delivery for members", [(card, "TEXT")], qualifiers=[loyal]),
        dev.offer("Member magazine", [(hero, "HTML")], qualifiers=[loyal]),
        dev.offer("Winter lookbook", [(hero, "HTML"), (card, "HTML")], qualifiers=[loyal, seasonal]),
    ]
    dev.offer("Rain jacket tip", on_hero, qualifiers=[seasonal], needs=Needs(context=(_DEVICE,)))
    dev.offer("Garden sale", on_hero, qualifiers=[seasonal], characteristics={"discount": "integer"})
    dev.offer("Sunglasses deal", on_hero, qualifiers=[seasonal], characteristics={"discount": "integer"})
    wrap = dev.offer("Gift wrap", [(banner, "JSON")], cap=2)
    join = dev.offer("Join the programme", [*both, (banner, "TEXT")], is_fallback=True)
    cards = dev.collection("Loyalty cards", loyalty)
    picks, extras = dev.collection("Seasonal picks", qualifier=seasonal), dev.collection("Checkout extras", [wrap])
    dev.decision(
        "Loyalty offers",
        {"home hero": [(cards, gold, margin), (picks, None, None)], "app.card": [(cards, None, margin)]},
        fallback=join,
        item_count=2,
    )
    dev.decision("Home page hero", {"home hero": [(picks, near, None)]}, fallback=join)
    dev.decision("Checkout upsell", {"checkout banner": [(extras, None, margin)]}, fallback=join)


def _acme(stage: DecisioningMaker, prod: DecisioningMaker) -> None:
    returns = ["Express return", "Swap in store", "Store credit bonus", "Return label", "Exchange tip", "Contact us"]
    rule = stage.rule("Frequent returners", Needs(("_acmestage.loyalty.tier",)))
    formula = stage.formula("Cheapest first", Needs(context=(_CART,)))
    stage.everyday("Returns desk", returns, rule, formula, stage.placement("returns page", cap=5))
    upgrades = ["Tier upgrade", "Bonus month", "Partner perk", "Early access", "See all benefits"]
    rule = prod.rule("Close to the next tier", Needs((_TIER, _POINTS)))
    formula = prod.formula("Points first", Needs((_POINTS,)))
    prod.everyday("Member upgrades", upgrades, rule, formula, prod.placement("account page"))


def _globex_dev(dev: DecisioningMaker) -> None:
    """One decision whose migration fails half way, and one of which much stays behind."""
    (fleet_owners,) = dev.shelf.segments
    panel, mail = dev.placement("portal panel", cap=4), dev.placement("renewal mail", "email")
    fleet = dev.rule("Fleet owners", Needs((_FLEET,), segments=(fleet_owners,)))
    trade = dev.rule("Trade customers", Needs((_TRADE,)))
    soonest = dev.formula("Contract ends soonest", Needs(context=("contract.daysLeft",)))
    on_panel = [(panel, "JSON")]
    van = dev.offer("Van service plan", on_panel, rule=fleet, characteristics={"fleetSize": "string"})
    truck = dev.offer("Truck tyre check", on_panel, rule=fleet, characteristics={"fleetSize": "string"}, flaw=FLAW)
    depot = dev.offer("Depot charging", on_panel, rule=fleet)
    advice = dev.offer("Talk to an adviser", [(panel, "TEXT")], is_fallback=True)
    welcome = [
        dev.offer("Trade discount", [*on_panel, (mail, "HTML")], rule=trade),
        dev.offer("Net 60 terms", [(panel, "TEXT")], rule=trade),
        dev.offer("Catalogue cover", [(panel, "IMAGE")]),
        dev.offer("Supplier logo", [(mail, "IMAGE")]),
        dev.offer("Showroom visit", on_panel),
    ]
    dev.decision(
        "Fleet offers",
        {"portal panel": [(dev.collection("Fleet choice", [van, truck, depot]), fleet, soonest)]},
        fallback=advice,
    )
    choice = dev.collection("Trade choice", welcome)
    dev.decision(
        "Trade welcome",
        {"portal panel": [(choice, trade, None)], "renewal mail": [(choice, None, None)]},
        fallback=advice,
    )


def _globex(stage: DecisioningMaker, prod: DecisioningMaker) -> None:
    rule = stage.rule("Trade customers", Needs((_TRADE,)))
    formula = stage.formula("Newest first", Needs())
    support = ["Priority support", "Spare parts kit", "Remote check", "Call the desk"]
    stage.everyday("Support offers", support, rule, formula, stage.placement("support page"))
    page = prod.placement("home page")
    for name in ("Autumn catalogue", "Trade fair invitation"):
        prod.offer(name, [(page, "JSON")])


def fill_small(world: World) -> None:
    """One decision over four offers, one of them in HTML; stage has everything, partly under other names."""
    tier = {"dev": "_acmetenant.tier", "stage": "_acmestage.tier", "prod": "_acmetenant.tier"}
    for org_id in (ACME, GLOBEX):
        for name, own in tier.items():
            maker = DecisioningMaker(world, org_id, name)
            maker.attributes(own, _FIRST_NAME)
            maker.segment("Regular visitors")
            maker.dataset(EVENTS, "_id", "timestamp")
            maker.dataset("Web visits", "_id", "timestamp", is_enabled=None)
    dev = DecisioningMaker(world, ACME, "dev")
    (visitors,) = dev.shelf.segments
    page, sale = dev.placement("visit.page one"), dev.qualifier("Sale")
    regular = dev.rule("Regulars", Needs((tier["dev"],), segments=(visitors,)))
    best = dev.formula("Best first", Needs(context=(_CART,)))
    offers = [
        dev.offer("Coffee voucher", [(page, "JSON")], rule=regular, qualifiers=[sale], needs=Needs((_FIRST_NAME,))),
        dev.offer("Cake voucher", [(page, "TEXT")], qualifiers=[sale], characteristics={"flavour": "string"}),
        dev.offer("Poster", [(page, "HTML")]),
    ]
    nothing = dev.offer("Nothing today", [(page, "TEXT")], is_fallback=True)
    vouchers = dev.collection("Vouchers", offers)
    dev.decision("Visit offers", {page.name: [(vouchers, regular, best)]}, fallback=nothing)
