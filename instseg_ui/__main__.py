"""The command `instseg`, also as `python -m instseg_ui`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command of the program's arguments and end with its exit code."""
    try:
        # Half a second: whoever interrupts it needs no stack.
        from instseg_ui.app import serve
        from instseg_ui.cli import run
    except KeyboardInterrupt:
        sys.exit(130)
    run(start_server=serve)


if __name__ == "__main__":
    main()
