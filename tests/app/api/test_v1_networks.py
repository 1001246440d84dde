"""/api/v1/networks over HTTP: statuses, shapes and problems that scripts rely on."""

from __future__ import annotations

from typing import Any

from models.networks import networks as library
from models.source.text import digest
from tests.app.conftest import Lab

LENET = library["lenet"].source
BODY = {"source": LENET, "channels": 1, "height": 28, "width": 28, "classes": 10}


def graph(lab: Lab, **more: Any) -> dict[str, Any]:
    answer = lab.client("vic").post("/api/v1/networks/graph", json={**BODY, **more})
    assert answer.status_code == 200
    return dict(answer.json)


def test_an_edit_of_the_graph_is_a_change_of_the_source(lab: Lab) -> None:
    drawn = graph(lab)
    edit = {"kind": "set", "node": "conv2#1", "argument": "out_channels", "value": "64"}
    body = {**BODY, "hash": drawn["hash"], "edit": edit}
    edited = lab.client("vic").post("/api/v1/networks/edit", json=body).json
    (change,) = edited["changes"]
    assert LENET[: change["from"]] + change["insert"] + LENET[change["to"] :] == edited["source"]
    assert "nn.Conv2d(20, 64, kernel_size=5)" in edited["source"]
    assert edited["hash"] == digest(edited["source"])
    fixes = [problem["fix"]["argument"] for problem in edited["problems"] if problem["fix"]]
    assert fixes in ([], ["in_features"])  # where the source computes it, nothing is offered


def test_what_is_refused_says_so(lab: Lab) -> None:
    client, drawn = lab.client("vic"), graph(lab)
    edit = {"kind": "delete", "node": "conv1#1"}
    stale = client.post("/api/v1/networks/edit", json={**BODY, "hash": "0" * 64, "edit": edit})
    assert (stale.status_code, stale.json["title"]) == (409, "Conflict")
    assert "has changed since" in stale.json["detail"]
    for wrong, field in (
        ({"kind": "explode"}, "kind"),
        ({"kind": "delete"}, "node"),
        ({"kind": "set", "node": "conv1#1", "argument": "stride", "value": "not python("}, None),
        ({"kind": "delete", "node": "nobody"}, None),
    ):
        answer = client.post("/api/v1/networks/edit", json={**BODY, "hash": drawn["hash"], "edit": wrong})
        assert answer.status_code == 422, wrong
        assert field is None or answer.json["errors"][0]["field"] == field
    assert client.post("/api/v1/networks/graph", json={**BODY, "width": 0}).status_code == 422
    assert client.post("/api/v1/networks/measure", json={**BODY, "source": "x = 1"}).status_code == 403


def test_the_outline_names_what_is_hidden(lab: Lab) -> None:
    body = {"source": library["resnet18"].source}
    found = lab.client("vic").post("/api/v1/networks/outline", json=body).json
    deep = next(site for site in found if site["module"] == "stage2.0.conv1")
    shown = graph(lab, **body, reveal=deep["id"], channels=3)["picture"]["nodes"]
    assert deep["id"] in {node["id"] for node in shown}
    assert lab.client("vic").post("/api/v1/networks/outline", json={"source": "("}).status_code == 422


def test_networks_are_saved_listed_changed_and_deleted(lab: Lab) -> None:
    olga, sam = lab.client("olga"), lab.client("sam")
    made = olga.post("/api/v1/networks/saved", json={**BODY, "name": "Mine"}, headers={"Idempotency-Key": "once"})
    again = olga.post("/api/v1/networks/saved", json={**BODY, "name": "Mine"}, headers={"Idempotency-Key": "once"})
    assert (made.status_code, made.json["version"], again.json["id"]) == (201, 1, made.json["id"])
    address = made.headers["Location"]
    assert sam.get(address).json["source"] == LENET
    version = {**BODY, "source": LENET + "# more\n", "base": 1, "note": "more"}
    assert sam.post(f"{address}/versions", json=version).status_code == 403
    assert olga.post(f"{address}/versions", json=version).json["number"] == 2
    stale = olga.post(f"{address}/versions", json={**version, "source": LENET + "# other\n"})
    assert (stale.status_code, "version 2" in stale.json["detail"]) == (409, True)
    assert sam.get(f"{address}/versions/1").json["source"] == LENET
    assert sam.get("/api/v1/networks/saved").json["total"] == 1
    assert sam.get("/api/v1/jobs?type=network").json["items"][0]["name"] == "Mine"
    job = made.json["id"]
    assert olga.patch(f"/api/v1/jobs/{job}", json={"visibility": "private"}).status_code == 200
    assert sam.get(address).status_code == 404
    assert olga.delete(f"/api/v1/jobs/{job}").status_code == 204
    assert olga.get(address).status_code == 404
