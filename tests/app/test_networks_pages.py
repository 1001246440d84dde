"""The networks' pages as HTML: the library, the two sides, versions, and how they lead to training."""

from __future__ import annotations

import json
import re

from app.services import designs, networks
from models.networks import networks as library
from tests.app.conftest import Lab

LENET = library["lenet"].source
SIZES = {"channels": 1, "height": 28, "width": 28, "classes": 10}


def data(html: str) -> dict[str, object]:
    """What the page hands to its script."""
    found = re.search(r'<script type="application/json" id="network-data">(.*?)</script>', html, re.S)
    assert found
    return json.loads(found.group(1))


def test_the_library_and_what_was_saved(lab: Lab) -> None:
    client = lab.client("sam")
    assert "None yet" in client.get("/networks").text
    mine = designs.create(lab.ctx, lab.who("olga"), {"source": LENET, "name": "Shared", **SIZES})
    designs.create(lab.ctx, lab.who("olga"), {"source": LENET, "name": "Secret", "visibility": "private", **SIZES})
    html = client.get("/networks").text
    assert f"/networks/{mine.id}" in html
    assert "Secret" not in html
    assert "Secret" in lab.client("olga").get("/networks?q=secr").text
    for name in library.names():
        assert f"/networks/{name}" in html


def test_a_network_of_the_library_is_shown_and_copied(lab: Lab) -> None:
    client = lab.client("vic")
    page = data(client.get("/networks/lenet").text)
    assert page["source"] == LENET
    assert page["images"] == SIZES
    assert page["may"] == {"save": False, "edit": False, "measure": False}
    assert data(client.get("/networks/new?from=resnet18").text)["source"] == library["resnet18"].source
    assert "class Net(nn.Module)" in str(data(client.get("/networks/new").text)["source"])
    assert client.get("/networks/nonsense").status_code == 404


def test_text_that_looks_like_a_script_stays_text(lab: Lab) -> None:
    text = "# </script><script>alert(1)</script>\n" + LENET
    row = designs.create(lab.ctx, lab.who("olga"), {"source": text, "name": "<b>bold</b>", **SIZES})
    html = lab.client("sam").get(f"/networks/{row.id}").text
    assert "<script>alert" not in html
    assert "<b>bold" not in html
    assert data(html)["source"] == text


def test_a_saved_network_its_versions_and_its_owner(lab: Lab) -> None:
    row = designs.create(lab.ctx, lab.who("olga"), {"source": LENET, "name": "Mine", **SIZES})
    designs.save(lab.ctx, lab.who("olga"), row, {"source": LENET.replace("500", "300"), "base": 1, **SIZES})
    page = data(lab.client("olga").get(f"/networks/{row.id}").text)
    assert (page["version"], page["may"]["edit"]) == (2, True)
    assert data(lab.client("sam").get(f"/networks/{row.id}").text)["may"]["edit"] is False
    old = lab.client("olga").get(f"/networks/{row.id}?version=1").text
    assert "This is version 1; the newest is" in old
    assert data(old)["source"] == LENET
    assert lab.client("olga").get(f"/networks/{row.id}?version=7").status_code == 404
    assert lab.client("olga").get(f"/jobs/{row.id}/do/clone").location.endswith(f"/networks/new?from={row.id}")


def test_what_changed_is_said_in_layers(lab: Lab, monkeypatch: object) -> None:
    monkeypatch.setattr(networks, "may_measure", lambda ctx, who: False)
    row = designs.create(lab.ctx, lab.who("olga"), {"source": LENET, "name": "Mine", **SIZES})
    client = lab.client("olga")
    assert "The same source" in client.get(f"/networks/{row.id}/changes").text
    designs.save(lab.ctx, lab.who("olga"), row, {"source": LENET.replace("500", "300"), "base": 1, **SIZES})
    html = client.get(f"/networks/{row.id}/changes").text
    assert "out_features" in html
    assert "500 → 300" in html
    designs.save(lab.ctx, lab.who("olga"), row, {"source": "class Net(", "base": 2, **SIZES})
    assert "cannot be compared by their layers" in client.get(f"/networks/{row.id}/changes").text


def test_the_form_of_a_model_offers_saved_networks(lab: Lab) -> None:
    lab.job("dataset", "olga")
    row = designs.create(lab.ctx, lab.who("olga"), {"source": LENET, "name": "Mine", **SIZES})
    html = lab.client("olga").get(f"/models/images/classification/new?network={row.id}").text
    assert re.search(rf'value="{row.id}" checked', html)
    assert f'value="{row.id}"' not in lab.client("vic").get("/models/images/classification/new").text
    refused = lab.client("olga").post("/models/new", data={"network": "20200101-000000-0000", "dataset": "x"})
    assert "There is no network 20200101-000000-0000" in refused.text
