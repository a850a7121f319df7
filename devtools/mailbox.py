"""A mail server on 127.0.0.1 that keeps what it is given and sends nothing."""

import email
import email.policy
import socketserver
import threading

EXTENSIONS = (b"250-mailbox", b"250-8BITMIME", b"250 SMTPUTF8")


class _Session(socketserver.StreamRequestHandler):
    """One SMTP session."""

    def handle(self):
        """Answer commands until the client leaves."""
        self._say(b"220 mailbox")
        for line in self.rfile:
            verb = line.strip().upper()[:4]
            if verb == b"DATA":
                self._say(b"354 go on")
                self.server.keep(self._read_message())
                self._say(b"250 kept")
            elif verb == b"QUIT":
                self._say(b"221 bye")
                return
            else:
                self._say(*(EXTENSIONS if verb == b"EHLO" else [b"250 ok"]))

    def _say(self, *lines):
        """Send lines.

        :param bytes lines: the lines
        """
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))

    def _read_message(self):
        """Read a message up to the line with a single dot.

        :rtype: bytes
        """
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


class Mailbox(socketserver.ThreadingTCPServer):
    """All mails of one server, whoever they are for; it answers until `close`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Session)
        self.messages = []
        self.arrived = threading.Condition()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        """The port of 127.0.0.1.

        :rtype: int
        """
        return self.server_address[1]

    def options(self):
        """Return the options that lead Odoo's mails here.

        :rtype: list[str]
        """
        return ["--smtp", "127.0.0.1", "--smtp-port", str(self.port)]

    def keep(self, content):
        """Keep a message.

        :param bytes content: the message as it came
        """
        message = email.message_from_bytes(content, policy=email.policy.default)
        with self.arrived:
            self.messages.append(message)
            self.arrived.notify_all()

    def to(self, address):
        """Return the messages to an address, oldest first.

        :param str address: part of the To header
        :rtype: list[email.message.EmailMessage]
        """
        return [message for message in self.messages if address in str(message["To"])]

    def wait(self, address, count=1, seconds=30):
        """Wait for messages to an address.

        :param str address: part of the To header
        :param int count: how many
        :param float seconds: how long at most
        :return: the messages that came
        :rtype: list[email.message.EmailMessage]
        """
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.to(address)) >= count, seconds)
        return self.to(address)

    def close(self):
        """Stop answering."""
        self.shutdown()
        self.server_close()
