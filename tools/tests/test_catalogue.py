"""The committed data against PayPal's files, and the reading of those files on small ones made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.catalogue import ROOT, AmbiguousIssue, Document, Operation, UnknownReference, catalogue, files, formatted, main, operations
from tools.event_types import event_types
from tools.undocumented_paths import UNDOCUMENTED_PATHS

# The npm package 1.0.0 is older than the snapshot that the data was made from. Nothing but these facts may differ.
SNAPSHOT_OPERATIONS = 162
DIFFERS_IN_THE_PACKAGE = {
    ("orders.confirm", "TRANSACTION_LIMIT_EXCEEDED", 422, "UNPROCESSABLE_ENTITY"),
    ("GET", "/v1/customer/partners/{id}", "partner.read", "Partner Referrals"),
    ("POST", "/v1/customer/partners/{id}", "partner.create", "Partner Referrals"),
    ("PUT", "/v1/customer/partners/{id}", "partner.update", "Partner Referrals"),
    ("GET", "/v1/payments/payouts/{id}", "payouts.get", "Payouts"),
    ("GET", "/v1/payments/payouts/{payout_batch_id}", "payouts.get", "Payouts"),
}
DATA = (
    "services/console/src/farthing/console/paypal_paths.json",
    "services/orders/src/farthing/orders/carriers.json",
    "services/orders/src/farthing/orders/catalogue.json",
    "services/payments/src/farthing/payments/catalogue.json",
    "services/vault/src/farthing/vault/catalogue.json",
    "services/webhooks/src/farthing/webhooks/catalogue.json",
    "services/webhooks/src/farthing/webhooks/event_types.json",
)
ISSUES = {
    "orders": {
        "orders.create": 108,
        "orders.get": 2,
        "orders.patch": 49,
        "orders.confirm": 67,
        "orders.authorize": 73,
        "orders.capture": 79,
        "orders.track.create": 10,
        "orders.trackers.patch": 13,
    },
    "payments": {
        "authorizations.get": 2,
        "authorizations.capture": 24,
        "authorizations.reauthorize": 19,
        "authorizations.void": 7,
        "captures.get": 2,
        "captures.refund": 32,
        "refunds.get": 3,
    },
}


def committed(path: str) -> Any:
    return json.loads((ROOT / path).read_text("utf-8"))


def facts(data: Any) -> set[tuple[Any, ...]]:
    if isinstance(data, list):
        return {tuple(each if isinstance(each, list) else sorted(each.items())) for each in data}
    if "documented" in data:
        return {tuple(row) for rows in data.values() for row in rows}
    pairs = {(operation, issue, entry["status"], entry["name"]) for operation, issues in data.items() for issue, entry in issues.items()}
    return pairs | {(operation,) for operation in data}


def one_operation(answers: dict[str, Any], **components: Any) -> Operation:
    methods = {"post": {"operationId": "things.create", "responses": answers}}
    content = {"info": {"title": "Things"}, "paths": {"/v1/things": methods}, "components": components}
    return next(Document("things_v1", content).operations())


def answer(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"allOf": list(parts)}}}}


def named(name: str) -> dict[str, Any]:
    return {"properties": {"name": {"type": "string", "enum": [name]}}}


def with_issues(*issues: str) -> dict[str, Any]:
    alternatives = [{"properties": {"issue": {"enum": [issue]}, "description": {"enum": ["Some sentence."]}}} for issue in issues]
    return {"properties": {"details": {"type": "array", "items": {"anyOf": alternatives}}}}


class TestReading:
    def test_pairs_each_issue_with_status_and_name(self) -> None:
        read = one_operation(
            {
                "201": {},
                "400": answer(named("INVALID_REQUEST"), with_issues("TOO_LONG")),
                "422": answer(named("UNPROCESSABLE_ENTITY"), with_issues("TOO_RICH", "TOO_LATE")),
            }
        )

        assert read.issues == {
            "TOO_LONG": {"status": 400, "name": "INVALID_REQUEST"},
            "TOO_RICH": {"status": 422, "name": "UNPROCESSABLE_ENTITY"},
            "TOO_LATE": {"status": 422, "name": "UNPROCESSABLE_ENTITY"},
        }

    def test_follows_references_even_in_circles(self) -> None:
        circle = {"properties": {"inner": {"$ref": "#/components/schemas/a~1b"}, **with_issues("TOO_DEEP")["properties"]}}

        read = one_operation(
            {"404": {"$ref": "#/components/responses/missing"}},
            responses={"missing": answer(named("RESOURCE_NOT_FOUND"), {"$ref": "#/components/schemas/a~1b"})},
            schemas={"a/b": circle},
        )

        assert read.issues == {"TOO_DEEP": {"status": 404, "name": "RESOURCE_NOT_FOUND"}}

    def test_refuses_one_issue_under_two_statuses(self) -> None:
        with pytest.raises(AmbiguousIssue, match=r"things\.create TOO_LONG"):
            one_operation(
                {"400": answer(named("INVALID_REQUEST"), with_issues("TOO_LONG")), "422": answer(named("X"), with_issues("TOO_LONG"))}
            )

    def test_refuses_an_error_without_one_name(self) -> None:
        with pytest.raises(AmbiguousIssue, match="one name expected"):
            one_operation({"400": answer(with_issues("TOO_LONG"))})

    def test_refuses_a_reference_to_another_file(self) -> None:
        with pytest.raises(UnknownReference, match=r"other\.json"):
            one_operation({"400": {"$ref": "other.json#/responses/missing"}})

    def test_skips_an_api_that_is_not_asked_for(self) -> None:
        assert catalogue([Operation("a", "A", "GET", "/a", "a.get", {}), Operation("b", "B", "GET", "/b", "b.get", {})], "b") == {
            "b.get": {}
        }


class TestFormatting:
    def test_gives_each_fact_its_line(self) -> None:
        assert formatted({"b": {"x": {"n": 1, "m": "é"}}, "a": {}, "c": [["GET", "/"]]}) == (
            '{\n  "a": {},\n  "b": {\n    "x": {"m": "é", "n": 1}\n  },\n  "c": [\n    ["GET", "/"]\n  ]\n}\n'
        )


class TestCommand:
    def test_explains_itself_without_a_folder_of_files(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([]) == 2
        assert main([str(tmp_path)]) == 2
        assert "usage: python -m tools.catalogue SPEC_DIR" in capsys.readouterr().err


class TestEventTypes:
    def test_are_the_committed_ones(self) -> None:
        assert (ROOT / "services/webhooks/src/farthing/webhooks/event_types.json").read_text("utf-8") == formatted(event_types())

    def test_are_each_named_once(self) -> None:
        names = [each["name"] for each in event_types()]

        assert len(names) == 85
        assert len(set(names)) == 85
        assert {"PAYMENT.CAPTURE.COMPLETED", "CUSTOMER.MANAGED-ACCOUNT.RISK-ASSESSED", "BILLING.PLAN.PRICING-CHANGE.ACTIVATED"} < set(names)

    def test_carry_the_second_version_of_orders_and_payments(self) -> None:
        versions = {each["name"]: each["resource_version"] for each in event_types()}

        assert versions["CHECKOUT.ORDER.APPROVED"] == versions["PAYMENT.REFUND.FAILED"] == "2.0"
        assert versions["PAYMENT.SALE.COMPLETED"] == "1.0"


class TestUndocumentedPaths:
    def test_are_each_named_once(self) -> None:
        assert len({(method, path) for method, path, _ in UNDOCUMENTED_PATHS}) == len(UNDOCUMENTED_PATHS)

    def test_are_the_committed_ones(self) -> None:
        rows = committed("services/console/src/farthing/console/paypal_paths.json")["undocumented"]

        assert rows == sorted(([*row] for row in UNDOCUMENTED_PATHS), key=lambda row: (row[1], row[0]))


class TestCommittedData:
    @pytest.mark.parametrize("path", DATA)
    def test_is_formatted(self, path: str) -> None:
        assert (ROOT / path).read_text("utf-8") == formatted(committed(path))

    @pytest.mark.parametrize("service", ISSUES)
    def test_has_every_documented_pair(self, service: str) -> None:
        found = committed(f"services/{service}/src/farthing/{service}/catalogue.json")

        assert {operation: len(issues) for operation, issues in found.items()} == ISSUES[service]

    def test_holds_no_sentences(self) -> None:
        for service in ("orders", "payments", "vault", "webhooks"):
            for issues in committed(f"services/{service}/src/farthing/{service}/catalogue.json").values():
                for issue, entry in issues.items():
                    assert issue.replace("_", "").isalnum()
                    assert set(entry) == {"status", "name"}


@pytest.mark.needs_specs
class TestAgainstTheFiles:
    def test_equal_what_the_tool_makes_of_them(self, specs: Path) -> None:
        made = files(specs)
        expected = set() if len(operations(specs)) == SNAPSHOT_OPERATIONS else DIFFERS_IN_THE_PACKAGE

        assert sorted(path.as_posix() for path in made) == sorted(DATA)
        differing = {path: facts(committed(path.as_posix())) ^ facts(json.loads(content)) for path, content in made.items()}
        assert set().union(*differing.values()) == expected

    def test_document_the_pairs_that_the_contract_counts(self, specs: Path) -> None:
        found = operations(specs)
        snapshot = len(found) == SNAPSHOT_OPERATIONS

        assert len(found) == (SNAPSHOT_OPERATIONS if snapshot else 159)
        assert sum(len(each.issues) for each in found) == (787 if snapshot else 786)
        assert len({issue for each in found for issue in each.issues}) == 285
