"""Every service has the same anatomy, and says the truth about itself."""

from __future__ import annotations

from typing import Any

import pytest

from farthing.embedded.services import MEMBERS
from farthing.kit.manifest import Manifest
from tests.architecture.rules.anatomy import missing_parts, unlisted_modules
from tests.architecture.rules.manifests import client_dependencies, contradictions, standing_beside
from tests.architecture.rules.readmes import readme
from tests.architecture.tree import ROOT, beside, configuration, members, services
from tests.architecture.verdict import none_of

every_service = pytest.mark.parametrize("name", services())
EXTRA_MODULES: dict[str, dict[str, str]] = configuration()["tool"]["farthing"]["extra-modules"]


@every_service
def test_its_parts_are_there(name: str) -> None:
    none_of(missing_parts(ROOT / f"services/{name}/src/farthing/{name}"))


@every_service
def test_its_modules_are_listed(name: str) -> None:
    none_of(unlisted_modules(ROOT / f"services/{name}/src/farthing/{name}", EXTRA_MODULES.get(name, {})))


def test_extra_modules_are_those_of_services() -> None:
    assert set(EXTRA_MODULES) <= set(services())


@every_service
def test_its_readme_answers_the_usual_questions(name: str) -> None:
    path = f"services/{name}/README.md"
    assert (ROOT / path).exists(), f"{path} is missing"
    none_of(readme(path, (ROOT / path).read_text()))


@every_service
def test_its_manifest_is_imported_without_side_effects(name: str, probed: dict[str, dict[str, Any]]) -> None:
    none_of([f"farthing.{name}.service.MANIFEST: {problem}" for problem in filter(None, [probed[name].get("problem")])])
    none_of(f"importing farthing.{name}.service {effect}: leave that to build()" for effect in probed[name]["effects"])


@every_service
def test_it_declares_the_clients_that_its_manifest_needs(name: str, manifests: dict[str, Manifest]) -> None:
    declared = next(member.declared for member in members() if member.folder == f"services/{name}")
    if name not in manifests:
        pytest.fail(f"farthing.{name}.service.MANIFEST cannot be imported", pytrace=False)
    none_of(client_dependencies(manifests[name], declared))


def test_the_one_process_has_every_service_but_those_beside_it() -> None:
    mounted = [member.manifest.name for member in MEMBERS]
    assert sorted(mounted) == sorted(set(services()) - beside())
    declared = next(member.declared for member in members() if member.folder == "embedded")
    assert not {f"farthing-{name}" for name in beside()} & declared


def test_what_stands_beside_the_platform_is_no_part_of_its_graph(manifests: dict[str, Manifest]) -> None:
    assert beside() <= set(manifests)
    none_of(problem for name in beside() for problem in standing_beside(manifests[name], manifests))
    none_of(f"{path}: it keeps nothing" for name in beside() for path in (ROOT / "services" / name).rglob("migrations"))


def test_the_manifests_agree_with_each_other(manifests: dict[str, Manifest]) -> None:
    none_of(contradictions(manifests))
