#!/usr/bin/env python
import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from kpi_tracker.demo.secret import make_secret_key

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpi_tracker.settings")
    if sys.argv[1:2] == ["demo"] and not os.environ.get("SECRET_KEY"):
        # Before the settings are read: they stop without a key.
        make_secret_key(Path(os.environ.get("VAR_DIR") or Path(__file__).resolve().parent / "var"))
    execute_from_command_line(sys.argv)
