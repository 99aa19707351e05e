"""Controls that add partners and packages to the world."""


def test_added_partner_answers_in_its_manner(platform):
    added = platform.control("organizations", names=["Soylent"], manner="approves", after_s=2)
    soylent = added.json["organizations"][0]["ims_org_id"]
    source = {"id": platform.org.id, "name": "Acme"}
    platform.call("POST", "/handshake/bulkCreate", json={"targetIMSOrgIds": [soylent], "sourceIMSDetails": source})

    platform.advance(3)

    listed = platform.get("/handshake/list?requestType=OUTGOING").json["data"]
    assert [(row["status"], row["targetOrgName"]) for row in listed] == [("APPROVED", "Soylent")]


def test_added_packages_are_published_and_keep_versions(platform):
    added = platform.control("packages", organization="Acme", names=["One more", "Two more"]).json["packages"]

    saved = platform.call("PATCH", f"/packages/{added[1]['id']}/version/save")
    platform.advance(5)

    history = platform.get(f"/packages/{added[1]['id']}/history").json
    assert [package["name"] for package in added] == ["One more", "Two more"]
    assert saved.status_code == 200
    assert len(history) == 1


def test_added_public_package_can_be_pulled_by_others(platform):
    added = platform.control("packages", organization="Northwind", names=["For all"], is_public=True).json
    source = {"imsOrgId": added["ims_org_id"], "packageId": added["packages"][0]["id"]}

    platform.call("POST", "/transfer/pullRequest", json=source)

    listed = platform.get("/transfer/list?requestType=PUBLIC").json["data"]
    assert [row["packageName"] for row in listed] == ["For all"]


def test_controls_that_add_refuse_what_they_do_not_know(platform):
    answers = [
        platform.control("organizations", names=["Initech"]),
        platform.control("organizations", names=[]),
        platform.control("organizations", names=["Soylent"], manner="shouts"),
        platform.control("packages", organization="Nobody", names=["One more"]),
        platform.control("packages", organization="Acme", names="One more"),
    ]

    assert [answer.status_code for answer in answers] == [400] * 5
