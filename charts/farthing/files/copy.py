"""Copy the installed code of the platform into a folder: python copy.py FOLDER"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path

shutil.copytree(Path(sysconfig.get_path("purelib")) / "farthing", Path(sys.argv[1]) / "farthing", dirs_exist_ok=True)
