"""Figures, tables and reports: each shown once, for the page, the files and the command line."""
