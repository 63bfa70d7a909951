"""The Benchmark tab: how long models take on this machine."""
