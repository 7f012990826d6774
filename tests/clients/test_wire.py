"""What went over the wire in the other tests of this folder: nothing missed, nothing that the OpenAPI files forbid.

Its name is the last of the folder, so it is run after them. Of a selection of tests it says rightly that cells are empty.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx2
import pytest

from tests.clients.recorder import Recorder
from tests.clients.shop import Shop
from tests.clients.table import OPERATIONS, rows
from tests.clients.test_later import LATER
from tests.contract.specification.recording import Recording
from tests.contract.specification.validation import Specification

each_sdk = pytest.mark.parametrize("sdk", ["Python", pytest.param("TypeScript", marks=pytest.mark.needs_node)])


def test_the_table_names_every_operation_of_the_python_sdk(shop: Shop) -> None:
    controllers = {name for name, value in vars(type(shop.sdk)).items() if type(value).__name__ == "LazyProperty"} - set(LATER)
    public = {f"{name}.{method}" for name in controllers for method in vars(type(getattr(shop.sdk, name))) if not method.startswith("_")}
    assert {operation.python for operation in OPERATIONS} == public


@each_sdk
def test_no_cell_is_empty(sdk: str, recorders: dict[str, Recorder]) -> None:
    assert [cell for row in rows(sdk, recorders[sdk].exchanges) for cell in row.empty] == []


@each_sdk
def test_every_request_was_one_of_the_table(sdk: str, recorders: dict[str, Recorder]) -> None:
    strange = Counter(f"{e.method} {e.path}" for e in recorders[sdk].exchanges if not any(o.fits(e) for o in OPERATIONS))
    assert strange == {}


@pytest.mark.needs_specs
@each_sdk
def test_every_answer_conforms(sdk: str, recorders: dict[str, Recorder], specs: Path) -> None:
    recording = Recording(Specification.load(specs))
    for exchange in recorders[sdk].exchanges:
        recording.add(exchange.method, exchange.path, exchange.status, exchange.headers, exchange.body)
    assert {name for name, _ in recording.checked} == {operation.name for operation in OPERATIONS} - {"token"}
    recording.assert_conforming()


def test_the_books_balance(control: httpx2.Client) -> None:
    audit = control.get("/_farthing/ledger/audit").json()
    assert (audit["balanced"], audit["problems"]) == (True, [])
    assert audit["captures"] > 0
