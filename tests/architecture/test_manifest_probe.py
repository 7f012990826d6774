"""The probe that imports manifests sees what importing does, and only that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.tree import ROOT

QUIET = "from farthing.kit.manifest import Manifest\nMANIFEST = Manifest(name='{name}', task='Rest.', calls=('other',))\n"


def probe(folder: Path, *names: str) -> dict[str, Any]:
    command = [sys.executable, "-B", str(ROOT / "tests/architecture/manifest_probe.py"), *names]
    answer = subprocess.run(command, capture_output=True, check=True, env={"PYTHONPATH": str(folder)})
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def plant(folder: Path, name: str, more: str = "") -> None:
    package = folder / "farthing" / name
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "service.py").write_text(QUIET.format(name=name) + more)


def test_answers_the_manifest_and_no_effects_of_a_quiet_service(tmp_path: Path) -> None:
    plant(tmp_path, "quiet")
    found = probe(tmp_path, "quiet")["quiet"]
    assert found["effects"] == []
    assert (found["manifest"]["name"], found["manifest"]["calls"], found["manifest"]["emits"]) == ("quiet", ["other"], [])


@pytest.mark.parametrize(
    ("source", "effect"),
    [
        ("open('note.txt', 'w')", "opened note.txt for writing"),
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(1,), daemon=True).start()", "started a thread"),
        ("import os\nos.environ['A'] = 'b'", "os.putenv"),
        ("import socket\nsocket.socket().bind(('127.0.0.1', 0))", "socket.bind"),
        ("import subprocess\nsubprocess.run(['true'])", "subprocess.Popen"),
    ],
)
def test_names_what_a_noisy_service_does(source: str, effect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plant(tmp_path, "noisy", source)
    plant(tmp_path, "quiet")
    found = probe(tmp_path, "noisy", "quiet")
    assert any(seen.startswith(effect) for seen in found["noisy"]["effects"])
    assert found["quiet"]["effects"] == []


def test_says_why_there_is_no_manifest(tmp_path: Path) -> None:
    plant(tmp_path, "needy", "import os\nos.environ['NEEDED']\n")
    plant(tmp_path, "quiet")
    found = probe(tmp_path, "needy", "missing", "quiet")
    assert found["needy"]["problem"] == "KeyError: 'NEEDED'"
    assert found["missing"]["problem"] == "ModuleNotFoundError: No module named 'farthing.missing'"
    assert found["quiet"]["manifest"]["name"] == "quiet"
