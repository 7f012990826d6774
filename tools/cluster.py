"""Bring up Farthing on a kind cluster of its own, and say what is missing before anything is begun.

Every command names the cluster that this file made (`kind-farthing`): no other one is ever touched, whatever kubectl's present context is.
Each step looks first whether it is done: `up` after an interruption goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NAME, CONTEXT, NAMESPACE = "farthing", "kind-farthing", "farthing"
URL = "http://127.0.0.1:8080"
GATEWAY_API = "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.6.1/standard-install.yaml"
TAGS = ROOT / "build" / "images.yaml"
BESIDE = ROOT / "build" / "beside.yaml"  # of the services that exist on a cluster only
PARTS = ("postgres:17", "nats:2.14.9", "traefik:v3.7")
OBSERVABILITY_PARTS = (
    "otel/opentelemetry-collector-contrib:0.159.0",
    "prom/prometheus:v3.14.0",
    "jaegertracing/jaeger:2.13.0",
    "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0",
    "grafana/grafana:12.4.0",
)
OPERATOR = "https://raw.githubusercontent.com/cloudnative-pg/cloudnative-pg/release-1.30/releases/cnpg-1.30.0.yaml"
OPERATOR_PARTS = ("ghcr.io/cloudnative-pg/cloudnative-pg:1.30.0", "ghcr.io/cloudnative-pg/postgresql:17")
READY_SECONDS = 420


class Refused(Exception):
    """What was asked cannot be done; the text is one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that is needed, how to ask it for its version, and where it comes from."""

    name: str
    version: tuple[str, ...]
    source: str
    why: str
    optional: bool = False


TOOLS = (
    Tool("docker", ("version", "--format", "{{.Server.Version}}"), "docs.docker.com/get-docker", "builds the images and runs the nodes"),
    Tool("kind", ("version",), "kind.sigs.k8s.io (`go install sigs.k8s.io/kind@v0.32.0`, or brew)", "makes the cluster"),
    Tool("kubectl", ("version", "--client", "-o", "json"), "kubernetes.io/docs/tasks/tools", "talks to the cluster"),
    Tool("helm", ("version", "--short"), "helm.sh/docs/intro/install (3.14 or newer)", "installs the charts"),
    Tool("skaffold", ("version",), "skaffold.dev/docs/install", "`skaffold dev`: a change served in seconds", optional=True),
    Tool("kubeconform", ("-v",), "github.com/yannh/kubeconform", "checks what the charts render", optional=True),
    Tool("promtool", ("--version",), "prometheus.io/download", "checks and unit-tests the rules for Prometheus", optional=True),
)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(*words: str, quiet: bool = True, check: bool = True, given: str | None = None) -> str:
    """Run a program and answer what it printed. Raises Refused with its last line when it fails."""
    output = subprocess.PIPE if quiet else None
    done = subprocess.run(words, stdout=output, stderr=subprocess.PIPE if quiet else None, text=True, check=False, input=given, cwd=ROOT)
    if check and done.returncode:
        nothing = "it said nothing" if quiet else "what it said stands above"
        lines = ((done.stdout or "") + (done.stderr or "")).strip().splitlines() or [nothing]
        raise Refused(f"`{' '.join(words[:4])} ...` failed: {lines[-1].strip()}")
    return done.stdout or ""


def kubectl(*words: str, check: bool = True, given: str | None = None) -> str:
    return run("kubectl", "--context", CONTEXT, *words, check=check, given=given)


def helm(release: str, chart: str, *words: str) -> None:
    """Install or upgrade a release and wait until it serves. What kubectl changed meanwhile (a scale, an image) is the chart's again.

    Helm refuses a release that an interrupted run left pending: that run's record goes first, what it made stays and is taken up.
    """
    pending = f"owner=helm,name={release},status in (pending-install,pending-upgrade,pending-rollback)"
    kubectl("--namespace", NAMESPACE, "delete", "secret", "--selector", pending)
    force = () if run("helm", "version", "--short").startswith("v3") else ("--force-conflicts",)  # Helm 4 asks for it
    common = ("--kube-context", CONTEXT, "--namespace", NAMESPACE, "--wait", "--timeout", f"{READY_SECONDS}s", *force)
    try:
        run("helm", "upgrade", "--install", release, str(ROOT / "charts" / chart), *common, *words)
    except Refused as error:
        pods = json.loads(kubectl("--namespace", NAMESPACE, "get", "pods", "--output", "json"))["items"]
        why = "; ".join(waiting(pods)) or "a pod may not be ready"
        raise Refused(f"{error}; {why}: kubectl --context {CONTEXT} -n {NAMESPACE} get pods") from error


def waiting(pods: list[dict[str, Any]]) -> list[str]:
    """Which containers wait for something that does not come by itself, such as an image that is nowhere: pod, reason, image."""
    found = []
    for pod in pods:
        status = pod.get("status", {})
        for one in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
            reason = one.get("state", {}).get("waiting", {}).get("reason", "")
            if reason not in {"", "PodInitializing", "ContainerCreating"}:
                found.append(f"{pod['metadata']['name']}: {reason} ({one['image']})")
    return found


# -- doctor ------------------------------------------------------------------------------------------------------------------------------


def found(tool: Tool) -> tuple[bool, str]:
    """Whether the tool works, and its version or what is wrong."""
    if shutil.which(tool.name) is None:
        return False, f"missing: {tool.source}"
    done = subprocess.run([tool.name, *tool.version], capture_output=True, text=True, check=False)
    if done.returncode:
        return False, f"does not answer: {(done.stderr.strip().splitlines() or ['?'])[-1]}"
    return True, _version(done.stdout)


def _version(text: str) -> str:
    try:
        return str(json.loads(text)["clientVersion"]["gitVersion"])
    except (ValueError, KeyError, TypeError):
        return text.strip().splitlines()[0]


def doctor() -> None:
    """Say of each tool whether it is there. Raises Refused when one is missing that cannot be done without."""
    missing = []
    for tool in TOOLS:
        works, what = found(tool)
        say(f"  {'ok ' if works else '-- ' if tool.optional else 'NO '} {tool.name:<12} {what}" + ("" if works else f" ({tool.why})"))
        missing += [] if works or tool.optional else [tool.name]
    if missing:
        raise Refused(f"{', '.join(missing)} must be installed first")


# -- up ----------------------------------------------------------------------------------------------------------------------------------


def make_cluster() -> str:
    if NAME in run("kind", "get", "clusters").split():
        kubectl("cluster-info")  # it is there: does it answer?
        return "is there"
    image = os.environ.get("KIND_NODE_IMAGE")
    run("kind", "create", "cluster", "--config", str(ROOT / "k8s/kind/cluster.yaml"), *(("--image", image) if image else ()), quiet=False)
    return "made"


def build_images() -> str:
    TAGS.parent.mkdir(exist_ok=True)
    run(sys.executable, "tools/images.py", "build", "--all", quiet=False)
    run(sys.executable, "tools/images.py", "values", str(TAGS))
    run(sys.executable, "tools/images.py", "values", "--beside", str(BESIDE))
    return f"their tags are in {TAGS.relative_to(ROOT)}"


def wanted_images() -> list[str]:
    return run(sys.executable, "tools/images.py", "tag").split()


def load_images() -> str:
    return load(*wanted_images(), *of_others(PARTS + (OBSERVABILITY_PARTS if observed() else ())))


def of_others(images: tuple[str, ...]) -> list[str]:
    """Those that docker has; the nodes pull the rest."""
    return [image for image in images if not _fails("docker", "image", "inspect", image)]


def load(*images: str) -> str:
    """Copy into the nodes those that a node lacks."""
    nodes = run("kind", "get", "nodes", "--name", NAME).split()
    there = [_images_of(node) for node in nodes]
    lacking = [image for image in images if any(image not in names for names in there)]
    if lacking:
        run("kind", "load", "docker-image", "--name", NAME, *lacking)
    return f"{len(lacking)} loaded"


def _images_of(node: str) -> str:
    return run("docker", "exec", node, "ctr", "--namespace", "k8s.io", "images", "ls", "-q")


def _fails(*words: str) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode != 0


def gateway_api() -> str:
    if _fails("kubectl", "--context", CONTEXT, "get", "crd", "httproutes.gateway.networking.k8s.io"):
        kubectl("apply", "--server-side", "-f", os.environ.get("GATEWAY_API_CRDS", GATEWAY_API))
    kubectl("wait", "--for=condition=Established", "crd/httproutes.gateway.networking.k8s.io", "--timeout=60s")
    return "httproutes"


def namespace() -> str:
    kubectl("apply", "-f", str(ROOT / "k8s/policies/namespace.yaml"))
    return NAMESPACE


def environment(part: str) -> tuple[str, ...]:
    """The values of a chart in the environment that is asked for (FARTHING_ENVIRONMENT: dev, ci)."""
    file = ROOT / "k8s/environments" / os.environ.get("FARTHING_ENVIRONMENT", "dev") / f"{part}.yaml"
    return ("--values", str(file)) if file.is_file() else ()


def gateway() -> str:
    helm("farthing-gateway", "farthing-gateway", *environment("farthing-gateway"))
    return "traefik"


def parts() -> str:
    helm("farthing-dev", "farthing-dev", *environment("farthing-dev"))
    return "PostgreSQL, NATS"


def observed() -> bool:
    """Whether charts/observability is wanted (OBSERVABILITY=1, or 0), or there from an earlier time: then it is kept."""
    if "OBSERVABILITY" in os.environ:
        return os.environ["OBSERVABILITY"] not in {"", "0"}
    return not _fails("helm", "--kube-context", CONTEXT, "--namespace", NAMESPACE, "status", "observability")


def observability() -> str:
    if not observed():
        return "not wanted (make cluster OBSERVABILITY=1)"
    helm("observability", "observability", *environment("observability"), "--values", str(BESIDE))
    return "collector, Prometheus, Jaeger, kube-state-metrics, observer, and Grafana where it is enabled"


def platform() -> str:
    helm("farthing", "farthing", *environment("farthing"), *(environment("farthing-observed") if observed() else ()), "--values", str(TAGS))
    return "every service is ready"


def answers() -> str:
    """Wait until the gateway passes a request to the platform."""
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{URL}/.well-known/openid-configuration", timeout=5) as answer:  # noqa: S310 - http, our own
                answer.read()
                return URL
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > until:
                raise Refused(f"{URL} does not answer ({error}): kubectl --context {CONTEXT} -n {NAMESPACE} get pods") from error
            time.sleep(1)


STEPS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("cluster of three nodes", make_cluster),
    ("images", build_images),
    ("images into the nodes", load_images),
    ("Gateway API", gateway_api),
    ("namespace", namespace),
    ("gateway", gateway),
    ("database and broker", parts),
    ("what sees it", observability),
    ("platform", platform),
    ("first answer", answers),
)

USE = f"""
Farthing serves at {URL}.

  curl -u sandbox-client-id:sandbox-client-secret -d grant_type=client_credentials {URL}/v1/oauth2/token

  kubectl --context {CONTEXT} -n {NAMESPACE} get pods     what runs
  make cluster-test                                    change, break and scale it under load
  make cluster-down                                    remove it
"""


def up() -> None:
    doctor()
    began = time.monotonic()
    for number, (what, step) in enumerate(STEPS, 1):
        say(f"{number}/{len(STEPS)} {what} ...")
        start = time.monotonic()
        say(f"    {step()} ({time.monotonic() - start:.0f} s)")
    say(f"ready in {time.monotonic() - began:.0f} s")
    say(USE)


def operator() -> None:
    """CloudNativePG, for a database of two servers. FARTHING_CNPG_OPERATOR: a file with its manifest, where that is out of reach."""
    say(f"CloudNativePG's operator ... {load(*of_others(OPERATOR_PARTS))}")
    kubectl("apply", "--server-side", "-f", os.environ.get("FARTHING_CNPG_OPERATOR", OPERATOR))
    kubectl("--namespace", "cnpg-system", "rollout", "status", "deployment/cnpg-controller-manager", "--timeout=120s")


def down() -> None:
    """Delete the cluster with all that is in it. Images stay."""
    if NAME not in run("kind", "get", "clusters").split():
        say(f"there is no cluster {NAME}")
        return
    run("kind", "delete", "cluster", "--name", NAME, quiet=False)


COMMANDS = {
    "doctor": (doctor, "say which tool is missing and where it comes from"),
    "up": (up, "cluster, gateway, database, broker, platform (OBSERVABILITY=1: and what sees it); what is there is kept"),
    "operator": (operator, "install CloudNativePG's operator, for `make cluster-soak`"),
    "down": (down, "delete the cluster"),
}


def main(words: list[str]) -> int:
    """Exit code 1 and one line on standard error for what cannot be done."""
    parser = argparse.ArgumentParser(prog="tools/cluster.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, text) in COMMANDS.items():
        commands.add_parser(name, help=text)
    try:
        COMMANDS[parser.parse_args(words).command][0]()
    except (Refused, FileNotFoundError) as error:
        sys.stderr.write(f"cluster: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
