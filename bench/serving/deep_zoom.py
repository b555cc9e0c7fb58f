"""OpenSlide's DeepZoomGenerator behind the server of Python's library: what its own examples do.

One thread a connection, one generator for all (OpenSlide may be asked by several threads at once), JPEG of
the quality that microtome encodes with.
"""

import io
import pathlib
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openslide
from openslide.deepzoom import DeepZoomGenerator

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "reading"))
from jobs import serve

QUALITY = 85


def work(job):
    deep = DeepZoomGenerator(openslide.OpenSlide(job["slide"]))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body in one segment, and no waiting for acknowledgements between them.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self):
            level, column, row = map(int, re.findall(r"\d+", self.path))
            bytes_ = io.BytesIO()
            deep.get_tile(level, (column, row)).save(bytes_, "JPEG", quality=QUALITY)
            body = bytes_.getvalue()
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"port": server.server_port, "deepZoom": "/slide", "tiles": None}


serve(f"{openslide.__version__} over OpenSlide {openslide.__library_version__}", work)
