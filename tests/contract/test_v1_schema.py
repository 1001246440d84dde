"""The OpenAPI document is true: Schemathesis makes up requests from it, and every answer is one that it promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.wrappers import Response

from app.api.openapi import describe
from app.api.v1 import APIS
from jobs.store import Listing
from tests.app.conftest import Lab, make_lab
from tests.app.conftest import lab_template as lab_template
from tests.app.finished import built_dataset, model_with_checkpoint
from tests.data.factory import make_gradient_folder

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
ANY_BODY = ("/api/v1/uploads", "/api/v1/models/weights/files", "/api/v1/networks/files")
"""Any bytes are a valid body there, and most are no such file."""


document = describe(APIS, "/api/v1")
_server: list[Any] = []


def behind(environ: dict[str, Any], start_response: Any) -> Any:
    """The server of the fixture; before there is one (cases are made on import), the document alone."""
    answer = _server[-1] if _server else Response(json.dumps(document), mimetype="application/json")
    return answer(environ, start_response)


schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", behind)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Lab]:
    """A server with one dataset and one model."""
    images = make_gradient_folder(tmp_path_factory.mktemp("images") / "set", per_class=4)
    made = make_lab(tmp_path_factory.mktemp("home"), lab_template, data_roots=(images,))
    model_with_checkpoint(made, built_dataset(made, images))
    _server.append(made.app)
    yield made
    _server.clear()
    made.store.engine.dispose()


@schema.parametrize()
@settings(
    max_examples=10,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
def test_every_answer_is_promised(lab: Lab, case: schemathesis.Case) -> None:
    kind = "model" if "/models/" in case.path else "dataset"
    rows = lab.store.list(Listing(type=kind, statuses=["Done"]), lab.who("ada"))
    if rows and len(case.path_parameters.get("job_id", "")) % 2:  # half of the requests are about a real job
        case.path_parameters["job_id"] = rows[0].id
    headers = {"Authorization": f"Bearer {lab.tokens['ada']}"}
    checks = [*CHECKS] if case.path in ANY_BODY else [*CHECKS, negative_data_rejection]
    case.call_and_validate(headers=headers, checks=checks)


def test_every_operation_is_documented() -> None:
    names = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert names == {operation.name for api in APIS for operation in api.operations}
    assert all(operation["summary"] for path in document["paths"].values() for operation in path.values())
