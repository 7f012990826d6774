"""With Helm at hand: the renders are what it makes of the charts, and mistakes end in one line that says what may stand there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from farthing.embedded.containers import CONTAINERS
from farthing.kit.manifest import Manifest
from tests.charts.documents import Objects, environment
from tests.charts.renders import RENDERS, ROOT, Render

CHART = ROOT / "charts/farthing"
DEV = ROOT / "k8s/environments/dev/farthing.yaml"
_OF_OPERATORS = "Cluster,Database,PrometheusRule,ServiceMonitor"  # CloudNativePG's and Prometheus': known where these are


def template(helm: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([helm, "template", "farthing", CHART, "--values", DEV, *words], capture_output=True, text=True, check=False)


@pytest.mark.needs_helm
@pytest.mark.parametrize("render", RENDERS, ids=lambda render: render.name)
def test_the_kept_render_is_what_helm_makes(helm: Path, render: Render) -> None:
    assert render.by(helm) == render.golden.read_text(), "python -m tests.charts.renders writes them anew"


@pytest.mark.needs_helm
@pytest.mark.parametrize("render", RENDERS, ids=lambda render: render.name)
def test_lint_finds_nothing(helm: Path, render: Render) -> None:
    words: list[str | Path] = [helm, "lint", "--strict", ROOT / "charts" / render.chart, "--values", render.values_file]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.needs_helm
@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--set", "mode=spilt"], "at '/mode': value must be one of 'split', 'embedded'"),
        (["--set", "database.hots=db"], "at '/database': additional properties 'hots' not allowed"),
        (["--set", "services.ledgr.replicas=1"], "services.ledgr: there is no such service; there are accounts, checkout, console"),
        (["--set", "nats.url="], "nats.url is empty: events travel through NATS JetStream in mode split"),
        (["--set", "database.host="], "database.host is empty, and services.accounts.database.host too"),
        (["--set", "gateway.parentRefs=null"], "gateway.parentRefs is empty: name the Gateway that routes attach to"),
        (["--set", "ingress.enabled=true"], "ingress.host is empty"),
        (["--set", "database.cloudNativePG.enabled=true"], "database.host and database.cloudNativePG.enabled are both set"),
    ],
)
def test_a_mistake_is_refused_in_one_line(helm: Path, words: list[str], line: str) -> None:
    done = template(helm, *words)
    assert done.returncode != 0
    assert line in done.stderr


@pytest.mark.needs_helm
def test_what_is_set_for_a_service_goes_first_even_when_it_is_nothing(helm: Path) -> None:
    done = template(
        helm,
        "--set",
        "defaults.replicas=2,services.ledger.replicas=0,defaults.autoscaling.enabled=true,services.ledger.autoscaling.enabled=false",
    )
    assert (done.stdout.count("replicas: 0\n"), done.stdout.count("kind: HorizontalPodAutoscaler\n")) == (1, 10)


@pytest.mark.needs_helm
def test_one_service_s_tag_changes_that_service_and_nothing_else(helm: Path) -> None:
    before, after = template(helm).stdout.splitlines(), template(helm, "--set", "services.webhooks.image.tag=9.9.9").stdout.splitlines()
    changed = {line.strip() for old, line in zip(before, after, strict=True) if old != line}
    assert changed == {"image: farthing/webhooks:9.9.9", 'app.kubernetes.io/version: "9.9.9"'}


@pytest.mark.needs_helm
@pytest.mark.parametrize(
    ("image", "version"),
    [("farthing/processor-typescript:0.1.0-ts", "0.1.0-ts"), ("registry.example:5000/other@sha256:" + "ab" * 32, "sha256-" + "ab" * 28)],
)
def test_another_implementation_serves_with_its_own_command_and_ours_migrates(helm: Path, image: str, version: str) -> None:
    before, after = (Objects(template(helm, *words).stdout) for words in ([], ["--set", f"services.processor.implementation={image}"]))
    ours, other = before.one("Deployment", "farthing-processor"), after.one("Deployment", "farthing-processor")
    assert [one for one in before.all if one != ours] == [one for one in after.all if one != other]
    for part in (other, other["spec"]["template"]):
        assert part["metadata"]["labels"].pop("app.kubernetes.io/version") == version
    for part in (ours, ours["spec"]["template"]):
        del part["metadata"]["labels"]["app.kubernetes.io/version"]
    [serve] = ours["spec"]["template"]["spec"]["containers"]
    del serve["command"]
    serve["image"] = image
    assert ours == other


@pytest.mark.needs_helm
def test_who_monitors_may_read_the_metrics_of_the_one_process_and_nothing_else(helm: Path) -> None:
    observed = ("--set", "mode=embedded", "--values", str(DEV.with_name("farthing-observed.yaml")))
    before, after = (Objects(template(helm, *words).stdout).one("NetworkPolicy", "farthing") for words in (observed[:2], observed))
    (added,) = [rule for rule in after["spec"]["ingress"] if rule not in before["spec"]["ingress"]]
    assert added["ports"] == [{"port": 9464}]
    readers = {peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in added["from"]}
    assert readers == {"prometheus", "observer"}


@pytest.mark.needs_helm
def test_the_one_process_of_live_mode_has_the_secret_files_of_all_services(helm: Path) -> None:
    rendered = Objects(template(helm, "--set", "mode=embedded,sandbox=false").stdout)
    specification = rendered.one("Deployment", "farthing")["spec"]["template"]["spec"]
    (container,) = specification["containers"]
    (mount,) = [one["mountPath"] for one in container["volumeMounts"] if one["name"] == "secrets"]
    (volume,) = [one["projected"]["sources"] for one in specification["volumes"] if one["name"] == "secrets"]
    given = {f"{mount}/{item['path']}": (one["secret"]["name"], item["key"]) for one in volume for item in one["secret"]["items"]}
    variables = environment(container)
    wanted = {
        secret.variable: (f"farthing-{name}", secret.key)
        for name, facts in CONTAINERS.items()
        for secret in facts.secrets
        if secret.file and secret.needed == "live"
    }
    assert {variable: given[variables[variable]] for variable in wanted} == wanted
    assert "FARTHING_OPERATOR_TOKEN" not in variables


@pytest.mark.needs_helm
def test_an_ingress_has_the_same_paths(helm: Path, manifests: dict[str, Manifest]) -> None:
    done = template(
        helm, "--set", "ingress.enabled=true,ingress.host=pay.example.com,gateway.enabled=false", "--show-only", "templates/ingress.yaml"
    )
    assert done.stdout.count("- path: ") == sum(len(manifest.public) for manifest in manifests.values()) + 1
    assert done.stdout.rstrip().endswith("backend: {service: {name: farthing-console, port: {name: public}}}")


@pytest.mark.needs_kubeconform
@pytest.mark.parametrize("render", RENDERS, ids=lambda render: render.name)
def test_every_object_fits_the_schema_of_its_kind(kubeconform: Path, render: Render) -> None:
    """Against a folder of schemas (FARTHING_KUBERNETES_SCHEMAS), else those that kubeconform fetches, which know Kubernetes' own kinds."""
    folder = os.environ.get("FARTHING_KUBERNETES_SCHEMAS")
    place = f"{folder}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json" if folder else "default"
    unknown = _OF_OPERATORS if folder else f"{_OF_OPERATORS},Gateway,GatewayClass,HTTPRoute"
    words: list[str | Path] = [kubeconform, "-strict", "-summary", "-schema-location", place, "-skip", unknown]
    done = subprocess.run([*words, render.golden], capture_output=True, text=True, check=False)
    assert (done.returncode, "Invalid: 0, Errors: 0" in done.stdout) == (0, True), done.stdout


@pytest.mark.cluster
@pytest.mark.parametrize("name", ["split", "embedded", "development-parts", "gateway", "observability"])
def test_the_cluster_would_take_every_object_under_the_restricted_standard(name: str) -> None:
    golden = next(render.golden for render in RENDERS if render.name == name)
    # Objects are judged before they are found to be there already, or their port to be taken by themselves.
    words = ["kubectl", "--context", "kind-farthing", "create", "--dry-run=server", "--validate=strict", "-f", str(golden)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    harmless = ("(AlreadyExists)", "provided port is already allocated")
    assert [line for line in done.stderr.splitlines() if line and not any(word in line for word in harmless)] == []
    assert done.stdout or "(AlreadyExists)" in done.stderr
