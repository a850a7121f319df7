"""Start Odoo's command line with Odoo at the end of Python's path.

At the end, because an ODOO_HOME below /usr/lib would bring the system's libraries
before the pinned ones.
"""

import os
import sys

sys.path.append(os.environ["APPAY_ODOO_ROOT"])

import odoo.cli

if __name__ == "__main__":
    odoo.cli.main()
