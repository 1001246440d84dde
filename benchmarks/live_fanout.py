"""From a worker's write to the event in 100 browsers: the 95th percentile is under 0.4 s.

A writer appends events and curve points as a training does (20 times a second); 100 Socket.IO clients, in a process of
their own, watch the job over websockets and compare each event's time with their clock.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import websocket

from benchmarks._harness import Claim, arguments, verdict
from benchmarks._server import ROOT, running
from jobs.folder import EventLog
from jobs.job import Job, new_id
from jobs.series import SeriesWriter
from jobs.store import Store

CLIENTS = 100
WRITES_PER_SECOND = 20


class Browser(threading.Thread):
    """One Socket.IO client that watches a job and notes how late each event comes."""

    def __init__(self, url: str, job: str) -> None:
        super().__init__(daemon=True)
        self.delays: list[float] = []
        self.seqs: list[int] = []
        self.socket = websocket.create_connection(url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket")
        self._until("0")
        self.socket.send("40")
        self._until("40")
        self.socket.send("421" + json.dumps(["join", {"room": f"job:{job}", "seq": 0, "counts": {}}]))
        self._until("431")

    def _until(self, start: str) -> None:
        while not (text := str(self.socket.recv())).startswith(start):
            self._pong(text)

    def _pong(self, text: str) -> None:
        if text == "2":
            self.socket.send("3")

    def run(self) -> None:
        """Listen until the connection ends."""
        while True:
            try:
                text = str(self.socket.recv())
            except (websocket.WebSocketException, OSError):
                return
            now = time.time()
            self._pong(text)
            if text.startswith('42["update"'):
                for event in json.loads(text[2:])[1]["events"]:
                    self.delays.append(now - event["time"])
                    self.seqs.append(event["seq"])


def browsers(url: str, job: str, seconds: float) -> None:
    """The clients' process: prints "ready", listens, then prints what it saw as one line of JSON."""
    clients = [Browser(url, job) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    print("ready", flush=True)
    time.sleep(seconds)
    delays = [delay for client in clients for delay in client.delays]
    whole = sum(client.seqs == list(range(client.seqs[0], client.seqs[-1] + 1)) for client in clients if client.seqs)
    print(json.dumps({"delays": delays, "whole": whole}), flush=True)


def write(store: Store, job: str, seconds: float) -> int:
    """Write as a training does; how many events."""
    folder = store.folder(job)
    log, series = EventLog(folder.events_path), SeriesWriter(folder.series)
    end, step = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for _ in range(10):
            step += 1
            series.add(step, time.time(), {"train/loss": 1 / step, "train/accuracy": 0.5, "learning_rate": 0.01})
        series.flush()
        log.append("progress", fraction=0.5, rate=1000.0, unit="images", eta=60.0)
        time.sleep(1 / WRITES_PER_SECOND)
    return step // 10


def main() -> None:
    """One server, one writer, one process of browsers."""
    seconds = 3.0 if arguments(__doc__ or "").quick else 10.0
    with tempfile.TemporaryDirectory() as home, running(Path(home)) as server:
        store = Store(Path(home))
        job = Job(id=new_id(), type="model", task="train_model", name="live", options={}, parents=("missing",))
        store.create(job)
        command = [sys.executable, "-m", "benchmarks.live_fanout", server.url, job.id, str(seconds + 1.5)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as clients:
            assert clients.stdout is not None
            clients.stdout.readline()
            written = write(store, job.id, seconds)
            seen = json.loads(clients.stdout.readline())
    delays = np.array(seen["delays"]) * 1e3
    p50, p95, p99 = np.percentile(delays, [50, 95, 99])
    print(f"  {written} events to {CLIENTS} browsers: {len(delays)} deliveries, p50 {p50:.0f}, p99 {p99:.0f} ms")
    verdict(
        Claim("p95 from write to browser, ms", float(p95), most=400.0),
        Claim("deliveries of those written, share", len(delays) / (written * CLIENTS), least=1.0),
        Claim("browsers that saw every event once and in order", float(seen["whole"]), least=CLIENTS),
    )


if __name__ == "__main__":
    if len(sys.argv) == 4:
        browsers(sys.argv[1], sys.argv[2], float(sys.argv[3]))
    else:
        main()
