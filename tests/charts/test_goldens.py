"""What the kept renders contain: edges as the manifests have them, secrets where they belong, restricted pods."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from farthing.embedded.containers import CONTAINERS
from farthing.kit.manifest import Manifest, callers_of
from tests.charts.documents import Objects, environment
from tests.charts.renders import RENDERS, ROOT, Render

SPLIT = ("split", "production")
CONNECTIONS = 4  # of one process: two of its pool, and two in reserve


@cache
def objects(name: str) -> Objects:
    return Objects(next(render for render in RENDERS if render.name == name).golden.read_text())


def deployment(render: str, service: str) -> dict[str, Any]:
    return dict(objects(render).one("Deployment", f"farthing-{service}"))


def pod(render: str, service: str) -> dict[str, Any]:
    return pod_of(deployment(render, service))


def pod_of(one: dict[str, Any]) -> dict[str, Any]:
    return dict(one["spec"]["template"]["spec"])


def projected(specification: dict[str, Any], volume: str) -> list[dict[str, Any]]:
    found = [one["projected"]["sources"] for one in specification["volumes"] if one["name"] == volume]
    return [source["serviceAccountToken"] for source in found[0] if "serviceAccountToken" in source] if found else []


def components(peers: list[dict[str, Any]]) -> set[str]:
    labels = [peer["podSelector"]["matchLabels"] for peer in peers if "podSelector" in peer]
    return {one["app.kubernetes.io/component"] for one in labels if one.get("app.kubernetes.io/name") == "farthing"}


def on_port(rules: list[dict[str, Any]], way: str, port: int) -> set[str]:
    """The components of this platform that a policy names for a port."""
    names = [components(rule.get(way, [])) for rule in rules if {"port": port} in rule.get("ports", [])]
    return set().union(*names)


@pytest.mark.parametrize("render", RENDERS, ids=lambda render: render.name)
def test_every_pod_meets_the_restricted_standard_and_more(render: Render) -> None:
    pods = list(objects(render.name).pods())
    assert pods
    for name, specification in pods:
        security = specification["securityContext"]
        assert (security["runAsNonRoot"], security["seccompProfile"]) == (True, {"type": "RuntimeDefault"}), name
        assert security["runAsUser"] > 0, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(specification), name
        assert not [volume for volume in specification["volumes"] if "hostPath" in volume], name
        for container in specification["containers"] + specification.get("initContainers", []):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name


@pytest.mark.parametrize("render", SPLIT)
def test_every_service_has_its_objects(render: str, manifests: dict[str, Manifest]) -> None:
    names = {f"farthing-{name}" for name in manifests}
    for kind in ("Deployment", "Service", "ServiceAccount", "PodDisruptionBudget"):
        assert set(objects(render).of(kind)) == names, kind
    assert names <= set(objects(render).of("NetworkPolicy"))


def test_autoscaling_is_off_until_it_is_wanted(manifests: dict[str, Manifest]) -> None:
    assert objects("split").of("HorizontalPodAutoscaler") == {}
    scaled = set(objects("production").of("HorizontalPodAutoscaler"))
    assert scaled == {f"farthing-{name}" for name in manifests} - {"farthing-console"}
    for name in manifests:
        assert ("replicas" in deployment("production", name)["spec"]) is (name == "console"), name


def test_public_paths_lead_to_their_service_and_everything_else_to_the_console(manifests: dict[str, Manifest]) -> None:
    hosts = ("api-m.sandbox.paypal.com", "api-m.paypal.com")  # an SDK's own address, joined to ours: the gateway merges its slashes
    expected: dict[str, list[str]] = {}
    for name, manifest in manifests.items():
        joined = [f"/https:/{host}{prefix}" for prefix in manifest.public for host in hosts]
        expected |= {name: [*manifest.public, *joined, *(["/"] if name == "console" else [])]} if manifest.public else {}
    found: dict[str, list[str]] = {}
    for name, route in objects("split").of("HTTPRoute").items():
        (rule,) = route["spec"]["rules"]
        assert rule["backendRefs"] == [{"name": name, "port": 8001}]
        found[name.removeprefix("farthing-")] = [match["path"]["value"] for match in rule["matches"]]
    assert found == expected


@pytest.mark.parametrize("render", SPLIT)
def test_a_service_has_a_token_and_an_address_for_each_that_it_calls_and_for_no_other(render: str, manifests: dict[str, Manifest]) -> None:
    for name, manifest in manifests.items():
        specification = pod(render, name)
        tokens = projected(specification, "tokens")
        assert [(token["audience"], token["path"]) for token in tokens] == [(callee, callee) for callee in manifest.calls]
        variables = environment(specification["containers"][0])
        addresses = {variable: value for variable, value in variables.items() if value.endswith(":8000")}
        assert addresses == {f"{callee.upper()}_URL": f"http://farthing-{callee}:8000" for callee in manifest.calls}
        assert set(variables["FARTHING_CALLERS"].split(",")) - {""} == callers_of(name, tuple(manifests.values()))
        assert variables["FARTHING_SERVICE_SUBJECT_PREFIX"] == "system:serviceaccount:farthing:farthing-"
        assert specification["automountServiceAccountToken"] is False
        assert ["audience" in token for token in projected(specification, "identity")] == [False]


@pytest.mark.parametrize("render", SPLIT)
def test_network_policies_are_the_edges_of_the_manifests(render: str, manifests: dict[str, Manifest]) -> None:
    public = {name for name, manifest in manifests.items() if manifest.public}
    for name, manifest in manifests.items():
        policy = objects(render).one("NetworkPolicy", f"farthing-{name}")["spec"]
        assert policy["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == name
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        assert on_port(policy["ingress"], "from", 8000) == callers_of(name, tuple(manifests.values())), name
        assert on_port(policy["egress"], "to", 8000) == set(manifest.calls), name
        assert on_port(policy["egress"], "to", 8001) == ({"identity"} if name in public else set()), name
        readers = on_port(policy["ingress"], "from", 8001) - {"test"}
        assert {one for one in readers if one in manifests} == (public - {"identity"} if name == "identity" else set()), name
        assert not [rule for rule in policy["egress"] if "to" not in rule], name
        anywhere = [peer for rule in policy["egress"] for peer in rule["to"] if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"]
        assert bool(anywhere) is (name == "webhooks"), name


def test_webhooks_of_live_mode_reach_no_private_address() -> None:
    policy = objects("production").one("NetworkPolicy", "farthing-webhooks")["spec"]
    blocks = [peer["ipBlock"] for rule in policy["egress"] for peer in rule["to"] if "ipBlock" in peer]
    (outside,) = [block for block in blocks if block["cidr"] == "0.0.0.0/0"]
    assert outside["except"] == ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]


@pytest.mark.parametrize("render", SPLIT)
def test_a_pod_refers_to_secrets_of_its_own_service_alone_and_the_owner_s_password_only_migrates(
    render: str, manifests: dict[str, Manifest]
) -> None:
    for name in manifests:
        specification = pod(render, name)
        (migrate,), (serve,) = specification["initContainers"], specification["containers"]
        assert migrate["image"] == serve["image"]
        given = {value.split()[1].split("/")[0] for value in environment(serve).values() if value.startswith("secret ")}
        given |= {volume["secret"]["secretName"] for volume in specification["volumes"] if "secret" in volume}
        owner, own = f"farthing-{name}-database-owner", f"farthing-{name}"
        assert given - {own} == {f"{own}-database", f"{own}-nats"}, name
        migrating = {value.split()[1].split("/")[0] for value in environment(migrate).values() if value.startswith("secret ")}
        assert migrating == {f"{own}-database", owner}, name
        assert environment(migrate)["OWNER_PASSWORD"] == f"secret {owner}/password"
        assert environment(migrate)["DATABASE_OWNER_URL"].startswith("postgresql://$(OWNER_USER):$(OWNER_PASSWORD)@")


def test_live_mode_has_the_keys_of_those_who_need_them(manifests: dict[str, Manifest]) -> None:
    needed = {name: container.secrets for name, container in CONTAINERS.items() if name in manifests and name != "console"}
    assert {name: [secret.key for secret in secrets] for name, secrets in needed.items()} == {
        "identity": ["signing-key.pem"],
        "vault": ["vault-key"],
        "webhooks": ["tls.key", "tls.crt"],
    }
    for service, secrets in needed.items():
        specification = pod("production", service)
        (container,) = specification["containers"]
        (volume,) = [one["secret"] for one in specification["volumes"] if one["name"] == "secrets"]
        assert volume["secretName"] == f"farthing-{service}"
        for secret in secrets:
            path = environment(container)[secret.variable]
            assert [mount["subPath"] for mount in container["volumeMounts"] if mount["mountPath"] == path] == [secret.key]
            assert secret.key in {item["key"] for item in volume["items"]}
            assert secret.variable not in environment(pod("split", service)["containers"][0])


def test_the_control_api_has_a_token_in_sandbox_mode_alone() -> None:
    assert environment(pod("split", "console")["containers"][0])["FARTHING_OPERATOR_TOKEN"] == "secret farthing-console/operator-token"
    assert "FARTHING_OPERATOR_TOKEN" not in environment(pod("production", "console")["containers"][0])
    (one_process,) = pod_of(objects("embedded").one("Deployment", "farthing"))["containers"]
    assert environment(one_process)["FARTHING_OPERATOR_TOKEN"] == "secret farthing-console/operator-token"


@pytest.mark.parametrize("render", SPLIT)
def test_rollouts_keep_the_old_version_until_the_new_one_is_ready_and_shutdown_fits_the_grace_period(
    render: str, manifests: dict[str, Manifest]
) -> None:
    for name in manifests:
        specification = deployment(render, name)["spec"]
        assert specification["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        assert specification["progressDeadlineSeconds"] == 90
        inside = specification["template"]["spec"]
        (container,) = inside["containers"]
        pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        drain = int(environment(container)["FARTHING_DRAIN_SECONDS"])
        assert (pause, drain) == (5, 5)
        assert inside["terminationGracePeriodSeconds"] >= pause + drain + 30
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)


def test_no_version_label_is_part_of_a_selector() -> None:
    for name, one in objects("split").of("Deployment").items():
        assert set(one["spec"]["selector"]["matchLabels"]) == {
            "app.kubernetes.io/name",
            "app.kubernetes.io/instance",
            "app.kubernetes.io/component",
        }, name
        assert one["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/version"], name


def test_the_development_database_has_connections_for_two_versions_of_three_replicas(manifests: dict[str, Manifest]) -> None:
    arguments = objects("development-parts").one("StatefulSet", "farthing-postgresql")["spec"]["template"]["spec"]["containers"][0]["args"]
    limit = next(int(argument.partition("=")[2]) for argument in arguments if argument.startswith("max_connections="))
    assert limit >= len(manifests) * CONNECTIONS * 3 * 2 + 10


def test_the_development_parts_make_every_secret_that_the_platform_refers_to(manifests: dict[str, Manifest]) -> None:
    made = {f"{name}/{key}" for name, secret in objects("development-parts").of("Secret").items() for key in secret["stringData"]}
    wanted = set()
    for name in manifests:
        for container in pod("split", name)["initContainers"] + pod("split", name)["containers"]:
            wanted |= {value.removeprefix("secret ") for value in environment(container).values() if value.startswith("secret ")}
    assert len(wanted) == len(manifests) * 5 + 1
    assert wanted - made == set()


def test_state_and_gateway_stay_on_the_control_plane_s_node_and_the_platform_on_the_others() -> None:
    for render in ("development-parts", "gateway", "observability"):
        for name, specification in objects(render).pods():
            assert specification["nodeSelector"] == {"farthing.dev/holds": "state"}, name
    for name in objects("split").of("Deployment"):
        assert pod("split", name.removeprefix("farthing-"))["nodeSelector"] == {"farthing.dev/holds": "platform"}
    assert (ROOT / "k8s/kind/cluster.yaml").read_text().count("farthing.dev/holds: platform") == 2


def test_the_gateway_forgets_idle_connections_before_servers_close_them() -> None:
    arguments = objects("gateway").one("Deployment", "farthing-gateway")["spec"]["template"]["spec"]["containers"][0]["args"]
    (idle,) = [argument.partition("=")[2] for argument in arguments if "forwardingTimeouts.idleConnTimeout" in argument]
    assert int(idle.removesuffix("s")) < 75


def test_the_gateway_is_ready_when_a_route_answers_whatever_is_behind_it() -> None:
    """Its own health answers before it knows a route: whoever comes then would be told 404."""
    (container,) = pod_of(objects("gateway").one("Deployment", "farthing-gateway"))["containers"]
    (rule,) = objects("gateway").one("HTTPRoute", "farthing-gateway-ready")["spec"]["rules"]
    assert "backendRefs" not in rule
    for probe in ("startupProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": rule["matches"][0]["path"]["value"], "port": "web"}


def test_the_gateway_collects_garbage_before_the_kernel_ends_it() -> None:
    (container,) = pod_of(objects("gateway").one("Deployment", "farthing-gateway"))["containers"]
    assert (environment(container)["GOMEMLIMIT"], container["resources"]["limits"]["memory"]) == ("800MiB", "1Gi")


def test_embedded_is_one_pod_behind_one_route() -> None:
    (name,) = objects("embedded").of("Deployment")
    assert objects("embedded").one("Deployment", name)["spec"]["strategy"] == {"type": "Recreate"}
    (route,) = objects("embedded").of("HTTPRoute").values()
    assert route["spec"]["rules"][0]["backendRefs"] == [{"name": "farthing", "port": 8080}]


@pytest.mark.parametrize(("render", "port"), [("split", "internal"), ("production", "internal"), ("embedded", "metrics")])
def test_probes_ask_the_event_loop_of_each_process_at_a_port_that_no_route_leads_to(render: str, port: str) -> None:
    asked = {
        "startupProbe": {"path": "/livez", "port": port},
        "readinessProbe": {"path": "/readyz", "port": port},
        "livenessProbe": {"path": "/livez", "port": port},
    }
    routed = {backend["port"] for route in objects(render).of("HTTPRoute").values() for backend in route["spec"]["rules"][0]["backendRefs"]}
    for name, one in objects(render).of("Deployment").items():
        (container,) = pod_of(one)["containers"]
        assert {probe: container[probe]["httpGet"] for probe in asked} == asked, name
        assert container["lifecycle"]["preStop"]["sleep"]["seconds"] < container["livenessProbe"]["terminationGracePeriodSeconds"] <= 10, (
            name
        )
        assert {found["name"]: found["containerPort"] for found in container["ports"]}[port] not in routed


def test_the_one_process_has_two_minutes_for_the_first_start_of_its_database() -> None:
    (container,) = pod_of(objects("embedded").one("Deployment", "farthing"))["containers"]
    startup = container["startupProbe"]
    assert startup["failureThreshold"] * startup["periodSeconds"] >= 120


def test_the_next_pod_of_the_one_process_waits_longer_for_the_data_than_the_old_one_may_take_to_end() -> None:
    specification = pod_of(objects("embedded").one("Deployment", "farthing"))
    (container,) = specification["containers"]
    words = container["command"]
    startup = container["startupProbe"]
    assert (
        specification["terminationGracePeriodSeconds"]
        < int(words[words.index("--wait") + 1])
        < startup["failureThreshold"] * startup["periodSeconds"]
    )


def test_prometheus_finds_the_metrics_of_the_one_process() -> None:
    (container,) = pod_of(objects("embedded").one("Deployment", "farthing"))["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert environment(container)["FARTHING_METRICS_PORT"] == str(ports["metrics"])
    service = objects("embedded").one("Service", "farthing")["spec"]
    assert {port["targetPort"]: port["port"] for port in service["ports"]} == ports
    policy = objects("observability").one("NetworkPolicy", "observability-prometheus")["spec"]
    assert [rule for rule in policy["egress"] if {"port": ports["metrics"]} in rule.get("ports", [])]
