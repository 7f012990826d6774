"""skaffold.yaml knows every service, what its image is made of, and where its code goes."""

from __future__ import annotations

from typing import Any

import pytest

from farthing.kit.manifest import Manifest
from tests.charts.documents import read_values
from tests.charts.renders import ROOT


@pytest.fixture(scope="module")
def skaffold() -> dict[str, Any]:
    return read_values(ROOT / "skaffold.yaml")


def artifacts(part: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["image"].removeprefix("farthing/"): one for one in part["build"]["artifacts"]}


def test_every_service_is_built_from_what_it_declares_and_its_code_is_copied(
    skaffold: dict[str, Any], manifests: dict[str, Manifest]
) -> None:
    found = artifacts(skaffold)
    assert sorted(found) == sorted(manifests)
    for name, manifest in manifests.items():
        custom, (sync,) = found[name]["custom"], found[name]["sync"]["manual"]
        assert custom["buildCommand"] == f"python3 tools/images.py build {name} --also $IMAGE"
        clients = sorted({*manifest.calls, *(service for service, _ in manifest.consumes)})
        folders = [path for path in custom["dependencies"]["paths"] if path.startswith("services/")]
        assert folders == [f"services/{name}", *(f"services/{client}/client" for client in clients)]
        assert (sync["src"], sync["dest"]) == (f"services/{name}/src/farthing/**/*", "/sources/farthing")
        assert sync["strip"] == f"services/{name}/src/farthing/"


def test_every_image_that_was_built_is_the_one_that_runs(skaffold: dict[str, Any], manifests: dict[str, Manifest]) -> None:
    (release,) = skaffold["deploy"]["helm"]["releases"]
    assert release["setValueTemplates"] == {f"services.{name}.image.tag": f"{{{{.IMAGE_TAG_farthing_{name}}}}}" for name in manifests}
    assert release["setValues"] == {"development.reload": True}


def test_the_platform_is_seen_with_the_values_that_make_cluster_takes(skaffold: dict[str, Any]) -> None:
    over, built, release = next(profile["patches"] for profile in skaffold["profiles"] if profile["name"] == "observability")
    assert over == {"op": "add", "path": "/deploy/helm/releases/0/valuesFiles/-", "value": "k8s/environments/dev/farthing-observed.yaml"}
    assert (ROOT / over["value"]).is_file()
    assert (built["op"], built["path"], built["value"]["image"]) == ("add", "/build/artifacts/-", "farthing/observer")
    assert built["value"]["custom"]["buildCommand"] == "python3 tools/images.py build observer --also $IMAGE"
    assert release["value"]["setValueTemplates"] == {"observer.image.tag": "{{.IMAGE_TAG_farthing_observer}}"}
    assert (release["op"], release["path"]) == ("add", "/deploy/helm/releases/-")
    found = release["value"]
    assert (found["name"], found["namespace"]) == ("observability", "farthing")
    assert (ROOT / found["chartPath"] / "Chart.yaml").is_file()
    assert all((ROOT / path).is_file() for path in found["valuesFiles"])


def test_nothing_is_pushed_and_no_other_cluster_is_touched(skaffold: dict[str, Any]) -> None:
    for part in (skaffold, next(profile for profile in skaffold["profiles"] if profile["name"] == "embedded")):
        assert part["build"]["local"]["push"] is False
        assert part["deploy"]["kubeContext"] == "kind-farthing"
        for release in part["deploy"]["helm"]["releases"]:
            assert all((ROOT / path).is_file() for path in release["valuesFiles"])
