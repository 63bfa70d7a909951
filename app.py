"""Starts the page and the HTTP interface; a Hugging Face Space starts this file too."""

from instseg_ui.app import main

raise SystemExit(main())
