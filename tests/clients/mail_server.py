"""A mail server for the tests: TLS at once on one port, STARTTLS on another, a password on both.

    mail_server.py DIR

DIR holds `ports` (two lines), `server.pem`, `server.key` and `password` (user `hilum`). What is
received is written to DIR/mail/NUMBER.json: the envelope and the message. An address that begins
with `refused` is refused for good, one that begins with `later` the first time.
"""

import asyncio
import itertools
import json
import pathlib
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

folder = pathlib.Path(sys.argv[1])
password = (folder / "password").read_text().strip()
numbers = itertools.count()
seen = set()


class Keeper:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 no such mailbox"
        if address.startswith("later") and address not in seen:
            seen.add(address)
            return "451 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None,
            "message": envelope.content.decode("utf-8", "replace"),
        }
        name = folder / "mail" / f"{next(numbers):06}.json"
        draft = name.with_suffix(".draft")
        draft.write_text(json.dumps(mail))
        draft.rename(name)
        return "250 kept"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (
        b"hilum",
        password.encode(),
    )
    return AuthResult(success=good)


def context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


class AtOnce(Controller):
    def factory(self):
        return SMTP(
            self.handler,
            authenticator=authenticate,
            auth_required=True,
            auth_require_tls=False,  # the whole connection is TLS already
            hostname="localhost",
        )


class Later(Controller):
    def factory(self):
        return SMTP(
            self.handler,
            authenticator=authenticate,
            auth_required=True,
            tls_context=context(),
            require_starttls=True,
            hostname="localhost",
        )


tls, starttls = (int(line) for line in (folder / "ports").read_text().split())
for controller in [
    AtOnce(Keeper(), hostname="127.0.0.1", port=tls, ssl_context=context()),
    Later(Keeper(), hostname="127.0.0.1", port=starttls),
]:
    controller.start()
asyncio.new_event_loop().run_forever()
