"""A place where the stand-in's webhooks arrive."""

import json
import queue
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Inbox(ThreadingHTTPServer):
    """Where the events arrive."""

    daemon_threads = True

    def __init__(self):
        self.received = queue.Queue()
        super().__init__(("127.0.0.1", 0), InboxHandler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/payment/stripe/webhook"

    def next(self):
        """Return the signature and the body of the next event."""
        return self.received.get(timeout=10)

    def types(self, count):
        return [json.loads(self.next()[1])["type"] for _ in range(count)]


class InboxHandler(BaseHTTPRequestHandler):

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.received.put((self.headers["Stripe-Signature"], body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args):
        pass
