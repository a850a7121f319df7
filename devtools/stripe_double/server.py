"""HTTP on 127.0.0.1: the API, Stripe.js, the bank's page and the controls."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from . import faults
from .api import Api, Request, as_json
from .challenge import Challenge
from .controls import Controls
from .deliveries import Deliverer
from .onboarding import Onboarding
from .resources import LOOPBACK
from .store import Hub
from .stripe_js import script

HOST = "127.0.0.1"
MAX_BODY = 1_000_000


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port=0, *, secret_key, publishable_key, verbose=False):
        self.hub = Hub(secret_key, publishable_key)
        self.api = Api(self.hub)
        self.controls = Controls(self.hub)
        self.challenge = Challenge(self.hub)
        self.onboarding = Onboarding(self.hub)
        self.deliverer = Deliverer(self.hub)
        self.verbose = verbose
        super().__init__((HOST, port), Handler)

    @property
    def url(self):
        return f"http://{HOST}:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self._serve()

    def do_POST(self):
        self._serve()

    def do_DELETE(self):
        self._serve()

    def do_OPTIONS(self):
        """Answer the browser's question before a cross-origin call of Stripe.js."""
        self._send(204, b"", "text/plain", {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers":
                "authorization, content-type, stripe-account, stripe-version",
        })

    def _serve(self):
        request = self._read()
        if request is None:
            return
        if request.path.startswith("/v1/"):
            reply = self.server.api.answer(request)
            if reply.fault:
                faults.send(self, reply, reply.fault)
            else:
                self._send_reply(reply)
        elif request.path.startswith("/_double/"):
            status, body = self.server.controls.answer(request)
            self._send(status, as_json(body), "application/json")
        elif request.path.startswith("/3ds/"):
            self._send_page(*self.server.challenge.answer(request))
        elif request.path.startswith("/connect/"):
            self._send_page(*self.server.onboarding.answer(request))
        elif request.path.rstrip("/") == "/v3" and request.method == "GET":
            self._send(200, script().encode(), "text/javascript; charset=utf-8")
        else:
            self._send(404, b"not here", "text/plain")
        self.server.deliverer.flush()

    def _read(self):
        """Return the request with its body: Odoo sends the parameters of a GET there too."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(413, b"too large", "text/plain")
            return None
        parts = urlsplit(self.path)
        return Request(
            self.command, parts.path, parts.query,
            self.rfile.read(length).decode("utf-8", "replace"),
            {name.lower(): value for name, value in self.headers.items()},
            self.server.url,
        )

    def _send_reply(self, reply):
        self._send(reply.status, as_json(reply.body), "application/json", reply.headers)

    def _send_page(self, status, page, address):
        headers = {"Location": address} if address else {}
        self._send(status, page.encode(), "text/html; charset=utf-8", headers)

    def _send_part_of(self, reply):
        """Begin an answer in chunks, and end the connection in the middle of the first."""
        content = as_json(reply.body)
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(f"{len(content):x}\r\n".encode() + content[: len(content) // 2])
        self.close_connection = True

    def _send(self, status, content, content_type, headers=None):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        for name, value in {**self._cors(), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _cors(self):
        """Pages of this machine may call the API, as any page may call Stripe's."""
        origin = self.headers.get("Origin", "")
        if self.path.startswith("/_double/") or urlsplit(origin).hostname not in LOOPBACK:
            return {}
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}

    def log_message(self, template, *args):
        if self.server.verbose:
            super().log_message(template, *args)
