"""Image sets on disk: sources, resize modes, the LMDB database, statistics. Knows nothing of jobs, networks or HTTP."""
