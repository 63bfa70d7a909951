"""The HTTP interface without the page: `python -m instseg_ui.api`."""

from __future__ import annotations

import logging
import sys

from pydantic import ValidationError

from instseg_ui.api import create_app, serve
from instseg_ui.errors import InstSegError
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings


def main() -> int:
    """Serve until interrupted; 2 if the settings or the catalog cannot be used."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = Settings()
        segmenter = Segmenter(settings)
    except (ValidationError, InstSegError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with segmenter:
        segmenter.prepare()
        sys.stderr.write(f"InstSeg UI, HTTP only, on http://{settings.host}:{settings.port}\n")
        serve(create_app(segmenter), settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
