"""The comparison itself, on a small specification made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.specification.deviations import Deviation, Deviations, InvalidDeviation
from tests.contract.specification.validation import Specification

ISSUES = ["TOO_LONG", "TOO_LATE"]
ALTERNATIVES = [{"properties": {"issue": {"enum": [issue]}, "description": {"enum": [f"Sentence about {issue}."]}}} for issue in ISSUES]


def error(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"name": {"enum": [name]}, "message": {"enum": ["Sentence."]}, "details": {"type": "array"}},
    }


def json_content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


THING = {
    "type": "object",
    "required": ["name", "id"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "name": {"type": "string", "pattern": "^[a-z]+$"},
        "size": {"type": "integer", "nullable": True},
        "colour": {"type": "string", "enum": ["RED", "BLUE"], "nullable": True},
        "made": {"type": "string", "format": "ppaas_date_time_v3"},
        "due": {"type": "string", "format": "ppaas_date_notime_v2"},
        "site": {"type": "string", "format": "uri"},
        "code": {"type": "string", "pattern": "^[a-_-.]$"},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/thing"}},
    },
}
CONTENT = {
    "openapi": "3.0.3",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/v1/things": {
            "post": {
                "operationId": "things.create",
                "requestBody": {"$ref": "#/components/requestBodies/thing"},
                "responses": {
                    "201": {"$ref": "#/components/responses/thing"},
                    "422": json_content(
                        {
                            "allOf": [
                                {"$ref": "#/components/schemas/error_422"},
                                {"properties": {"details": {"items": {"anyOf": ALTERNATIVES}}}},
                            ]
                        }
                    ),
                    "default": json_content(
                        {"oneOf": [{"$ref": "#/components/schemas/error_404"}, {"$ref": "#/components/schemas/error_422"}]}
                    ),
                },
            }
        },
        "/v1/things/{id}": {
            "get": {"operationId": "things.get", "responses": {"200": {"$ref": "#/components/responses/thing"}}},
            "delete": {"operationId": "things.delete", "responses": {"204": {"description": ""}}},
        },
        "/v1/things/{id}/picture": {"get": {"operationId": "things.picture", "responses": {"200": {"content": {"image/png": {}}}}}},
        "/v1/things/all": {"get": {"operationId": "things.list", "responses": {"200": json_content({"type": "array"})}}},
    },
    "components": {
        "requestBodies": {"thing": {"required": True, **json_content({"$ref": "#/components/schemas/thing"})}},
        "responses": {"thing": json_content({"$ref": "#/components/schemas/thing"})},
        "schemas": {"thing": THING, "error_404": error("RESOURCE_NOT_FOUND"), "error_422": error("UNPROCESSABLE_ENTITY")},
    },
}
HEADERS = {"Content-Type": "application/json; charset=utf-8", "Paypal-Debug-Id": "f1"}
SENTENCES = Deviation("*", "sentences are no contract", pointer=r"/message|/details/\d+/description", message="is not one of")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "things_v1.json").write_text(json.dumps(CONTENT))
    return tmp_path


def load(folder: Path, *deviations: Deviation) -> Specification:
    return Specification.load(folder, Deviations(list(deviations)))


def check(specification: Specification, method: str, path: str, status: int, body: object) -> list[str]:
    return specification.check(method, path, status, HEADERS, json.dumps(body).encode())


def failure(name: str, *details: dict[str, Any], message: str = "Sentence.") -> dict[str, Any]:
    return {"name": name, "message": message, "details": list(details), "debug_id": "f1"}


class TestAnswers:
    def test_conforming_answer_has_no_violation(self, folder: Path) -> None:
        thing = {"id": "1", "name": "a", "size": None, "colour": None, "made": "2024-02-29T23:59:60Z", "due": "2024-02-29", "unknown": 1}

        assert check(load(folder), "POST", "/v1/things", 201, thing) == []

    def test_names_operation_status_pointer_and_what_is_wrong(self, folder: Path) -> None:
        thing = {"id": "1", "name": "A", "parts": [{"id": 2, "name": "b"}]}

        assert check(load(folder), "POST", "/v1/things", 201, thing) == [
            "things.create 201 /name: 'A' does not match '^[a-z]+$'",
            "things.create 201 /parts/0/id: 2 is not of type 'string'",
        ]

    def test_requires_what_is_required(self, folder: Path) -> None:
        assert check(load(folder), "GET", "/v1/things/1", 200, {"id": "1"}) == ["things.get 200 /: 'name' is a required property"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("made", "2024-02-30T00:00:00Z"),
            ("made", "2024-02-01 00:00:00Z"),
            ("made", "2024-02-01T00:00:00"),
            ("due", "20240201"),
            ("due", "2024-02-30"),
            ("site", "www.example.com"),
            ("size", "3"),
            ("colour", "GREEN"),
        ],
    )
    def test_compares_formats_types_and_values(self, folder: Path, field: str, value: str) -> None:
        (violation,) = check(load(folder), "GET", "/v1/things/1", 200, {"id": "1", "name": "a", field: value})

        assert violation.startswith(f"things.get 200 /{field}: {value!r} is not ")

    def test_leaves_out_a_pattern_that_is_no_regular_expression(self, folder: Path) -> None:
        assert check(load(folder), "GET", "/v1/things/1", 200, {"id": "1", "name": "a", "code": "anything"}) == []

    def test_wants_the_documented_status(self, folder: Path) -> None:
        assert check(load(folder), "GET", "/v1/things/1", 202, {}) == ["things.get 202 /: status 202 is not documented, only 200"]

    def test_default_stands_for_errors_only(self, folder: Path) -> None:
        assert check(load(folder), "POST", "/v1/things", 202, {}) == [
            "things.create 202 /: status 202 is not documented, only 201, 422, default"
        ]

    def test_wants_json(self, folder: Path) -> None:
        answer = load(folder).check("GET", "/v1/things/1", 200, {**HEADERS, "Content-Type": "text/html"}, b"<p>")

        assert answer == ["things.get 200 /: content type 'text/html' instead of application/json"]

    def test_wants_json_that_can_be_read(self, folder: Path) -> None:
        (violation,) = load(folder).check("GET", "/v1/things/1", 200, HEADERS, b"{")

        assert violation.startswith("things.get 200 /: the body is no JSON: ")

    def test_wants_no_body_where_none_is_documented(self, folder: Path) -> None:
        specification = load(folder)

        assert specification.check("DELETE", "/v1/things/1", 204, {"paypal-debug-id": "f1"}, b"") == []
        assert specification.check("DELETE", "/v1/things/1", 204, HEADERS, b"{}") == [
            "things.delete 204 /: a body where none is documented"
        ]

    def test_does_not_look_into_pictures(self, folder: Path) -> None:
        specification = load(folder)

        assert specification.check("GET", "/v1/things/1/picture", 200, {"Paypal-Debug-Id": "f1"}, b"\x89PNG") == []
        assert specification.check("GET", "/v1/things/1/picture", 200, {}, b"\x89PNG") == [
            "things.picture 200 /: no Paypal-Debug-Id header"
        ]


class TestErrors:
    def test_takes_a_documented_issue(self, folder: Path) -> None:
        body = failure("UNPROCESSABLE_ENTITY", {"issue": "TOO_LATE", "description": "Sentence about TOO_LATE."})

        assert check(load(folder), "POST", "/v1/things", 422, body) == []

    def test_refuses_another_issue(self, folder: Path) -> None:
        (violation,) = check(load(folder), "POST", "/v1/things", 422, failure("UNPROCESSABLE_ENTITY", {"issue": "TOO_RICH"}))

        where, what = violation.split("; ")
        assert where == "things.create 422 /details/0: none of 2 alternatives holds"
        assert what == "the closest fails at /details/0/issue: 'TOO_RICH' is not one of ['TOO_LONG']"

    def test_compares_errors_without_a_response_of_their_own_with_the_default(self, folder: Path) -> None:
        specification = load(folder)

        assert check(specification, "POST", "/v1/things", 404, failure("RESOURCE_NOT_FOUND")) == []
        (violation,) = check(specification, "POST", "/v1/things", 404, failure("LOST"))
        assert violation.startswith("things.create 404 /: none of 2 alternatives holds; the closest fails at /name: 'LOST' is not one of")

    def test_wants_the_debug_id_of_the_header_in_the_body(self, folder: Path) -> None:
        answer = load(folder).check(
            "POST", "/v1/things", 404, {**HEADERS, "Paypal-Debug-Id": "f2"}, json.dumps(failure("RESOURCE_NOT_FOUND")).encode()
        )

        assert answer == ["things.create 404 /debug_id: 'f1' differs from the Paypal-Debug-Id header"]

    def test_wants_a_debug_id_header(self, folder: Path) -> None:
        answer = load(folder).check("DELETE", "/v1/things/1", 204, {}, b"")

        assert answer == ["things.delete 204 /: no Paypal-Debug-Id header"]


class TestPaths:
    @pytest.mark.parametrize("path", ["/v1/things/1", "/v1/things/1/", "//v1//things/1?", "/v1/things/1?fields=x"])
    def test_takes_paths_as_clients_write_them(self, folder: Path, path: str) -> None:
        operation = load(folder).find("get", path)

        assert operation is not None
        assert operation.operation_id == "things.get"

    def test_prefers_the_literal_template(self, folder: Path) -> None:
        operation = load(folder).find("GET", "/v1/things/all")

        assert operation is not None
        assert operation.operation_id == "things.list"

    def test_finds_nothing_else(self, folder: Path) -> None:
        specification = load(folder)

        assert specification.find("GET", "/v1/things") is None
        assert specification.find("GET", "/v1/things/1/2") is None
        assert specification.check("GET", "/v2/things", 200, HEADERS, b"") == ["GET /v2/things: no documented operation"]
        assert specification.check_request("GET", "/v2/things", b"") == ["GET /v2/things: no documented operation"]

    def test_wants_files(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="no OpenAPI file"):
            Specification.load(tmp_path)


class TestRequests:
    def test_what_only_answers_have_is_not_required(self, folder: Path) -> None:
        assert load(folder).check_request("POST", "/v1/things", b'{"name": "a"}') == []

    def test_names_what_is_wrong(self, folder: Path) -> None:
        assert load(folder).check_request("POST", "/v1/things", b'{"name": 1}') == [
            "things.create request /name: 1 is not of type 'string'"
        ]

    def test_wants_a_required_body(self, folder: Path) -> None:
        specification = load(folder)

        assert specification.check_request("POST", "/v1/things", b"") == ["things.create request /: no body where one is required"]
        assert specification.check_request("GET", "/v1/things/1", b"") == []


class TestDeviations:
    def test_an_alternative_holds_that_fails_in_nothing_else(self, folder: Path) -> None:
        specification = load(folder, SENTENCES)
        body = failure("UNPROCESSABLE_ENTITY", {"issue": "TOO_LATE", "description": "Ours."}, message="Ours.")

        assert check(specification, "POST", "/v1/things", 422, body) == []
        assert check(specification, "POST", "/v1/things", 404, failure("RESOURCE_NOT_FOUND", message="Ours.")) == []
        assert len(check(specification, "POST", "/v1/things", 404, failure("LOST", message="Ours."))) == 1
        assert specification.unused_deviations() == []

    def test_concern_their_operation_and_status_only(self, folder: Path) -> None:
        specification = load(folder, Deviation("things.get", "why", status=200, pointer="/name"))

        assert check(specification, "GET", "/v1/things/1", 200, {"id": "1", "name": 5}) == []
        assert len(check(specification, "GET", "/v1/things/1", 200, {"id": 5, "name": 5})) == 1
        assert len(check(specification, "POST", "/v1/things", 201, {"id": "1", "name": 5})) == 1
        assert len(specification.check_request("POST", "/v1/things", b'{"name": 5}')) == 1

    def test_excuse_what_they_name_only(self, folder: Path) -> None:
        specification = load(folder, Deviation("*", "why", pointer="/parts", message="is not of type"))

        assert check(specification, "GET", "/v1/things/1", 200, {"id": "1", "name": "a", "parts": 5}) == []
        assert len(check(specification, "GET", "/v1/things/1", 200, {"id": "1", "name": "a", "parts": [5]})) == 1
        other = load(folder, Deviation("*", "why", pointer="/name", message="is not of type"))
        assert len(check(other, "GET", "/v1/things/1", 200, {"id": "1", "name": "A"})) == 1

    def test_may_concern_requests(self, folder: Path) -> None:
        specification = load(folder, Deviation("*", "why", request=True, pointer="/name"))

        assert specification.check_request("POST", "/v1/things", b'{"name": 5}') == []
        assert len(check(specification, "GET", "/v1/things/1", 200, {"id": "1", "name": 5})) == 1

    def test_may_take_one_status_for_another(self, folder: Path) -> None:
        specification = load(folder, Deviation("things.create", "why", status=200, taken_as=201))

        assert check(specification, "POST", "/v1/things", 200, {"id": "1", "name": "a"}) == []
        assert check(specification, "POST", "/v1/things", 200, {"id": "1"}) == ["things.create 200 /: 'name' is a required property"]

    def test_are_reported_when_nothing_needed_them(self, folder: Path) -> None:
        outdated = Deviation("things.get", "why", pointer="/name")
        elsewhere = Deviation("things.delete", "why", pointer="/name")
        specification = load(folder, outdated, elsewhere)

        assert specification.unused_deviations() == []
        check(specification, "GET", "/v1/things/1", 200, {"id": "1", "name": "a"})
        assert specification.unused_deviations() == [outdated]

    def test_read_each_field_of_an_entry(self) -> None:
        entry = {"operation": "things.get", "status": 200, "pointer": "/name", "message": "is not", "reason": "why"}

        assert Deviation.read(entry) == Deviation("things.get", "why", status=200, pointer="/name", message="is not")
        assert Deviation.read({"operation": "x", "status": 200, "as": 201, "reason": "why"}) == Deviation(
            "x", "why", status=200, taken_as=201
        )

    @pytest.mark.parametrize(
        "entry",
        [
            {"operation": "things.get", "pointer": "/name"},
            {"operation": "things.get", "reason": "why"},
            {"reason": "why", "pointer": "/name"},
            {"operation": "things.get", "reason": "why", "pointer": "/name", "as": 201},
            {"operation": "things.get", "reason": "why", "pointer": "/name", "when": "always"},
        ],
    )
    def test_say_what_and_why(self, entry: dict[str, Any]) -> None:
        with pytest.raises(InvalidDeviation):
            Deviation.read(entry)
