"""A person has left: what customers answer still lands where it belongs, and the successor is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from office import ROOT, address

LEAVER, SUCCESSOR = "newuser", "seconduser"


def offboard(office, **told):
    """Run the playbook against an office that was set up by hand."""
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "odoo_url": office.server["url"],
        "odoo_database": office.name,
        "odoo_login": office.server["login"],
        "person_email": address(LEAVER),
        **told,
    }
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "office,", "-e", json.dumps(variables)]
    inventory = ROOT / ".cache" / "office.yml"
    inventory.parent.mkdir(exist_ok=True)
    inventory.write_text("odoo_databases: {hosts: {office: {}}}\n")
    command[2] = inventory
    done = subprocess.run(
        [*command, ROOT / "playbooks" / "offboard.yml"],
        check=False,
        cwd=ROOT,
        env={**os.environ, "ODOO_PASSWORD": office.server["password"], "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def notified(office, message_id):
    """Who was told of a message."""
    (message,) = office.search("mail.message", [("message_id", "=", message_id)], "id", "model", "res_id")
    # From the table: later series show everybody their own only.
    tables = "coalesce(to_regclass('mail_notification'), to_regclass('mail_message_res_partner_needaction_rel'))"
    table = office.sql(f"SELECT {tables}").strip()
    told = office.sql(f"SELECT res_partner_id FROM {table} WHERE mail_message_id = {message['id']}")
    return (message["model"], message["res_id"]), {int(partner) for partner in told.split()}


def partner_of(office, person):
    return office.read("res.users", office.people[person], "partner_id")[0]["partner_id"][0]


def correspondence(office):
    """A message of the person's on a record that they follow, to be answered to the person's own address."""
    trip = office.send("chatter", LEAVER)
    office.call("res.partner", "message_subscribe", [trip.record], [partner_of(office, LEAVER)])
    # Whether the provider took it without the addon is not what this is about.
    (message,) = office.search("mail.message", [("subject", "=", trip.subject)], "message_id")
    trip.message_id, trip.reply_to = message["message_id"], address(LEAVER)
    return trip


@pytest.mark.parametrize("addon", [False, True], ids=["core", "addon"])
@pytest.mark.parametrize("deliver_to", [address(SUCCESSOR), "catchall"])
def test_answers_after_somebody_left(new_office, series, addon, deliver_to):
    office = new_office(series, addon=addon)
    if addon:
        office.call("fetchmail.server", "write", [office.fetching[LEAVER]], {"only_replies": True})
    trip = correspondence(office)
    before = office.answer(trip, "Before.")
    assert office.mailbox(LEAVER).wait_for(f"Re: {trip.subject}")
    office.fetch(LEAVER)
    record, told = notified(office, before)
    assert record == ("res.partner", trip.record)
    # Later series do not tell who is among the addressees what is in their mailbox already.
    assert told <= {partner_of(office, LEAVER)}

    offboard(office, deliver_to=deliver_to)
    active = {
        model: office.read(model, number, "active")[0]["active"]
        for model, number in (
            ("res.users", office.people[LEAVER]),
            ("ir.mail_server", office.servers[LEAVER]),
            ("fetchmail.server", office.fetching[LEAVER]),
        )
    }
    assert active == {"res.users": False, "ir.mail_server": False, "fetchmail.server": True}

    after = office.answer(trip, "After.")
    assert office.mailbox(LEAVER).wait_for(f"Re: {trip.subject}", count=2)
    # As Odoo's scheduled action does, which passes over what is archived.
    office.fetch(LEAVER)
    record, told = notified(office, after)
    assert record == ("res.partner", trip.record)
    assert told == {partner_of(office, SUCCESSOR)} if deliver_to != "catchall" else told <= {partner_of(office, LEAVER)}


@pytest.mark.parametrize("addon", [False, True], ids=["core", "addon"])
def test_answers_that_the_provider_forwards(new_office, series, addon):
    """The mailbox is closed: the provider hands its mail to the successor's, which Odoo reads."""
    office = new_office(series, addon=addon)
    if addon:
        office.call("fetchmail.server", "write", [office.fetching[SUCCESSOR]], {"only_replies": True})
    trip = correspondence(office)
    offboard(office, deliver_to=address(SUCCESSOR), person_mailbox="closed")
    assert not office.read("fetchmail.server", office.fetching[LEAVER], "active")[0]["active"]
    # To the person, and brought to the successor.
    deliver = office.deliver
    office.deliver = lambda message, to: deliver(message, address(SUCCESSOR))
    answer = office.answer(trip)
    office.deliver = deliver
    assert office.mailbox(SUCCESSOR).wait_for(f"Re: {trip.subject}")
    office.fetch(SUCCESSOR)
    record, told = notified(office, answer)
    assert record == ("res.partner", trip.record)
    # Later series see from Delivered-To that the successor has the mail itself, and do not send a second.
    assert told <= {partner_of(office, SUCCESSOR)}
    assert told or office.mailbox(SUCCESSOR).find(f"Re: {trip.subject}")
