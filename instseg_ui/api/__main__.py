"""The HTTP interface without the page: `python -m instseg_ui.api`."""

from __future__ import annotations

import sys

from instseg_ui.app import main

if __name__ == "__main__":
    sys.exit(main(page=False))
