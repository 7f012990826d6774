"""Write the product's data about PayPal's API from its OpenAPI files: `python -m tools.catalogue SPEC_DIR`.

Only facts are written: operations, paths, issue codes, statuses, names of carriers. The sentences of the files stay where they are:
PayPal calls them no part of the contract, and they are not ours. With `--check` nothing is written, and differing files are named.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from paypalserversdk.models.shipment_carrier import ShipmentCarrier

from tools.event_types import event_types
from tools.undocumented_paths import UNDOCUMENTED_PATHS

ROOT = Path(__file__).resolve().parent.parent
METHODS = ("get", "put", "post", "delete", "patch")

# Which of the product's services answers an API. A service of this table owns a catalogue, empty where the file lists no codes.
SERVED: Mapping[str, str] = {
    "checkout_orders_v2": "orders",
    "notifications_webhooks_v1": "webhooks",
    "payments_payment_v2": "payments",
    "vault_payment_tokens_v3": "vault",
}

Node = dict[str, Any]
Issues = dict[str, dict[str, int | str]]


class UnknownReference(ValueError):
    """A `$ref` that points outside its own file, which no file of this API does."""


class AmbiguousIssue(ValueError):
    """An operation that documents one issue under two statuses: a catalogue by issue could not hold both."""


@dataclass(frozen=True)
class Operation:
    """One operation of one API file. `issues` maps each documented issue code to its status and error name."""

    api: str
    title: str
    method: str
    path: str
    operation_id: str
    issues: Issues


class Document:
    """One OpenAPI file with its references."""

    def __init__(self, api: str, content: Node) -> None:
        self._api = api
        self._content = content

    def operations(self) -> Iterator[Operation]:
        title = self._content["info"]["title"]
        for path, methods in self._content["paths"].items():
            for method in METHODS:
                if method in methods:
                    operation_id = methods[method]["operationId"]
                    issues = self._issues(operation_id, methods[method]["responses"])
                    yield Operation(self._api, title, method.upper(), path, operation_id, issues)

    def _issues(self, operation_id: str, responses: Node) -> Issues:
        found: Issues = {}
        for status, response in responses.items():
            content = self._resolved(response).get("content", {})
            for issue in self._enumerated(content, "issue"):
                entry: dict[str, int | str] = {"status": int(status), "name": self._error_name(content)}
                if found.setdefault(issue, entry) != entry:
                    raise AmbiguousIssue(f"{operation_id} {issue}")
        return found

    def _error_name(self, content: Node) -> str:
        names = set(self._enumerated(content, "name"))
        if len(names) != 1:
            raise AmbiguousIssue(f"one name expected beside issues, not {sorted(names)}")
        return names.pop()

    def _enumerated(self, node: object, name: str) -> Iterator[str]:
        """The values that the property `name` may have, wherever it stands below the node."""
        for child in self._children(node):
            properties = child.get("properties")
            if isinstance(properties, dict) and isinstance(properties.get(name), dict):
                yield from properties[name].get("enum", [])

    def _children(self, node: object, seen: frozenset[str] = frozenset()) -> Iterator[Node]:
        if isinstance(node, list):
            for item in node:
                yield from self._children(item, seen)
        elif isinstance(node, dict) and "$ref" in node:
            if node["$ref"] not in seen:
                yield from self._children(self._resolved(node), seen | {node["$ref"]})
        elif isinstance(node, dict):
            yield node
            for item in node.values():
                yield from self._children(item, seen)

    def _resolved(self, node: Node) -> Node:
        while "$ref" in node:
            reference = node["$ref"]
            if not reference.startswith("#/"):
                raise UnknownReference(reference)
            node = self._content
            for part in reference[2:].split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return node


def operations(specs: Path) -> list[Operation]:
    """Every operation of every file of the folder, by API, path and method."""
    found: list[Operation] = []
    for file in sorted(specs.glob("*.json")):
        found.extend(Document(file.stem, json.loads(file.read_text("utf-8"))).operations())
    return sorted(found, key=lambda each: (each.api, each.path, each.method))


def catalogue(found: list[Operation], api: str) -> dict[str, Issues]:
    """`{operationId: {issue: {"status": …, "name": …}}}` of one API."""
    return {each.operation_id: each.issues for each in found if each.api == api}


def paypal_paths(found: list[Operation]) -> dict[str, list[list[str]]]:
    """The paths that clients of PayPal may call: `[method, path, operationId, API]` of the files, `[method, path, name]` beyond them."""
    return {
        "documented": [[each.method, each.path, each.operation_id, each.title] for each in found],
        "undocumented": sorted(([*row] for row in UNDOCUMENTED_PATHS), key=lambda row: (row[1], row[0])),
    }


def files(specs: Path) -> dict[Path, str]:
    """What the tool writes: path below the project's root and content."""
    found = operations(specs)
    written = {_data("console", "paypal_paths"): formatted(paypal_paths(found)), _data("webhooks", "event_types"): formatted(event_types())}
    for api, service in SERVED.items():
        written[_data(service, "catalogue")] = formatted(catalogue(found, api))
    if (orders := specs / "checkout_orders_v2.json").exists():
        written[_data("orders", "carriers")] = formatted(carriers(json.loads(orders.read_text("utf-8"))))
    return written


def carriers(orders: Node) -> list[list[str]]:
    """Names of carriers that a tracker can have, in rows by first character: the files', and those that only the official SDK knows.

    The files say that OTHER is for what is not in the list, and leave it out of their list.
    """
    known = {value for name, value in vars(ShipmentCarrier).items() if name.isupper()}
    names = sorted({"OTHER", *known, *orders["components"]["schemas"]["shipment_carrier"]["enum"]})
    return [list(row) for _, row in groupby(names, key=lambda name: name[0])]


def formatted(value: object) -> str:
    """JSON with sorted keys, and each object or list that holds no other on one line, so that a change shows as the line it is."""
    return _rendered(value, "") + "\n"


def _rendered(value: object, margin: str) -> str:
    inner = margin + "  "
    if isinstance(value, dict) and any(isinstance(item, dict | list) for item in value.values()):
        rows = [f"{inner}{json.dumps(key)}: {_rendered(value[key], inner)}" for key in sorted(value)]
        return "{\n" + ",\n".join(rows) + f"\n{margin}}}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        rows = [inner + _rendered(item, inner) for item in value]
        return "[\n" + ",\n".join(rows) + f"\n{margin}]"
    return json.dumps(value, sort_keys=isinstance(value, dict), ensure_ascii=False)


def _data(service: str, name: str) -> Path:
    return Path("services", service, "src", "farthing", service, f"{name}.json")


def main(arguments: list[str]) -> int:
    folders = [argument for argument in arguments if argument != "--check"]
    if len(folders) != 1 or not any(Path(folders[0]).glob("*.json")):
        sys.stderr.write("usage: python -m tools.catalogue SPEC_DIR [--check]   (SPEC_DIR holds PayPal's OpenAPI files, *.json)\n")
        return 2
    write = "--check" not in arguments
    differing = [path for path, content in files(Path(folders[0])).items() if _differs(ROOT / path, content, write=write)]
    for path in differing:
        sys.stdout.write(f"{path}\n")
    return 1 if differing and not write else 0


def _differs(path: Path, content: str, *, write: bool) -> bool:
    """Whether the file had another content, which `write` then replaces."""
    if path.exists() and path.read_text("utf-8") == content:
        return False
    if write:
        path.write_text(content, "utf-8")
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
