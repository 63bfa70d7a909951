"""The command line, `instseg`: the only part that prints.

Results go to standard output; what is said about them goes to standard error. Exit codes: 0 all
went well, 1 some of it failed, 2 nothing could be done (usage, no such model), 130 interrupted,
141 nobody reads the output any more.
"""

from instseg_ui.cli.app import Serve, run

__all__ = ["Serve", "run"]
