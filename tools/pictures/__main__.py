"""Draw a dashboard from what its own queries answer: `python -m tools.pictures rollout docs/images/rollout.png --service webhooks`.

For documents, and for a look where no Grafana can be had. Prometheus is asked at a forwarded port:
`kubectl -n farthing port-forward service/observability-prometheus 9090`.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tools.pictures.answers import Prometheus, Unanswered
from tools.pictures.drawing import draw
from tools.pictures.panels import NAMES, panels_of


def main() -> int:
    wanted = _arguments()
    until = time.time()
    prometheus = Prometheus(wanted.prometheus, until - 60 * wanted.minutes, until)
    try:
        shown = [(panel, prometheus.series(panel)) for panel in panels_of(wanted.dashboard, wanted.service)]
        changes = prometheus.times(f'max(farthing_rollouts_in_progress{{service="{wanted.service}"}}) > 0')
    except Unanswered as error:
        sys.stderr.write(f"{error}\n")
        return 1
    draw(shown, changes, wanted.file)
    sys.stdout.write(f"{wanted.file}: {sum(bool(series) for _, series in shown)} of {len(shown)} panels have something to show\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description=__doc__)
    parser.add_argument("dashboard", choices=NAMES)
    parser.add_argument("file", type=Path, help="PNG or SVG, by its ending")
    parser.add_argument("--service", default="orders", help="the one that is looked at, where the dashboard asks (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=10, help="until now (default: %(default)s)")
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", metavar="URL", help="default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
