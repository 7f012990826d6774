"""The lists of members in the root configuration equal the folders: a member that is missing in one would not be checked."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from typing import Any

import pytest

from tests.architecture.rules.anatomy import MODULES
from tests.architecture.tree import ROOT, Member, configuration, members, relative, services

SERVICES = [f"farthing.{name}" for name in services()]
CLIENTS = [f"farthing.clients.{name}" for name in services()]


def contract(beginning: str) -> dict[str, Any]:
    found = [one for one in configuration()["tool"]["importlinter"]["contracts"] if one["name"].startswith(beginning)]
    assert len(found) == 1, f"no contract of import-linter, or more than one, begins with {beginning!r}"
    return dict(found[0])


def test_every_folder_of_a_member_is_a_member() -> None:
    folders = [*ROOT.glob("libs/*"), *ROOT.glob("services/*"), *ROOT.glob("services/*/client"), ROOT / "embedded"]
    assert sorted(relative(folder) for folder in folders if folder.is_dir()) == sorted(member.folder for member in members())


def test_every_member_ships_exactly_its_portion_of_the_namespace() -> None:
    for member in members():
        src = ROOT / member.folder / "src"
        top = {relative(path.parent) for path in src.rglob("__init__.py") if not (path.parent.parent / "__init__.py").exists()}
        assert top == {relative(member.package)}, f"{member.folder}: its code lies below {relative(member.package)} and nowhere else"


def test_every_member_is_typed_and_named_after_its_portion() -> None:
    for member in members():
        words = member.portion.split(".")
        name = f"farthing-{words[2]}-client" if words[1] == "clients" else f"farthing-{words[1]}"
        assert member.distribution == name
        assert (member.package / "py.typed").exists(), f"{member.folder}: py.typed is missing in the package"


def test_import_linter_looks_at_every_portion() -> None:
    assert sorted(configuration()["tool"]["importlinter"]["root_packages"]) == sorted(member.portion for member in members())


def test_the_layers_of_members_name_every_portion() -> None:
    layers = [layer.split(" | ") for layer in contract("Members")["layers"]]
    assert [sorted(layer) for layer in layers] == [
        ["farthing.embedded"],
        SERVICES,
        [*CLIENTS, "farthing.standalone"],
        ["farthing.kit"],
        ["farthing.money"],
    ]


def test_the_layers_inside_hold_for_every_service_and_for_every_module() -> None:
    inside = contract("Inside a service")
    assert sorted(inside["containers"]) == SERVICES
    assert inside["exhaustive"] is True
    assert "ignore_imports" not in inside


def test_the_layers_inside_are_the_anatomy_and_the_extra_modules_that_a_service_has() -> None:
    layers = {module.strip("()") for layer in contract("Inside a service")["layers"] for module in layer.split(" | ")}
    extra = {module for modules in configuration()["tool"]["farthing"]["extra-modules"].values() for module in modules}
    assert layers == (MODULES - {"__init__"}) | extra


def test_mypy_finds_every_portion() -> None:
    assert sorted(configuration()["tool"]["mypy"]["mypy_path"]) == sorted(f"{member.folder}/src" for member in members())


def test_mypy_checks_every_folder_with_python_code() -> None:
    tops = {name for path in ROOT.glob("*/**/*.py") if not (name := relative(path).split("/")[0]).startswith(".")}
    assert tops - {"build", "dist", "node_modules"} == set(configuration()["tool"]["mypy"]["files"])


def test_pytest_runs_the_tests_of_every_member() -> None:
    patterns = configuration()["tool"]["pytest"]["ini_options"]["testpaths"]
    folders = {relative(path) for member in members() for path in (ROOT / member.folder).glob("tests")} | {"tests"}
    assert {folder for folder in folders if not any(fnmatch(folder, pattern) for pattern in patterns)} == set()


def test_make_installs_every_member() -> None:
    line = re.search(r"^MEMBERS := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line is not None, "the Makefile has no MEMBERS"
    patterns = re.findall(r"\$\(wildcard ([^)]+)\)", line[1])
    folders = {relative(path) for pattern in patterns for path in ROOT.glob(pattern)}
    folders |= set(re.sub(r"\$\([^)]*\)", "", line[1]).split())
    assert folders == {member.folder for member in members()}


@pytest.mark.parametrize("member", members(), ids=lambda member: member.portion)
def test_what_a_member_declares_is_a_member_or_locked(member: Member) -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    own = {other.distribution for other in members()}
    assert member.declared - own - locked == set(), "add it to requirements.in, then `make lock`"
