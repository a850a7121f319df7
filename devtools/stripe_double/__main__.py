"""Start the stand-in: python -m devtools.stripe_double --port 0 --port-file FILE"""

import argparse
import os
import pathlib
import signal
import sys
import threading

from .server import Server

SECRET_KEY = "sk_test_double"
PUBLISHABLE_KEY = "pk_test_double"


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m devtools.stripe_double",
        description="A Stripe that runs on this machine: API, Stripe.js, webhooks. No money moves.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--port-file", type=pathlib.Path, help="where to write the port once open")
    parser.add_argument("--public-key", default=PUBLISHABLE_KEY, help="default: %(default)s")
    parser.add_argument("--secret-key", default=SECRET_KEY, help="default: %(default)s")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    return parser.parse_args(arguments)


def write_port(path, port):
    """Write the file at once, so that whoever waits for it never reads half a number."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(f"{port}\n")
    os.replace(temporary, path)


def main(arguments=None):
    options = parse(arguments)
    server = Server(
        options.port, secret_key=options.secret_key, publishable_key=options.public_key,
        verbose=options.verbose,
    )
    if options.port_file:
        write_port(options.port_file, server.server_port)
    print(f"Stripe stand-in on {server.url} (keys {options.public_key}, {options.secret_key})",
          flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
