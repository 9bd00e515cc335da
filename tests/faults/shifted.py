"""Celery with a clock that is wrong: `python -m tests.faults.shifted SECONDS ARGUMENTS-OF-CELERY…`. The computer's own stays right."""

from __future__ import annotations

import sys
import time

import time_machine

if __name__ == "__main__":
    seconds = float(sys.argv.pop(1))
    with time_machine.travel(time.time() + seconds, tick=True):
        from celery.__main__ import main

        sys.exit(main())
