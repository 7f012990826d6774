"""Build one container image per service, and `embedded` with all of them; each holds its own code and what it declares, nothing else.

What goes into an image is staged in a folder of its own first: the members that the service's pyproject.toml declares, followed through,
and the part of the lock that these declare. The tag is the service's version and a hash over exactly what is staged, so it changes when the
image would, and neither with the commit nor with the time.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED = "embedded"
SMOKE = Path("tools/image_smoke.py")
SCRIPT = "#!/opt/farthing/bin/python\nimport sys\n\nfrom {module} import {name}\n\nsys.exit({name}())\n"


class Refused(Exception):
    """What was asked cannot be done; the text is one line that says why."""


@dataclass(frozen=True, slots=True)
class Member:
    """One distribution of this tree. `declared` are the names of its dependencies, of ours and of others.

    `cluster_only`: a service that stands beside the platform, in no process and no chart with it.
    """

    name: str
    version: str
    folder: Path
    declared: frozenset[str]
    scripts: Mapping[str, str]
    cluster_only: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is staged; of its mode only the right to execute is kept, the rest is a matter of somebody's umask."""

    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Staged:
    """What one image is built from: its files by their path in the build's folder."""

    image: str
    version: str
    files: Mapping[str, File]

    @property
    def tag(self) -> str:
        """`<version>-<hash>`: 12 hexadecimal digits over names, modes and contents of the files."""
        digest = hashlib.sha256()
        for path, file in sorted(self.files.items()):
            digest.update(f"{path}\0{int(file.executable)}\0{len(file.content)}\0".encode())
            digest.update(file.content)
        return f"{self.version}-{digest.hexdigest()[:12]}"

    @property
    def reference(self) -> str:
        return f"farthing/{self.image}:{self.tag}"

    def write(self, folder: Path) -> None:
        """Write the files into a new or empty folder. Raises Refused."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise Refused(f"{folder} is not an empty folder")
        for path, file in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
            target.chmod(0o755 if file.executable else 0o644)


class Lock:
    """requirements.txt as uv writes it: under each package, `# via` names those that need it."""

    def __init__(self, text: str) -> None:
        found = re.finditer(r"^([a-z0-9][a-z0-9-]*)==.*\n(?:[ \t]+.*\n)*", text, re.MULTILINE)
        bodies = {entry[1]: entry[0] for entry in found}
        self._pins = {name: _uncommented(body) for name, body in bodies.items()}
        self._needs: dict[str, set[str]] = {name: set() for name in bodies}
        for name, body in bodies.items():
            for parent in re.findall(r"^ +#(?: via |   )([a-z0-9][a-z0-9-]*)$", body, re.MULTILINE):
                self._needs[parent].add(name)

    def closure(self, names: Iterable[str]) -> frozenset[str]:
        """The packages and all that they need. Raises Refused for one that is not locked."""
        found: set[str] = set()
        wanted = list(names)
        while wanted:
            if (name := wanted.pop()) not in self._pins:
                raise Refused(f"{name} is declared but not in requirements.txt: add it to requirements.in, then `make lock`")
            if name not in found:
                found.add(name)
                wanted += self._needs[name]
        return frozenset(found)

    def pinned(self, names: Iterable[str]) -> str:
        """The lines of these packages, with their hashes and without comments."""
        return "".join(self._pins[name] for name in sorted(names))


class Tree:
    """The project's folder, and what of it goes into which image."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def members(self) -> dict[str, Member]:
        """Every distribution by its name."""
        patterns = ("libs/*", "services/*", "services/*/client", EMBEDDED)
        found = [_member(folder) for pattern in patterns for folder in self.root.glob(pattern) if (folder / "pyproject.toml").is_file()]
        return {member.name: member for member in found}

    @cached_property
    def services(self) -> tuple[str, ...]:
        return tuple(sorted(file.parent.name for file in self.root.glob("services/*/pyproject.toml")))

    @cached_property
    def beside(self) -> tuple[str, ...]:
        """The services that exist on a cluster only."""
        return tuple(name for name in self.services if self.members[f"farthing-{name}"].cluster_only)

    @property
    def images(self) -> tuple[str, ...]:
        return (*self.services, EMBEDDED)

    @cached_property
    def lock(self) -> Lock:
        return Lock((self.root / "requirements.txt").read_text())

    def closure(self, image: str) -> dict[str, Member]:
        """The member that an image is named after and all of ours that it declares, directly or not. Raises Refused."""
        if image not in self.images:
            raise Refused(f"there is no image {image!r}: it is one of {', '.join(self.images)}")
        found: dict[str, Member] = {}
        wanted = [f"farthing-{image}"]
        while wanted:
            name = wanted.pop()
            if name not in self.members:
                raise Refused(f"{name} is declared for {image}, but no member of this tree has that name")
            if name not in found:
                found[name] = self.members[name]
                wanted += sorted(other for other in found[name].declared if other.startswith("farthing-"))
        return found

    @cached_property
    def shared(self) -> frozenset[str]:
        """Third-party packages of the members that every service has: one layer, the same in all images."""
        closures = [self.closure(service) for service in self.services]
        common = [member for name, member in closures[0].items() if all(name in closure for closure in closures)]
        return self._third_party(common)

    def staged(self, image: str) -> Staged:
        """Every file that an image is built from, read now. Raises Refused."""
        members = self.closure(image)
        own = self._third_party(members.values()) - self.shared
        files = {name: File((self.root / name).read_bytes()) for name in ("Dockerfile", "LICENSE", "NOTICE")}
        files["third-party/shared.txt"] = File(self.lock.pinned(self.shared).encode())
        files["third-party/own.txt"] = File(self.lock.pinned(own).encode())
        files["bin/smoke"] = File((self.root / SMOKE).read_bytes(), executable=True)
        for member in members.values():
            files |= {f"app/{path.relative_to(member.folder / 'src').as_posix()}": _file(path) for path in _code(member.folder)}
            for command, target in member.scripts.items():
                module, name = target.split(":")
                files[f"bin/{command}"] = File(SCRIPT.format(module=module, name=name).encode(), executable=True)
        return Staged(image, self.members[f"farthing-{image}"].version, files)

    def _third_party(self, members: Iterable[Member]) -> frozenset[str]:
        return self.lock.closure(name for member in members for name in member.declared if not name.startswith("farthing-"))


def _member(folder: Path) -> Member:
    content = tomllib.loads((folder / "pyproject.toml").read_text())
    project, own = content["project"], content.get("tool", {}).get("farthing", {})
    declared = frozenset(re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in project.get("dependencies", ()))
    return Member(project["name"], project["version"], folder, declared, project.get("scripts", {}), own.get("cluster-only", False))


def _code(folder: Path) -> list[Path]:
    """The files that a member ships: all below src/ but what tools leave there."""
    files = [path for path in (folder / "src").rglob("*") if path.is_file()]
    return [path for path in files if not any(part == "__pycache__" or part.startswith(".") for part in path.relative_to(folder).parts)]


def _file(path: Path) -> File:
    return File(path.read_bytes(), executable=bool(path.stat().st_mode & 0o100))


def _uncommented(body: str) -> str:
    lines = [line for line in body.splitlines() if not line.lstrip().startswith("#")]
    return "\n".join(lines).removesuffix(" \\") + "\n"


class Docker:
    """The docker command. Raises Refused when it is missing, does not answer, or fails."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._program = shutil.which("docker") or ""
        if not self._program:
            raise Refused("docker is not installed: see docs.docker.com/get-docker (`tag`, `stage` and `values` work without it)")
        answer = self._run("version", "--format", "{{.Server.Version}}")
        if answer.returncode != 0:
            raise Refused(f"docker does not answer: {_last_line(answer.stdout)}")

    def has(self, reference: str) -> bool:
        return self._run("image", "inspect", reference).returncode == 0

    def tag(self, reference: str, other: str) -> None:
        self._checked("tag", reference, other)

    def build(self, folder: Path, reference: str, target: str, arguments: Mapping[str, str]) -> None:
        values = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
        self._checked("build", "--target", target, *values, "--tag", reference, str(folder))

    def _checked(self, *words: str) -> None:
        answer = self._run(*words, show=self._verbose)
        if answer.returncode != 0:
            sys.stderr.write("\n".join((answer.stdout or "").splitlines()[-40:-1]) + "\n")
            raise Refused(f"docker {words[0]} failed with exit code {answer.returncode}: {_last_line(answer.stdout)}")

    def _run(self, *words: str, show: bool = False) -> subprocess.CompletedProcess[str]:
        output = None if show else subprocess.PIPE
        return subprocess.run([self._program, *words], stdout=output, stderr=subprocess.STDOUT, text=True, check=False)


def _last_line(text: str | None) -> str:
    lines = (text or "its output is above").strip().splitlines()
    return lines[-1].strip() if lines else "it said nothing"


def build(docker: Docker, staged: Staged) -> tuple[str, bool]:
    """Build an image unless docker has it; answers its reference and whether it was built. Raises Refused."""
    reference = staged.reference
    if docker.has(reference):
        return reference, False
    target = EMBEDDED if staged.image == EMBEDDED else "service"
    arguments = {"SERVICE": staged.image, "FARTHING_VERSION": staged.tag}
    with tempfile.TemporaryDirectory(prefix="farthing-image-") as folder:
        staged.write(Path(folder))
        docker.build(Path(folder), reference, target, arguments)
    return reference, True


def build_all(tree: Tree, arguments: argparse.Namespace) -> None:
    images = tree.images if arguments.all else arguments.services
    if not images or (arguments.also and len(images) != 1):
        raise Refused("--also is for one image" if images else "name the images to build, or --all")
    for image in images:
        tree.closure(image)
    docker = Docker(verbose=arguments.verbose)
    for number, image in enumerate(images, 1):
        sys.stderr.write(f"{number}/{len(images)} {image} ...\n")
        began = time.monotonic()
        reference, built = build(docker, tree.staged(image))
        if arguments.also:
            docker.tag(reference, arguments.also)
        sys.stdout.write(f"{reference}  {f'built in {time.monotonic() - began:.1f} s' if built else 'is there'}\n")
        sys.stdout.flush()


def write_values(tree: Tree, file: str, *, beside: bool) -> None:
    """The tags as the chart of the platform takes them, or those of the services beside it as theirs does."""
    text = "# Written by tools/images.py: the image of each service.\n"
    if not beside:
        text += "services:\n" + "".join(
            f"  {service}:\n    image:\n      tag: {tree.staged(service).tag}\n" for service in tree.services if service not in tree.beside
        )
    text += "".join(f"{image}:\n  image:\n    tag: {tree.staged(image).tag}\n" for image in (tree.beside if beside else (EMBEDDED,)))
    if file == "-":
        sys.stdout.write(text)
    else:
        Path(file).write_text(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools/images.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    stage = commands.add_parser("stage", help="write the folder that docker builds an image from, and print the image's name")
    stage.add_argument("service", metavar="SERVICE", help="a folder of services/, or embedded")
    stage.add_argument("folder", metavar="DIR", type=Path, help="a new or empty folder")
    tag = commands.add_parser("tag", help="print the name of each image, farthing/SERVICE:VERSION-HASH; nothing is built")
    tag.add_argument("services", metavar="SERVICE", nargs="*", help="all when left out")
    make = commands.add_parser("build", help="build images, except those that docker already has under their tag")
    make.add_argument("services", metavar="SERVICE", nargs="*", help="folders of services/, or embedded")
    make.add_argument("--all", action="store_true", help="every service and embedded")
    make.add_argument("--also", metavar="NAME:TAG", help="give the image this name too (as skaffold wants it)")
    make.add_argument("--verbose", action="store_true", help="show what docker prints")
    values = commands.add_parser("values", help="write the tags as values for Helm")
    values.add_argument("file", metavar="FILE", help="a YAML file; - for standard output")
    values.add_argument("--beside", action="store_true", help="of the services that exist on a cluster only (charts/observability)")
    return parser


def _do(tree: Tree, arguments: argparse.Namespace) -> None:
    if arguments.command == "stage":
        staged = tree.staged(arguments.service)
        staged.write(arguments.folder)
        sys.stdout.write(f"{staged.reference}\n")
    elif arguments.command == "tag":
        sys.stdout.write("".join(f"{tree.staged(image).reference}\n" for image in arguments.services or tree.images))
    elif arguments.command == "build":
        build_all(tree, arguments)
    else:
        write_values(tree, arguments.file, beside=arguments.beside)


def main(words: list[str], root: Path = ROOT) -> int:
    """Exit code 1 and one line on standard error for what cannot be done; 2 for what argparse refuses."""
    try:
        _do(Tree(root), _parser().parse_args(words))
    except (Refused, OSError) as error:
        sys.stderr.write(f"images: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
