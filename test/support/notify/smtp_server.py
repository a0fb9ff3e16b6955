"""An SMTP server (aiosmtpd) for tests. Takes its options as JSON in argv[1]; prints one JSON line when it listens, then one a mail.

options: tls ("starttls" | "implicit" | "disable"), cert, key, user, password, repeats (logins are answered
by what was sent). Recipients: refused@ is refused for good, busy@ once
only for now, slow@ is not answered for a minute.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

options = json.loads(sys.argv[1])
busy = {"count": 0}


def say(value):
    print(json.dumps(value), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("refused@"):
            return "550 there is no such mailbox"
        if address.startswith("busy@") and busy["count"] == 0:
            busy["count"] += 1
            return "451 try again"
        if address.startswith("slow@"):
            await asyncio.sleep(60)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": session.ssl is not None or options["tls"] == "implicit",
            "login": session.login_data.decode() if session.authenticated else None,
            "content": envelope.content.decode("utf-8", "replace"),
        })
        return "250 taken"


class Login:
    def __call__(self, server, session, envelope, mechanism, auth_data):
        user, password = auth_data.login.decode(), auth_data.password.decode()
        good = user == options.get("user") and password == options.get("password")
        session.login_data = user.encode()
        return AuthResult(success=good, auth_data=auth_data)


class Repeating(SMTP):
    async def smtp_AUTH(self, arg):
        await self.push(f"535 5.7.8 not known: AUTH {arg}")


class Server(Controller):
    def factory(self):
        starttls = options["tls"] == "starttls"
        kind = Repeating if options.get("repeats") else SMTP
        return kind(
            self.handler,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            auth_required="user" in options,
            auth_require_tls=options["tls"] != "implicit",
            authenticator=Login(),
        )


context = None
if options["tls"] != "disable":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options["cert"], options["key"])
server = Server(Handler(), hostname="127.0.0.1", port=options["port"], ssl_context=context if options["tls"] == "implicit" else None)
server.start()
say({"listening": True})
sys.stdin.read()
server.stop()
