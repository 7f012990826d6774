"""The renders that are kept: `python -m tests.charts.renders` writes them anew, with Helm."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
GOLDEN: Final = Path(__file__).parent / "golden"
_KUBERNETES: Final = "1.34.0"


@dataclass(frozen=True, slots=True)
class Render:
    """A chart with one file of values, as a release of the chart's own name in the namespace farthing."""

    name: str
    chart: str
    values: str

    @property
    def golden(self) -> Path:
        return GOLDEN / f"{self.name}.yaml"

    @property
    def values_file(self) -> Path:
        return ROOT / "k8s/environments" / self.values

    def by(self, helm: Path) -> str:
        """What Helm makes of it. Raises CalledProcessError."""
        words: list[str | Path] = [
            helm,
            "template",
            self.chart,
            ROOT / "charts" / self.chart,
            "--namespace",
            "farthing",
            "--kube-version",
            _KUBERNETES,
        ]
        apis = ["--api-versions", "gateway.networking.k8s.io/v1"]
        return subprocess.run([*words, *apis, "--values", self.values_file], capture_output=True, text=True, check=True).stdout


RENDERS: Final = (
    Render("split", "farthing", "dev/farthing.yaml"),
    Render("embedded", "farthing", "dev/embedded.yaml"),
    Render("production", "farthing", "example-production/farthing.yaml"),
    Render("development-parts", "farthing-dev", "dev/farthing-dev.yaml"),
    Render("gateway", "farthing-gateway", "dev/farthing-gateway.yaml"),
    Render("observability", "observability", "dev/observability.yaml"),
    Render("observability-by-operator", "observability", "example-production/observability.yaml"),
)


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for render in RENDERS:
        render.golden.write_text(render.by(Path("helm")))
        sys.stdout.write(f"{render.golden.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
