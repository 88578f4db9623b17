"""How fast the gateway serves, beside its peers: `python -m benchmarks.serving`."""
