#!/usr/bin/env python3
"""A release that is up and answers its probes, and fails every business route: for tests of the release scripts."""

import http.server
import json
import os


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        healthy = self.path.startswith("/health/")
        body = json.dumps({"status": "ok", "version": "0.1.0"} if healthy else {"error_code": "INTERNAL"}).encode()
        self.send_response(200 if healthy else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET

    def log_message(self, *_):
        pass


host, port = os.environ["SS_LISTEN"].rsplit(":", 1)
http.server.ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
