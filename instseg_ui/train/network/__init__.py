"""The network of the embedded models: its sizes, its layers, its graph and its inference folder.

`spec` imports no framework: what trains the shipped models reads it too.
"""
