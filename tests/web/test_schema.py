"""The API as it documents itself: whatever is asked, the answer is one that is documented, and never a fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

schemathesis = pytest.importorskip("schemathesis")

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
"""Not whether all that fits the schema is taken: a schema does not tell whether bytes are a picture."""
ENDLESS = {"/api/events", "/api/jobs/{id}/events"}


@pytest.mark.slow
def test_every_answer_is_one_that_is_documented(live: Callable[..., str]) -> None:
    schema = schemathesis.openapi.from_url(live() + "/api/openapi.json", wait_for_schema=60)
    checks = schemathesis.checks.CHECKS.get_by_names(CHECKS)
    tried = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in ENDLESS:
            continue

        @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            case.call_and_validate(checks=checks)

        ask()
        tried.add(operation.label)
    assert {"POST /api/jobs", "GET /api/styles", "DELETE /api/jobs/{id}"} <= tried
