"""The other end of a contender, for peers in Python: a job a line in, an answer a line out, both JSON."""

import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def serve(version, work):
    """Greets, then does a job a line; work(job, lanes) returns what is to be answered."""
    say({"version": version})
    for line in sys.stdin:
        job = json.loads(line)
        try:
            started, before = time.perf_counter(), time.process_time()
            answer = work(job)
            seconds, cpu = time.perf_counter() - started, time.process_time() - before
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            # KiB on Linux, bytes on macOS.
            peak_mib = peak / 2**20 if sys.platform == "darwin" else peak / 2**10
            say({**answer, "seconds": seconds, "cpuSeconds": cpu, "peakMiB": peak_mib})
        except Exception as error:  # whatever it is, the bench must hear of it
            say({"error": f"{type(error).__name__}: {error}"})


def say(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def in_lanes(boxes, streams, make_reader):
    """Reads every box, in `streams` threads; make_reader() gives each thread a reader of its own."""
    if streams == 1:
        read = make_reader()
        return [read(box) for box in boxes]
    shares = [boxes[lane::streams] for lane in range(streams)]

    def lane(share):
        read = make_reader()
        return [read(box) for box in share]

    with ThreadPoolExecutor(streams) as pool:
        return [found for part in pool.map(lane, shares) for found in part]
