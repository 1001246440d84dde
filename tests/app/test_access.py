"""Every route, tried as nobody, stranger, onlooker, owner and admin; a new route fails until it is classified."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from jobs import accounts
from tests.app.conftest import PASSWORD, Lab, make_lab

PUBLIC = "public"  # nobody need sign in
PEOPLE = "people"  # whoever is signed in
MAKERS = "makers"  # not those who may only look
ADMINS = "admins"
SEE = "see"  # whoever may see the job: a stranger to a private job is told that there is none
CHANGE = "change"  # the job's owner and admins: a stranger to a shared job may not

KINDS: dict[str, str] = {
    "static": PUBLIC,
    "accounts.sign_in": PUBLIC,
    "accounts.sign_out": PUBLIC,
    "accounts.start": PUBLIC,
    "accounts.account": PEOPLE,
    "accounts.add_token": PEOPLE,
    "accounts.password": PEOPLE,
    "accounts.revoke_token": PEOPLE,
    "admin.about": PEOPLE,
    "admin.add_user": ADMINS,
    "admin.change_user": PEOPLE,  # answers a refusal as a message on the next page; see test_only_admins_change_users
    "admin.users": ADMINS,
    "alerts.add": MAKERS,
    "alerts.remove": PEOPLE,  # one's own: another's is not found
    "alerts.show": PEOPLE,
    "alerts.test": MAKERS,
    "alerts.wanted": SEE,
    "alerts.wish": SEE,
    "v1.change_alert_channel": MAKERS,
    "v1.create_alert_channel": MAKERS,
    "v1.delete_alert_channel": PEOPLE,
    "v1.job_alerts": SEE,
    "v1.list_alert_channels": PEOPLE,
    "v1.list_alerts": PEOPLE,
    "v1.set_job_alerts": SEE,
    "v1.test_alert_channel": MAKERS,
    "assets.bokeh": PUBLIC,
    "assets.chart": PUBLIC,
    "analyses.findings": SEE,
    "analyses.map_of": SEE,
    "analyses.picture": SEE,
    "analyses.places": SEE,
    "analyses.show": SEE,
    "analyses.start": MAKERS,
    "analyses.state": SEE,
    "analyses.statistics": SEE,
    "versions.create": MAKERS,
    "validations.one": SEE,
    "validations.overview": SEE,
    "validations.picture": SEE,
    "validations.show": SEE,
    "v1.model_validation": SEE,
    "v1.model_validation_activations": SEE,
    "v1.model_validations": SEE,
    "diaries.download": SEE,
    "diaries.map_of": SEE,
    "diaries.places": SEE,
    "diaries.record": SEE,
    "diaries.show": SEE,
    "diaries.table": SEE,
    "diaries.version": MAKERS,
    "v1.create_version_from_diary": MAKERS,
    "v1.model_diary": SEE,
    "v1.model_diary_image": SEE,
    "v1.model_diary_images": SEE,
    "v1.model_diary_table": SEE,
    "v1.analyse_dataset": MAKERS,
    "v1.create_version": MAKERS,
    "v1.dataset_map": SEE,
    "v1.download_records": SEE,
    "v1.get_analysis": SEE,
    "v1.list_findings": SEE,
    "v1.list_versions": SEE,
    "v1.split_picture": SEE,
    "v1.split_statistics": SEE,
    "browse.complete": PEOPLE,
    "browse.upload": MAKERS,
    "datasets.create": MAKERS,
    "datasets.mean": SEE,
    "datasets.new": PEOPLE,
    "datasets.show": SEE,
    "explore.download": SEE,
    "explore.image": SEE,
    "explore.record": SEE,
    "explore.records": SEE,
    "explore.show": SEE,
    "explore.sprite": SEE,
    "atlas_maps.places": SEE,
    "atlas_maps.resume": CHANGE,
    "atlas_maps.show": SEE,
    "atlas_maps.wish": CHANGE,
    "v1.atlas_map": SEE,
    "v1.more_maps": CHANGE,
    "v1.resume_atlas": CHANGE,
    "v1.separating_units": SEE,
    "evaluations.pair": SEE,
    "v1.evaluation_pair": SEE,
    "v1.evaluation_agreement": SEE,
    "atlases.create": MAKERS,
    "atlases.figures": SEE,
    "atlases.of_model": SEE,
    "atlases.show": SEE,
    "atlases.strip": SEE,
    "atlases.unit": SEE,
    "atlases.voters": SEE,
    "v1.atlas_strip": SEE,
    "v1.atlas_unit": SEE,
    "v1.atlas_units": SEE,
    "v1.atlas_voters": SEE,
    "v1.create_atlas": MAKERS,
    "v1.get_atlas": SEE,
    "v1.list_atlases": PEOPLE,
    "evaluations.answers": SEE,
    "evaluations.cells": SEE,
    "evaluations.compare": SEE,
    "evaluations.create": MAKERS,
    "evaluations.curve": SEE,
    "evaluations.images": SEE,
    "evaluations.matrix_csv": SEE,
    "evaluations.new": SEE,
    "evaluations.picture": SEE,
    "evaluations.record": SEE,
    "evaluations.resume": CHANGE,
    "evaluations.show": SEE,
    "evaluations.sprite": SEE,
    "v1.compare_evaluations": SEE,
    "v1.create_evaluation": MAKERS,
    "v1.evaluation_answers": SEE,
    "v1.evaluation_confusion": SEE,
    "v1.evaluation_confusion_csv": SEE,
    "v1.evaluation_curve": SEE,
    "v1.evaluation_failures": SEE,
    "v1.evaluation_images_page": SEE,
    "v1.evaluation_options": PEOPLE,
    "v1.evaluation_report": SEE,
    "v1.evaluation_sprite": SEE,
    "v1.get_evaluation": SEE,
    "v1.list_evaluations": PEOPLE,
    "v1.resume_evaluation": CHANGE,
    "comparison.curves": PEOPLE,  # runs that may not be seen are left out; see services/test_comparison.py
    "comparison.runs": PEOPLE,
    "comparison.show": PEOPLE,
    "v1.compare_runs": PEOPLE,
    "sweeps.data": SEE,
    "sweeps.index": PEOPLE,
    "sweeps.resume": CHANGE,
    "sweeps.show": SEE,
    "sweeps.size": PEOPLE,
    "sweeps.stop": CHANGE,
    "sweeps.table": SEE,
    "v1.create_sweep": MAKERS,
    "v1.get_sweep": SEE,
    "v1.list_sweeps": PEOPLE,
    "v1.resume_sweep": CHANGE,
    "v1.stop_sweep": CHANGE,
    "home.bulk": PEOPLE,  # each job of the list is asked for by itself
    "home.index": PEOPLE,
    "home.running": PEOPLE,
    "jobs.abort": CHANGE,
    "jobs.clone": SEE,
    "jobs.curves": SEE,
    "jobs.curves_csv": SEE,
    "jobs.delete": CHANGE,
    "jobs.deletion_question": PEOPLE,  # of jobs that may be seen; others are as if there were none
    "jobs.edit": CHANGE,
    "jobs.event_files": SEE,
    "v1.job_event_files": SEE,
    "jobs.log": SEE,
    "networks.changes": SEE,
    "networks.index": PEOPLE,
    "networks.new": PEOPLE,
    "networks.show": PEOPLE,  # of the library, or a saved one: see test_networks_pages
    "model_cards.show": SEE,
    "models.check": MAKERS,
    "weights.table": MAKERS,
    "weights.graph": MAKERS,
    "drawings.show": PEOPLE,
    "drawings.upload": MAKERS,
    "v1.upload_network_file": MAKERS,
    "v1.draw_network_file": MAKERS,
    "v1.outline_network_file": MAKERS,
    "v1.network_file_picture": MAKERS,
    "preflight.estimate": MAKERS,
    "preflight.measure": MAKERS,
    "v1.estimate_model": MAKERS,
    "v1.measure_model": MAKERS,
    "weights.upload": MAKERS,
    "v1.match_model_weights": MAKERS,
    "v1.upload_weights": MAKERS,
    "models.checkpoint": SEE,
    "models.classify": SEE,
    "models.create": MAKERS,
    "models.new": PEOPLE,
    "models.find_rate": MAKERS,
    "models.schedule": PEOPLE,
    "models.show": SEE,
    "models.source": PEOPLE,
    "models.trained_source": SEE,
    "previews.augmented": MAKERS,
    "previews.balance": MAKERS,
    "previews.dataset": MAKERS,
    "previews.picture": MAKERS,
    "understand.look": MAKERS,
    "units.explain": SEE,
    "units.index": SEE,
    "units.layer": SEE,
    "units.unit": SEE,
    "v1.attribution_methods": PEOPLE,
    "v1.cancel_visualization": SEE,
    "v1.explain_image": SEE,
    "v1.grade_attribution": SEE,
    "v1.image_activations": SEE,
    "v1.layer_activations_values": SEE,
    "v1.layer_weights": SEE,
    "v1.layer_weights_picture": SEE,
    "v1.layer_weights_values": SEE,
    "v1.list_units": SEE,
    "v1.visualization_options": PEOPLE,
    "v1.visualize_units": SEE,
    "v1.abort_job": CHANGE,
    "v1.change_job": CHANGE,
    "v1.change_user": ADMINS,
    "v1.check_model": MAKERS,
    "v1.classify": SEE,
    "v1.compare_networks": PEOPLE,
    "v1.clone_job": SEE,
    "v1.create_dataset": MAKERS,
    "v1.create_model": MAKERS,
    "v1.create_token": PEOPLE,
    "v1.create_user": ADMINS,
    "v1.dataset_failures": SEE,
    "v1.dataset_manifest": SEE,
    "v1.dataset_mean": SEE,
    "v1.dataset_options": PEOPLE,
    "v1.delete_job": CHANGE,
    "v1.draw_network": PEOPLE,
    "v1.edit_network": PEOPLE,  # changes a text that is sent along, and keeps nothing
    "v1.get_saved_network": SEE,
    "v1.get_version": SEE,
    "v1.layer_documentation": PEOPLE,
    "v1.list_layers": PEOPLE,
    "v1.list_saved_networks": PEOPLE,
    "v1.measure_network": MAKERS,  # runs the source; see test_networks for what others may measure
    "v1.outline_network": PEOPLE,
    "v1.save_network": MAKERS,
    "v1.save_version": CHANGE,
    "v1.delete_token": PEOPLE,
    "v1.delete_user": ADMINS,
    "v1.download_checkpoint": SEE,
    "v1.get_dataset": SEE,
    "v1.get_job": SEE,
    "v1.get_machine": PEOPLE,
    "v1.get_me": PEOPLE,
    "v1.get_model": SEE,
    "v1.get_network": PEOPLE,
    "v1.get_record": SEE,
    "v1.job_curves": SEE,
    "v1.job_events": SEE,
    "v1.job_log": SEE,
    "v1.job_metrics": SEE,
    "v1.job_series": SEE,
    "v1.job_updates": SEE,
    "v1.list_checkpoints": SEE,
    "v1.list_datasets": PEOPLE,
    "v1.list_jobs": PEOPLE,
    "v1.list_models": PEOPLE,
    "v1.list_networks": PEOPLE,
    "v1.list_paths": PEOPLE,
    "v1.list_records": SEE,
    "v1.list_tokens": PEOPLE,
    "v1.list_users": ADMINS,
    "v1.model_options": PEOPLE,
    "v1.model_presets": PEOPLE,
    "v1.model_source": SEE,
    "v1.openapi": PUBLIC,
    "layers.heat": SEE,
    "layers.one": SEE,
    "layers.show": SEE,
    "layers.tables": SEE,
    "v1.model_doctor": SEE,
    "v1.find_rate": MAKERS,
    "v1.planned_rate": SEE,
    "v1.model_layers": SEE,
    "v1.model_layer_heat": SEE,
    "v1.model_layer_histograms": SEE,
    "training.fork": SEE,
    "training.planned": SEE,
    "training.priority": CHANGE,
    "training.resume": CHANGE,
    "training.steer": CHANGE,
    "v1.list_schedules": PEOPLE,
    "v1.prioritise_job": CHANGE,
    "v1.resume_model": CHANGE,
    "v1.steer_model": CHANGE,
    "v1.project_schedules": PEOPLE,
    "v1.preview_augmentation": MAKERS,
    "v1.preview_balance": MAKERS,
    "v1.preview_dataset": MAKERS,
    "v1.preview_picture": MAKERS,
    "v1.record_image": SEE,
    "v1.record_sprite": SEE,
    "v1.related_jobs": SEE,
    "v1.upload": MAKERS,
    "v1.begin_upload": MAKERS,
    "v1.upload_state": MAKERS,
    "v1.append_upload": MAKERS,
    "v1.finish_upload": MAKERS,
    "v1.cancel_upload": MAKERS,
    "v1.dataset_sources": PEOPLE,
    "v1.understand_dataset": MAKERS,
    "v1.record_objects": SEE,
    "v1.record_mask": SEE,
    "digits_datasets.create": MAKERS,
    "digits_datasets.explore": SEE,
    "digits_datasets.show": SEE,
    "digits_datasets.summary": SEE,
    "digits_generic.create": MAKERS,
    "digits_generic.explore": SEE,
    "digits_generic.new": PEOPLE,
    "digits_generic.prebuilt": MAKERS,
    "digits_files.autocomplete": PEOPLE,
    "digits_files.file": SEE,
    "digits_inference.classify_many": SEE,
    "digits_inference.classify_one": SEE,
    "digits_jobs.abort": CHANGE,
    "digits_jobs.abort_many": PEOPLE,  # lists of jobs: each is asked for by itself
    "digits_jobs.clone": SEE,
    "digits_jobs.completed": PEOPLE,
    "digits_jobs.delete": CHANGE,
    "digits_jobs.delete_many": PEOPLE,
    "digits_jobs.edit": CHANGE,
    "digits_jobs.group": PEOPLE,
    "digits_jobs.index": PEOPLE,
    "digits_jobs.show": SEE,
    "digits_jobs.status": PEOPLE,  # DIGITS answers an unknown id with 200 and an error; see test_digits_status
    "digits_jobs.table_data": SEE,
    "digits_models.create": MAKERS,
    "digits_models.download": SEE,
    "digits_models.show": SEE,
    "digits_models.visualize_lr": PEOPLE,
    "digits_previews.resize_example": MAKERS,
    "digits_networks.customize": PEOPLE,
    "digits_networks.visualize_network": PEOPLE,
    "digits_session.login": PUBLIC,
    "digits_top_n.top_n": SEE,
    "digits_session.logout": PUBLIC,
}
PLACES: dict[str, Any] = {
    "filetype": "csv",
    "extension": "image-segmentation",
    "split": "train", "index": 0, "act": "save", "name": "lenet", "token_id": 999, "channel_id": 999, "release": "0",
    "stamp": "0", "kind": "jobs",
    "theme": "light", "filename": "js/theme.js", "format": "zip", "path": "x", "number": 1, "layer": "conv1", "unit": 0,
    "one": 0, "other": 1, "step": 1,
}  # fmt: skip
FORMATS = {"evaluations.answers": "csv"}  # where it is no archive
NAMES = {"v1.change_user": "tom", "v1.delete_user": "tom", "admin.change_user": "tom"}
QUERIES = {
    "v1.evaluation_sprite": "indices=0",
    "v1.atlas_strip": "units=0",
    "v1.compare_evaluations": "before=x",
    "v1.evaluation_pair": "first=0&second=1",
    "v1.separating_units": "first=0&second=1",
    "v1.job_series": "curve=train/loss",
    "v1.record_sprite": "indices=0",
    "v1.append_upload": "offset=0",
    "explore.sprite": "indices=0",
}
MODEL = {"dataset": "20200101-000000-0000", "network": "lenet"}
BODIES: dict[str, dict[str, Any]] = {
    "v1.visualize_units": {"units": [0]},
    "v1.create_alert_channel": {"target": "ftp://x"},
    "v1.set_job_alerts": {"wanted": True},
    "v1.create_evaluation": {"model": "20200101-000000-0000"},
    "v1.create_atlas": {"model": "20200101-000000-0000"},
    "v1.draw_network": {"source": "("},
    "v1.outline_network": {"source": "("},
    "v1.edit_network": {"source": "(", "hash": "0" * 64, "edit": {}},
    "v1.measure_network": {"source": "("},
    "v1.compare_networks": {"before": "(", "after": "("},
    "v1.save_network": {"source": "("},
    "v1.save_version": {"source": "(", "base": 1},
    "v1.create_dataset": {"folder": "/x"},
    "v1.preview_augmentation": {"dataset": "20200101-000000-0000"},
    "v1.preview_balance": {"dataset": "20200101-000000-0000"},
    "v1.preview_dataset": {"folder": "/x"},
    "v1.understand_dataset": {"folder": "/x"},
    "v1.begin_upload": {"filename": "a.zip", "size": 10},
    "v1.preview_picture": {"folder": "/x"},
    "v1.create_model": MODEL,
    "v1.check_model": MODEL,
    "v1.create_sweep": {"model": MODEL, "vary": {"learning_rate": [0.1, 0.01]}},
    "v1.find_rate": MODEL,
    "v1.match_model_weights": MODEL,
    "v1.draw_network_file": {"file": "/x.onnx"},
    "v1.network_file_picture": {"file": "/x.onnx"},
    "v1.outline_network_file": {"file": "/x.onnx"},
    "v1.estimate_model": MODEL,
    "v1.measure_model": MODEL,
    "v1.create_user": {"name": "new", "password": "long enough"},
    "v1.create_token": {"title": "t"},
    "v1.prioritise_job": {"priority": 1},
    "v1.steer_model": {"act": "save"},
}
FORMS: dict[str, dict[str, Any]] = {
    "evaluations.create": {"model": "20200101-000000-0000"},
    "atlases.create": {"model": "20200101-000000-0000"},
    "datasets.create": {"folder": "/x"},
    "models.create": MODEL,
    "models.check": MODEL,
    "models.find_rate": MODEL,
    "weights.table": MODEL,
    "weights.graph": MODEL,
    "preflight.estimate": MODEL,
    "preflight.measure": MODEL,
    "training.priority": {"priority": "1"},
    "digits_datasets.create": {"dataset_name": "x", "folder_train": "/x"},
    "digits_generic.create": {"dataset_name": "x"},
    "digits_jobs.edit": {"job_name": "x"},
    "digits_models.create": {"model_name": "x", "standard_networks": "lenet", **MODEL},
    "digits_networks.customize": {"network": "lenet"},
    "digits_networks.visualize_network": {"custom_network": "class Net(nn.Module): pass"},
    "jobs.edit": {"name": "x"},
}
NETWORK_ROUTES = ("networks.changes", "v1.get_saved_network", "v1.get_version", "v1.save_version")
ATLAS_ROUTES = (
    "atlases",
    "atlas_maps",
    "v1.atlas",
    "v1.get_atlas",
    "v1.more_maps",
    "v1.resume_atlas",
    "v1.separating_units",
)
SWEEP_ROUTES = ("sweeps", "v1.get_sweep", "v1.resume_sweep", "v1.stop_sweep")
EVALUATION_ROUTES = (
    "evaluations",
    "v1.compare_evaluations",
    "v1.evaluation",
    "v1.get_evaluation",
    "v1.resume_evaluation",
)
MODEL_ROUTES = (
    "units",
    "v1.cancel_visualization",
    "v1.explain_image",
    "v1.grade_attribution",
    "v1.image_activations",
    "v1.layer_",
    "v1.list_units",
    "v1.visualize_units",
    "models",
    "digits_models",
    "digits_inference",
    "digits_top_n",
    "model_cards",
    "training",
    "layers",
    "diaries",
    "v1.create_version_from_diary",
    "v1.model_diary",
    "v1.model_validation",
    "validations",
    "v1.model_doctor",
    "v1.planned_rate",
    "v1.model_layer",
    "v1.classify",
    "v1.resume_model",
    "v1.steer_model",
    "v1.get_model",
    "v1.model_source",
    "v1.list_checkpoints",
    "v1.download",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Lab]:
    """One server for all routes; every case makes its own job."""
    lab = make_lab(tmp_path_factory.mktemp("access"), lab_template)
    accounts.create_user(lab.store, "tom", PASSWORD)  # whom admins change and remove here
    yield lab
    lab.store.engine.dispose()


def rules(lab: Lab) -> list[tuple[str, Rule]]:
    """Each method of each route."""
    found = lab.app.url_map.iter_rules()
    return [(method, rule) for rule in found for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]


def ask(lab: Lab, name: str | None, method: str, rule: Rule, visibility: str) -> TestResponse:
    """One request by one person about a fresh job of Olga's."""
    kind = "model" if rule.endpoint.startswith(MODEL_ROUTES) else "dataset"
    kind = "network" if rule.endpoint in NETWORK_ROUTES else kind
    kind = "atlas" if rule.endpoint.startswith(ATLAS_ROUTES) else kind
    kind = "model" if rule.endpoint == "atlases.of_model" else kind
    kind = "evaluation" if rule.endpoint.startswith(EVALUATION_ROUTES) else kind
    kind = "sweep" if rule.endpoint.startswith(SWEEP_ROUTES) else kind
    job = lab.job(kind, "olga", visibility)
    given = {**PLACES, "job_id": job.id, **({"name": NAMES[rule.endpoint]} if rule.endpoint in NAMES else {})}
    given["format"] = FORMATS.get(rule.endpoint, given["format"])
    with lab.app.test_request_context():
        address = lab.app.url_map.bind("localhost").build(
            rule.endpoint, {key: given.get(key, "x") for key in rule.arguments}, method=method
        )
    sent: dict[str, Any] = {"query_string": QUERIES.get(rule.endpoint, f"job_id={job.id}&db=train")}
    if rule.endpoint.startswith("v1."):
        sent["query_string"] = QUERIES.get(rule.endpoint, "")
        if method in ("POST", "PATCH"):
            sent["json"] = BODIES.get(rule.endpoint, {})
    elif method in ("POST", "PUT"):
        sent["data"] = {"job_id": job.id, **FORMS.get(rule.endpoint, {})}
        if rule.endpoint in ("browse.upload", "weights.upload", "drawings.upload"):
            sent["data"]["file"] = (BytesIO(b"no archive"), "a.zip")
    return lab.client(name).open(address, method=method, **sent)


def refused(response: TestResponse) -> bool:
    """Whether the person, or the lack of one, was the reason."""
    return response.status_code in (401, 403) or (response.status_code == 302 and "/login" in response.location)


def test_every_route_is_classified(server: Lab) -> None:
    endpoints = {rule.endpoint for _, rule in rules(server)}
    assert sorted(endpoints - KINDS.keys()) == [], "say in KINDS who may use these routes"


def of_kind(lab: Lab, *kinds: str) -> list[tuple[str, Rule]]:
    found = [(method, rule) for method, rule in rules(lab) if KINDS.get(rule.endpoint) in kinds]
    assert found
    return found


def test_nobody_gets_in_but_where_it_is_public(server: Lab) -> None:
    for method, rule in rules(server):
        response = ask(server, None, method, rule, "lab")
        public = KINDS[rule.endpoint] == PUBLIC
        assert refused(response) != public or rule.endpoint == "accounts.start", (method, rule, response.status)


def test_people_get_in(server: Lab) -> None:
    for method, rule in of_kind(server, PEOPLE):
        for name in ("vic", "sam", "ada"):
            assert not refused(ask(server, name, method, rule, "lab")), (name, method, rule)


def test_makers_make_and_onlookers_do_not(server: Lab) -> None:
    for method, rule in of_kind(server, MAKERS):
        answer = ask(server, "vic", method, rule, "lab")
        # A form says it beside its fields; whatever the status, it says so and is no success.
        assert refused(answer) or (answer.status_code in (200, 422) and "You may not" in answer.text), (method, rule)
        for name in ("sam", "ada"):
            assert not refused(ask(server, name, method, rule, "lab")), (name, method, rule)


def test_admins_administer_and_others_do_not(server: Lab) -> None:
    for method, rule in of_kind(server, ADMINS):
        for name in ("vic", "sam"):
            assert refused(ask(server, name, method, rule, "lab")), (name, method, rule)
        assert not refused(ask(server, "ada", method, rule, "lab")), (method, rule)


def test_a_private_job_does_not_exist_for_strangers(server: Lab) -> None:
    for method, rule in of_kind(server, SEE, CHANGE):
        for name in ("sam", "vic"):
            response = ask(server, name, method, rule, "private")
            assert response.status_code == 404, (name, method, rule, response.status)
        for name in ("olga", "ada"):
            assert not refused(ask(server, name, method, rule, "private")), (name, method, rule)


def test_a_shared_job_is_seen_by_all_and_changed_by_its_owner(server: Lab) -> None:
    for method, rule in of_kind(server, SEE):
        for name in ("sam", "vic"):
            assert not refused(ask(server, name, method, rule, "lab")), (name, method, rule)
    for method, rule in of_kind(server, CHANGE):
        for name in ("sam", "vic"):
            response = ask(server, name, method, rule, "lab")
            assert response.status_code == 403, (name, method, rule, response.status)
        for name in ("olga", "ada"):
            assert not refused(ask(server, name, method, rule, "lab")), (name, method, rule)


def test_only_admins_change_users(server: Lab) -> None:
    server.client("sam").post("/admin/users/vic", data={"role": "admin"})
    assert server.client("vic").get("/api/v1/me").json["role"] == "viewer"


def test_digits_status_of_a_private_job(server: Lab) -> None:
    job = server.job("dataset", "olga", "private")
    assert server.client("sam").get(f"/datasets/{job.id}/status").json["error"] == "Job not found."
    assert server.client("olga").get(f"/datasets/{job.id}/status").json["name"] == job.name


def test_a_read_token_changes_nothing(server: Lab) -> None:
    token, _ = accounts.create_token(server.store, "olga", "reads", "read")
    server.tokens["olga-reads"] = token
    job = server.job("dataset", "olga")
    client = server.client("olga-reads")
    assert client.get(f"/api/v1/jobs/{job.id}").status_code == 200
    assert client.patch(f"/api/v1/jobs/{job.id}", json={"name": "x"}).status_code == 403
    assert client.delete(f"/api/v1/jobs/{job.id}").status_code == 403
    assert client.post("/api/v1/datasets", json={"folder": "/x"}).status_code == 403
    assert client.post("/api/v1/tokens", json={"title": "more", "scope": "admin"}).status_code == 403


def test_lists_show_what_one_may_see(server: Lab) -> None:
    hidden, shared = server.job(visibility="private"), server.job(visibility="lab")
    for name, sees in (("sam", {shared.id}), ("olga", {hidden.id, shared.id}), ("ada", {hidden.id, shared.id})):
        page = server.client(name).get("/api/v1/jobs?limit=500").json
        assert {hidden.id, shared.id} & {item["id"] for item in page["items"]} == sees, name
