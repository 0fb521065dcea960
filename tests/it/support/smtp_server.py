"""A real SMTP server for the tests: keeps every mail as <n>.eml, with what it says as <n>.json.

Usage: smtp_server.py FOLDER [starttls|tls CERTIFICATE KEY]. Prints "listening on PORT" when it is
ready. Without encryption AUTH is offered (siaga / smtp-password) and not required. With it AUTH is
required, under TLS only; what was heard before TLS is in FOLDER/clear.
550 5.1.1 to nobody@..., 451 4.2.1 to later@...
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, folder):
        self.folder, self.count = folder, 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 No such user here"
        if address.startswith("later@"):
            return "451 4.2.1 Mailbox busy, try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        said = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": is_encrypted(server, session),
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "headers": [[name.lower(), str(value)] for name, value in mail.items()],
            "text": text.get_content() if text else "",
            "html": html.get_content() if html else "",
        }
        self.keep("eml", envelope.content)
        self.keep("json", json.dumps(said).encode())
        return f"250 2.0.0 Kept as {self.count}"

    def keep(self, kind, content):
        # Written aside and renamed, so that a reader never sees half of it.
        aside = os.path.join(self.folder, "aside")
        with open(aside, "wb") as file:
            file.write(content)
        os.rename(aside, os.path.join(self.folder, f"{self.count:06}.{kind}"))


def is_encrypted(server, session):
    # After STARTTLS the session knows; under TLS from the first byte the connection does.
    whole = server.transport.get_extra_info("ssl_object")
    return bool(session and session.ssl) or whole is not None


class Listener(SMTP):
    def __init__(self, folder, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.folder = folder

    def data_received(self, data):
        if not is_encrypted(self, self.session):
            with open(os.path.join(self.folder, "clear"), "ab") as file:
                file.write(data)
        super().data_received(data)


def authenticate(server, session, envelope, mechanism, data):
    known = mechanism in ("LOGIN", "PLAIN") and data.login == b"siaga"
    right = known and data.password == b"smtp-password"
    # Not handled: aiosmtpd then words the refusal (535 5.7.8).
    return AuthResult(success=right, handled=False, auth_data=data)


async def main(folder, mode="none", certificate=None, key=None):
    keeper = Keeper(folder)
    loop = asyncio.get_running_loop()
    context = None
    if mode != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    server = await loop.create_server(
        lambda: Listener(folder, keeper, hostname="localhost", authenticator=authenticate,
                         tls_context=context if mode == "starttls" else None,
                         require_starttls=mode == "starttls",
                         auth_required=mode != "none",
                         # Under TLS from the first byte aiosmtpd does not know of it.
                         auth_require_tls=mode == "starttls", enable_SMTPUTF8=True),
        "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
