"""A real SMTP server for the sender tests: takes mail, parses it with Python's own parser, verifies DKIM with dkimpy.

Usage: mail_receiver.py PORT DNS_FILE
DNS_FILE holds JSON: TXT records by name, the faked answers of the domain name system.
Prints one JSON line when it listens, and one for each message it has accepted.
"""

import json
import sys
from email import message_from_bytes, policy

import dkim
from aiosmtpd.controller import Controller

PORT = int(sys.argv[1])
with open(sys.argv[2], encoding="utf-8") as file:
    RECORDS = json.load(file)


def txt(name, timeout=5):
    """Answers dkimpy's question for a TXT record."""
    key = name.decode() if isinstance(name, bytes) else name
    record = RECORDS.get(key.rstrip("."))
    return record.encode() if record is not None else None


def verified(raw):
    """Whether the signature holds, and which headers it covers."""
    checker = dkim.DKIM(raw)
    try:
        valid = checker.verify(dnsfunc=txt)
    except dkim.DKIMException as fault:
        return {"valid": False, "fault": str(fault)}
    return {"valid": valid, "fault": None}


def signed_headers(message):
    """The names that the signature covers: its tag h (RFC 6376, section 3.5)."""
    tags = dict(tag.strip().split("=", 1) for tag in str(message["dkim-signature"] or "").split(";") if "=" in tag)
    return [name.strip().lower() for name in "".join(tags.get("h", "").split()).split(":") if name]


def part(message, kind):
    """The first part of a content type, as text."""
    for one in message.walk():
        if one.get_content_type() == kind:
            return one.get_content()
    return None


class Receiver:
    async def handle_DATA(self, server, session, envelope):
        raw = envelope.original_content or envelope.content
        message = message_from_bytes(raw, policy=policy.default)
        report = {
            "mail_from": envelope.mail_from,
            "rcpt_tos": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "headers": [[name.lower(), str(value)] for name, value in message.items()],
            "defects": [repr(defect) for one in message.walk() for defect in one.defects],
            "content_type": message.get_content_type(),
            "parts": [one.get_content_type() for one in message.walk() if not one.is_multipart()],
            "plain": part(message, "text/plain"),
            "html": part(message, "text/html"),
            "dkim": {**verified(raw), "headers": signed_headers(message)},
            "bare_line_feeds": raw.count(b"\n") - raw.count(b"\r\n"),
            "longest_line": max(len(line) for line in raw.split(b"\r\n")),
            "bytes": len(raw),
        }
        print(json.dumps(report), flush=True)
        return "250 Message accepted"


controller = Controller(Receiver(), hostname="127.0.0.1", port=PORT, decode_data=False, enable_SMTPUTF8=True)
controller.start()
print(json.dumps({"listening": PORT}), flush=True)
try:
    sys.stdin.read()  # until the test closes the pipe
finally:
    controller.stop()
