"""A real SMTP server for the tests: keeps every mail as <n>.eml, with what it says as <n>.json.

Usage: smtp_server.py FOLDER. Prints "listening on PORT" when it is ready. AUTH is offered
(siaga / smtp-password) and not required. 550 5.1.1 to nobody@..., 451 4.2.1 to later@...
"""

import asyncio
import email
import email.policy
import json
import os
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


def authenticate(server, session, envelope, mechanism, data):
    known = mechanism in ("LOGIN", "PLAIN") and data.login == b"siaga"
    return AuthResult(success=known and data.password == b"smtp-password", auth_data=data)


async def main(folder):
    keeper = Keeper(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(keeper, hostname="localhost", authenticator=authenticate,
                     auth_require_tls=False, enable_SMTPUTF8=True),
        "127.0.0.1", 0)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(sys.argv[1]))
