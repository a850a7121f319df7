"""The rules need no Odoo: put the addon's folder on the path, so that `rules` is a package."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.append(str(Path(__file__).parents[2] / "appointment_payments"))

settings.register_profile("rules", deadline=None, max_examples=200)
settings.load_profile("rules")
