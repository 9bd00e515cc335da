"""Makes .venv from the hashed lock, or does nothing where that is done: `python3 requirements/install.py runtime|dev`.

Written so that an old Python can still read it and say what it lacks.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed.json")
LOWEST = (3, 11)


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def stop(text):
    sys.stderr.write("\n" + text + "\n")
    sys.exit(1)


def lock(name):
    return os.path.join(ROOT, "requirements", name + ".txt")


def fingerprint(name):
    with open(lock(name), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def installed():
    """What the stamp says: the name of each set that is complete, with the hash of its lock."""
    try:
        with open(STAMP) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def up_to_date(name):
    """The dev set holds the runtime set, at the same versions."""
    return name in installed() and all(value == fingerprint(key) for key, value in installed().items())


def version_of(python):
    """The (major, minor) of an interpreter; None where it does not start."""
    try:
        found = subprocess.run(
            [python, "-c", "import sys; print(*sys.version_info[:2])"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(int(part) for part in found.stdout.split())


def check_python(exact):
    """Goes on with a newer Python where this one is too old and another is on the PATH."""
    if sys.version_info >= LOWEST:
        return
    for name in ("python3.13", "python3.12", "python3.11"):
        newer = shutil.which(name)
        if newer and version_of(newer) and not exact:
            os.execv(newer, [newer, *sys.argv])
    stop("KPI Tracker needs Python 3.11 or newer; %s is Python %d.%d." % (sys.executable, *sys.version_info[:2]))


def make_venv(uv):
    options = ["--clear"]
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        if not uv:
            stop(
                "This Python (%s) cannot make virtual environments.\nOn Debian and Ubuntu: apt install python3-venv\n"
                "Then run the same command again." % sys.executable
            )
        options.append("--without-pip")
    say("Making .venv with Python %d.%d.%d" % sys.version_info[:3])
    subprocess.run([sys.executable, "-m", "venv", *options, VENV], check=True)


def find_uv():
    """The uv to install with: the one on the PATH, else a pinned one in .venv; None where neither is to be had."""
    found = shutil.which("uv") or shutil.which("uv", path=os.path.join(VENV, "bin"))
    if found or not os.path.exists(PYTHON):
        return found
    say("Fetching uv, which installs the packages faster than pip")
    done = subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock("uv")], check=False)
    return os.path.join(VENV, "bin", "uv") if done.returncode == 0 else None


def install(name):
    uv = find_uv()
    with open(lock(name)) as file:
        count = sum("==" in line for line in file)
    pip = [PYTHON, "-m", "pip", "install"]
    commands = [[uv, "pip", "install", "--python", PYTHON], pip] if uv else [pip]
    for command in commands:
        say("Installing up to %d packages with %s" % (count, "pip" if command is pip else "uv"))
        # uv reads no pip settings: behind a proxy or mirror that only pip knows of, pip is the one that works.
        environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
        done = subprocess.run([*command, "--require-hashes", "-r", lock(name)], check=False, env=environment)
        if done.returncode == 0:
            break
    else:
        stop("The packages could not be installed; the lines above say why. Run the same command again to go on.")
    kept = {key: value for key, value in installed().items() if value == fingerprint(key)}
    with open(STAMP, "w") as file:
        json.dump({**kept, name: fingerprint(name)}, file)


def main(name, exact):
    """exact: this very Python was asked for, so a .venv of another version is made anew."""
    check_python(exact)
    there = version_of(PYTHON)
    fits = there is not None and there >= LOWEST and (not exact or there == sys.version_info[:2])
    if fits and (up_to_date(name) or (name == "runtime" and up_to_date("dev"))):
        return
    if not fits:
        make_venv(shutil.which("uv"))
    install(name)


if __name__ == "__main__":
    main(sys.argv[1], exact="--exact" in sys.argv)
