"""What a message looks like to each kind of receiver: JSON of our own, of Slack, of Discord; a mail. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

COLOURS = {"done": 0x009E73, "error": 0xD55E00, "divergence": 0xD55E00, "stall": 0xE69F00, "plateau": 0xE69F00}
GREY = 0x808080
MOST = 1500
"""Characters of a text; Slack and Discord refuse longer ones at 3,000 and 4,096."""


def webhook(message: Mapping[str, Any], number: int, when: float) -> dict[str, Any]:
    """The generic shape: all there is, with a number by which a receiver knows a message that comes twice."""
    return {"foveal": 1, "id": number, "time": when, **message}


def slack(message: Mapping[str, Any], _number: int, _when: float) -> dict[str, Any]:
    """Slack's incoming webhooks: ``text`` for notifications, a block for the channel."""
    title = _slack_text(message["title"])
    head = f"*<{message['url']}|{title}>*" if message["url"] else f"*{title}*"
    words = f"{head}\n{_slack_text(message['text'][:MOST])}".strip()
    return {"text": title, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": words}}]}


def discord(message: Mapping[str, Any], _number: int, _when: float) -> dict[str, Any]:
    """Discord's webhooks: an embed; nobody is mentioned, whatever a job is called."""
    embed = {
        "title": message["title"][:250],
        "description": message["text"][:MOST],
        "color": COLOURS.get(message["event"], GREY),
    }
    return {
        "embeds": [{**embed, **({"url": message["url"]} if message["url"] else {})}],
        "allowed_mentions": {"parse": []},
    }


SHAPES = {"webhook": webhook, "slack": slack, "discord": discord}


def mail(message: Mapping[str, Any], number: int, sender: str, target: str) -> EmailMessage:
    """A plain mail; its Message-ID follows from the number, so that a mailbox knows one that comes twice."""
    found = EmailMessage()
    found["Subject"] = one_line(f"[Foveal] {message['title']}")
    found["From"], found["To"] = sender, target
    found["Date"] = formatdate()
    domain = sender.rpartition("@")[2].strip("<> ") or "foveal.invalid"
    found["Message-ID"] = f"<foveal-alert-{number}-{message['job']['id'] or 'test'}@{domain}>"
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(
        "\n\n".join(part for part in (message["title"] + ".", message["text"], message["url"]) if part) + "\n"
    )
    return found


def one_line(text: str) -> str:
    """A header must not hold line breaks: a job's name may."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)[:300]


def _slack_text(text: str) -> str:
    """Slack's three characters of control."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
