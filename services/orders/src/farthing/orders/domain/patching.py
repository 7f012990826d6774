"""JSON Patch (RFC 6902) over the paths that the wire contract lists, a purchase unit being named by its reference id (section 7.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from farthing.orders.domain.totals import Json
from farthing.orders.errors import (
    InvalidJsonPointerFormat,
    InvalidPatchOperation,
    NotPatchable,
    PatchPathRequired,
    PatchValueInvalid,
    PatchValueRequired,
    ReferenceIdNotFound,
)

_ADD, _REMOVE, _REPLACE = "add", "remove", "replace"
_ANY: Final = frozenset({_ADD, _REMOVE, _REPLACE})
_SET: Final = frozenset({_ADD, _REPLACE})
_NEW: Final = frozenset({_REPLACE})

# What can be patched: pointer → operations. In the second table pointers begin at a purchase unit.
ORDER_PATHS: Final[dict[str, frozenset[str]]] = {
    "/intent": _NEW,
    "/payer": _SET,
    "/application_context/client_configuration": _SET,
}
UNIT_PATHS: Final[dict[str, frozenset[str]]] = {
    "": _SET,
    "/custom_id": _ANY,
    "/description": _ANY,
    "/items": _ANY,
    "/invoice_id": _ANY,
    "/payment_instruction/platform_fees": _ANY,
    "/supplementary_data/airline": _ANY,
    "/supplementary_data/card": _ANY,
    "/payee/email": _NEW,
    "/payee/email_address": _NEW,
    "/amount": _NEW,
    "/payment_instruction": _NEW,
    "/payment_instruction/disbursement_mode": _NEW,
    "/shipping/name": _SET,
    "/shipping/address": _SET,
    "/shipping/options": _SET,
    "/shipping/type": _SET,
    "/soft_descriptor": frozenset({_REPLACE, _REMOVE}),
}
TRACKER_PATHS: Final[dict[str, frozenset[str]]] = {"/items": _NEW, "/notify_payer": _SET, "/status": _NEW}
_UNIT: Final = re.compile(r"/purchase_units/@reference_id=='((?:[^']|'')+)'((?:/[^/]+)*)")
_POINTER: Final = re.compile(r"(?:/[^/]*)+")


@dataclass(frozen=True, slots=True)
class Patch:
    """One operation; `given` tells a null value from none."""

    op: str
    path: str | None
    value: Any = None
    given: bool = False


def patched(order: Json, patches: Sequence[Patch]) -> Json:
    """A copy of the order's document with all patches applied; the original stays. What they make of it is still to be checked.

    Raises PatchPathRequired, PatchValueRequired, InvalidPatchOperation, InvalidJsonPointerFormat, NotPatchable, ReferenceIdNotFound,
    PatchValueInvalid.
    """
    # The patches, too: later ones change what earlier ones brought, and all are applied again when somebody else saved the order meanwhile.
    changed, patches = deepcopy(order), deepcopy(patches)
    for index, patch in enumerate(patches):
        path = _checked(patch, index)
        in_unit = _UNIT.fullmatch(path)
        if in_unit is not None:
            _patch_unit(changed["purchase_units"], _unescaped(in_unit[1].replace("''", "'")), in_unit[2], patch, index)
        elif "@" in path:
            raise InvalidJsonPointerFormat(field=f"/{index}/path", value=path[:100])
        else:
            _allow(ORDER_PATHS, path, patch, index)
            _apply(changed, path, patch, index)
    return changed


def patched_tracker(tracker: Json, patches: Sequence[Patch]) -> Json:
    """The same for a tracker."""
    changed = deepcopy(tracker)
    for index, patch in enumerate(patches):
        path = _checked(patch, index)
        _allow(TRACKER_PATHS, path, patch, index)
        _apply(changed, path, patch, index, lenient=True)
    return changed


def _checked(patch: Patch, index: int) -> str:
    if not patch.path:
        raise PatchPathRequired(field=f"/{index}/path")
    if patch.op not in _ANY:
        raise InvalidPatchOperation(field=f"/{index}/op", value=patch.op)
    if _POINTER.fullmatch(patch.path) is None:
        raise InvalidJsonPointerFormat(field=f"/{index}/path", value=patch.path[:100])
    if patch.op != _REMOVE and not patch.given:
        raise PatchValueRequired(field=f"/{index}/value")
    return patch.path


def _allow(table: dict[str, frozenset[str]], path: str, patch: Patch, index: int) -> None:
    if path not in table:
        raise NotPatchable(field=f"/{index}/path", value=(patch.path or "")[:100])
    if patch.op not in table[path]:
        raise InvalidPatchOperation(field=f"/{index}/op", value=patch.op)


def _patch_unit(units: list[Json], reference: str, rest: str, patch: Patch, index: int) -> None:
    _allow(UNIT_PATHS, rest, patch, index)
    place = next((place for place, unit in enumerate(units) if unit.get("reference_id") == reference), None)
    if rest:
        if place is None:
            raise ReferenceIdNotFound(field=f"/{index}/path", value=reference[:100])
        if rest.startswith("/payee/"):  # another payee: the id that belonged to the former address goes with it
            units[place]["payee"] = {"email_address": patch.value}
            return None
        return _apply(units[place], rest, patch, index)
    if not isinstance(patch.value, dict):
        raise PatchValueInvalid(field=f"/{index}/value")
    whole = {**patch.value, "reference_id": reference if patch.value.get("reference_id") is None else patch.value["reference_id"]}
    if patch.op == _ADD:
        if place is not None:
            raise InvalidPatchOperation(field=f"/{index}/op", value=patch.op)
        units.append(whole)
    elif place is None:
        raise ReferenceIdNotFound(field=f"/{index}/path", value=reference[:100])
    else:
        units[place] = whole
    return None


def _apply(target: Json, path: str, patch: Patch, index: int, *, lenient: bool = False) -> None:
    """Set or take away one property. `lenient`: replacing what is absent adds it."""
    *parents, name = (_unescaped(part) for part in path[1:].split("/"))
    for parent in parents:
        inner = target.get(parent)
        if not isinstance(inner, dict):
            if patch.op == _REMOVE:
                raise InvalidPatchOperation(field=f"/{index}/op", value=patch.op)
            inner = target[parent] = {}
        target = inner
    present = name in target
    if present == (patch.op == _ADD) and not (lenient and patch.op == _REPLACE):
        raise InvalidPatchOperation(field=f"/{index}/op", value=patch.op)
    if patch.op == _REMOVE:
        del target[name]
    else:
        target[name] = patch.value


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
