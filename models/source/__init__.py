"""Python source of a network <-> its graph, without running it: read, edit, fold, compare. Free of torch at import.

Only shapes.py and traced.py run a network; they import torch late and belong in workers and inspectors.
"""
