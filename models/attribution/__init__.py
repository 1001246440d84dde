"""Attribution: which pixels a network's answer comes from. One engine, one file a method, nothing left in the network.

``tracer`` runs a forward pass and sees every operation; ``relevance`` and ``rectifiers`` change what goes backward;
``methods`` has one file for each way to explain. Sources are named in each file; formulas and traps that were
measured are in docs/inspection.md.
"""
