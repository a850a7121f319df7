"""OCA's resource_booking from PyPI: what `./dev bench slots` is measured against."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from . import locking, odoo_run, odoo_source, paths, say, venv

REQUIREMENTS = paths.REPOSITORY / "devtools" / "requirements-rival.txt"
MODULE = "resource_booking"


def folder():
    """Return where the pinned packages stand, or would.

    :rtype: Path
    """
    return paths.cache() / "rival" / paths.digest(REQUIREMENTS.read_text())


def ensure():
    """Have the rival in the cache.

    :return: whether it is there; a notice says why not
    :rtype: bool
    """
    with locking.locked("rival"):
        if folder().exists():
            return True
        say.step("fetching OCA's resource_booking (once)")
        return _fetch()


def _fetch():
    """Install the packages into a folder of their own, complete or not at all.

    :return: whether that worked
    :rtype: bool
    """
    place = Path(tempfile.mkdtemp(dir=paths.made(folder().parent)))
    install = [venv.python(), "-m", "pip", "install", "--no-deps", "--no-input", "--quiet"]
    result = subprocess.run(
        [*map(str, install), "--target", str(place), "-r", str(REQUIREMENTS)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        shutil.rmtree(place)
        say.warn(f"{MODULE} cannot be had, so it is not measured: {result.stderr.strip()[-300:]}")
        return False
    place.rename(folder())
    return True


def options():
    """Return the options that let Odoo find the rival beside the addon.

    :rtype: list[str]
    """
    addons = [*odoo_source.addons_paths(), paths.REPOSITORY, folder() / "odoo" / "addons"]
    return [f"--addons-path={','.join(map(str, addons))}"]


def environment():
    """Return the environment in which its Python requirement is found.

    :rtype: dict[str, str]
    """
    return {"PYTHONPATH": str(folder())}


def install(database):
    """Install the rival into a database.

    :param str database: where
    """
    script = f"""
module = env["ir.module.module"]
module.update_list()
module.search([("name", "=", "{MODULE}")]).button_immediate_install()
"""
    odoo_run.run_script(database, script, options(), environment())
