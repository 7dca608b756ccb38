#!/usr/bin/env python3
"""Show a customer's mail and its answer go round: from a record, through a user's own server, back to the record.

Prints each step as it happens, as Odoo, the mail server's log and the customer's mailbox tell it, and ends with a failure
where one is not as Postroom promises.
"""

import json
import smtplib
import sys
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from pathlib import Path

import odoorpc

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lab"), str(TESTS / "e2e")]

from folder import lab_dir
from maildir import Mailbox
from postfix import Postfix

SERIES, DATABASE = "19", "postroom_demo_19"
BOB, DEAL = "bob@customer.example", "A deal with Bob"
PEOPLE = {"newuser@mydomain.com": "newuser-odoo", "seconduser@mydomain.com": "seconduser-odoo"}


def main():
    lab = json.loads((lab_dir() / "lab.json").read_text())
    server = lab["odoo"][SERIES]
    admin = log_in(server, server["login"], server["password"])
    bob = contact(admin, "Bob Customer", email=BOB)
    deal = contact(admin, DEAL)
    for login, password in PEOPLE.items():
        round_trip(lab, log_in(server, login, password), admin, login, deal, bob)


def log_in(server, login, password):
    odoo = odoorpc.ODOO("127.0.0.1", port=server["port"], timeout=120)
    odoo.login(DATABASE, login, password)
    return odoo


def contact(odoo, name, **values):
    """A contact of that name; the demo's second run finds the first one's."""
    partners = odoo.env["res.partner"]
    found = partners.search([("name", "=", name)], limit=1)
    return found[0] if found else partners.create([{"name": name, **values}])[0]


def round_trip(lab, user, admin, address, deal, bob):
    log, mailbox = Postfix(lab), Mailbox(lab, BOB)
    token = make_msgid().split("@")[0].strip("<")
    subject = f"Our offer {token}"
    print(f"{address} writes to {BOB} on res.partner {deal}, “{record_name(admin, deal)}”")
    options = {"message_type": "comment", "subtype_xmlid": "mail.mt_comment", "partner_ids": [bob]}
    user.env["res.partner"].browse(deal).message_post(body="Good day, here it is.", subject=subject, **options)

    letter = only(mailbox.wait_for(subject), f"{BOB} has received nothing. The mail server's log: {log.refusals()}")
    message_id, (_name, sender) = letter["Message-Id"].strip(), parseaddr(letter["From"])
    queue_id, login = log.handing_in(message_id) or sys.exit("the mail server did not receive it from a logged-in user")
    say("sent by", f"login {login}, according to the mail server's log")
    say("accepted by", f"{lab['host']}:{lab['ports']['submission']}, as {queue_id}")
    for header in ("From", "Reply-To", "Return-Path"):
        say("received with", f"{header}: {' '.join(letter[header].split())}")
    expect(login, address, "the login")
    expect(sender, address, "From")
    expect(parseaddr(letter["Reply-To"])[1], address, "Reply-To")
    expect(letter["Return-Path"].strip("<> "), address, "Return-Path")

    answer(lab, letter, subject)
    say("replied to", parseaddr(letter["Reply-To"])[1])
    only(Mailbox(lab, address).wait_for(f"Re: {subject}"), f"the reply is not in the mailbox of {address}")
    incoming = only(admin.env["fetchmail.server"].search([("user", "=", address)]), f"no incoming mail server for {address}")
    admin.env["fetchmail.server"].browse(incoming).fetch_mail()
    found = admin.env["mail.message"].search_read([("subject", "=", f"Re: {subject}")], ["model", "res_id", "author_id"])
    landed = only(found, "Odoo has not fetched the reply")
    say(
        "posted on",
        f"{landed['model']} {landed['res_id']}, “{record_name(admin, landed['res_id'])}”, by {landed['author_id'][1]}",
    )
    expect((landed["model"], landed["res_id"], landed["author_id"][0]), ("res.partner", deal, bob), "record and author")


def answer(lab, letter, subject):
    """Bob answers as mail programs do."""
    message = EmailMessage()
    message["From"] = f"Bob Customer <{BOB}>"
    message["To"] = letter["Reply-To"]
    message["Subject"] = f"Re: {subject}"
    message["Message-Id"] = make_msgid(domain="customer.example")
    message["In-Reply-To"] = message["References"] = letter["Message-Id"].strip()
    message.set_content("Gladly.")
    with smtplib.SMTP("127.0.0.1", lab["ports"]["mx"], timeout=30) as mx:
        mx.send_message(message, BOB, [parseaddr(letter["Reply-To"])[1]])


def record_name(odoo, record):
    return odoo.env["res.partner"].read([record], ["name"])[0]["name"]


def only(found, otherwise):
    if len(found) != 1:
        sys.exit(otherwise if not found else f"{len(found)} instead of one: {found}")
    return found[0]


def expect(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what} is {found} instead of {wanted}")


def say(step, text):
    print(f"  {step:<14} {text}", flush=True)


if __name__ == "__main__":
    main()
