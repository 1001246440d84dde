"""The web: the only place that knows HTTP, HTML and sockets. Never imports torch."""
