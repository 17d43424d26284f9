"""How much `billsync` takes for a large configuration, beside the floor that the same run measures.

Run it as `python -m benchmarks.reconcile [N...]`; `--help` names its parts. It makes its own data and its own server.
"""
