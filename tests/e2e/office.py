"""An Odoo database with users who write to a customer, on the real lab.

By hand, as an administrator would: servers, templates, users. With the addon or without, all else being equal.
"""

import copy
import dataclasses
import itertools
import os
import re
import shutil
import smtplib
import subprocess
import sys
import time
import typing
import uuid
import xmlrpc.client
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lab")]

import database as lab_database
import odoorpc
from maildir import Mailbox
from postfix import Postfix

ADDON = ROOT / "roles" / "routing_addon" / "files" / "smtp_server_per_user"
OAUTH_ADDON = ADDON.with_name("mail_server_oauth")
BOB = "bob@customer.example"
SHARED = "catchall@office.example"
PEOPLE = {"newuser": "New User", "seconduser": "Second User", "nouser": "No Server"}
_numbers = itertools.count(1)


def address(person):
    return f"{person}@office.example"


# ----------------------------------------------------------------------
# The addon in the lab
# ----------------------------------------------------------------------


def deploy(lab, series):
    """Put the addons where this Odoo finds them. Odoo is restarted only if the code is another than before."""
    written = [_put(addon, Path(lab["odoo"][series]["addons"]) / addon.name) for addon in (ADDON, OAUTH_ADDON)]
    if any(written):
        subprocess.run(lab["odoo"][series]["restart"].split(), check=True, capture_output=True)
        wait_until_up(lab, series)


def _put(addon, place):
    """Have an addon's files, and no others, in a place; whether that took any change."""
    wanted, there = (
        {file.relative_to(folder): file.read_bytes() for file in sorted(folder.rglob("*")) if is_source(file)}
        for folder in (addon, place)
    )
    if wanted == there:
        return False
    if place.exists():
        shutil.rmtree(place)
    for file, content in wanted.items():
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).write_bytes(content)
    return True


def is_source(file):
    return file.is_file() and "__pycache__" not in file.parts


def wait_until_up(lab, series):
    deadline = time.monotonic() + 60
    while True:
        try:
            odoorpc.ODOO("127.0.0.1", port=lab["odoo"][series]["port"], timeout=5)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def odoo_command(lab, series, *arguments):
    """Run Odoo's own command line; returns its log."""
    server = lab["odoo"][series]
    done = subprocess.run(
        [server["command"], f"--config={server['config']}", "--no-http", "--stop-after-init", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    log = done.stdout + done.stderr
    assert done.returncode == 0, log[-4000:]
    return log


def shell(lab, series, name, script, stderr=False):
    """Run a script in Odoo's own shell; returns what it printed, or Odoo's log."""
    server = lab["odoo"][series]
    command = [server["command"], "shell", f"--config={server['config']}", "-d", name, "--no-http"]
    done = subprocess.run(command, input=script + "\n", capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    return done.stderr if stderr else done.stdout


def make_template(lab, series, *addons):
    """A database with the addon, to be copied for every test. Returns its name and the log of the installation.

    :param addons: the addons' folders, by default the routing addon's
    """
    names = [each.name for each in addons or (ADDON,)]
    name = "_".join(["test_e2e", series, str(os.getpid()), *(names if addons else ["addon"])])
    lab_database.copy(series, "mail", name, replace=True)
    log = odoo_command(lab, series, f"--database={name}", f"--init={','.join(names)}")
    for each in names:
        state = lab_database.psql(f"SELECT state FROM ir_module_module WHERE name = '{each}'", name).strip()
        assert state == "installed", log[-4000:]
    # Or a request without a database finds the only one that there is, and keeps it open.
    lab_database.close(name)
    return name, log


def copy_of(series, source):
    """A database of its own, from the lab's template or from one with the addon; its name, and its signal."""
    return lab_database.take(series, source or "mail", f"test_e2e_{series}_{os.getpid()}_{next(_numbers)}")


# ----------------------------------------------------------------------
# The office
# ----------------------------------------------------------------------


@dataclasses.dataclass
class Trip:
    """What became of one message, and of the answer to it."""

    case: str
    record: int
    subject: str
    message_id: str = ""
    login: str = ""
    refused: str = ""
    header_from: str = ""
    reply_to: str = ""
    return_path: str = ""
    answered_to: str = ""
    landed_on: tuple = ()
    answer_author: str = ""

    @property
    def delivered(self):
        return bool(self.header_from)

    @property
    def can_be_answered(self):
        return bool(re.fullmatch(r"[\w.+-]+@office\.example", parseaddr(self.reply_to)[1]))


class Office:
    def __init__(self, lab, series, template=None, catchall=True, port="submission"):
        self.lab, self.series, self.addon = lab, series, template is not None
        self.server, self.port = lab["odoo"][series], lab["ports"][port]
        self.open(template)
        self.fields = {}
        self.set_catchall(catchall)
        self.bob = self.create("res.partner", name="Bob Customer", email=BOB)
        self.people = {person: self.make_user(person, name) for person, name in PEOPLE.items()}
        self.servers = {
            person: self.make_server(person, sequence=number) for number, person in enumerate(("newuser", "seconduser"))
        }
        self.servers["shared"] = self.make_server("catchall", sequence=10)
        self.fetching = {person: self.make_incoming(person) for person in ("newuser", "seconduser", "catchall")}
        self.templates = {}

    def open(self, source):
        """Begin with a copy of a database."""
        self.source, (self.name, self.signal) = source or "mail", copy_of(self.series, source)
        self.postfix = Postfix(self.lab)
        self.clients = {}
        self.admin = self.client(self.server["login"], self.server["password"])
        self.admin.env.context["active_test"] = False

    def copy(self):
        """Another office that is set up as this one, of which nothing but copies can be made any more."""
        if self.signal:
            lab_database.close(self.name)
            self.signal = None
        made = copy.copy(self)
        for name in ("fields", "people", "servers", "fetching", "templates"):
            setattr(made, name, dict(getattr(self, name)))
        made.open(self.name)
        return made

    def drop(self):
        if self.signal:
            lab_database.give_back(self.series, self.source, self.name, self.signal)
        else:
            lab_database.drop(self.series, self.name)

    def sql(self, script):
        return lab_database.psql(script, self.name)

    def client(self, login, password):
        if login not in self.clients:
            client = odoorpc.ODOO("127.0.0.1", port=self.server["port"], timeout=120)
            client.login(self.name, login, password)
            self.clients[login] = client
        return self.clients[login]

    def as_person(self, person):
        return self.client(address(person), f"{person}-odoo")

    def call(self, model, method, *arguments, client=None, **named):
        return (client or self.admin).execute_kw(model, method, list(arguments), named)

    def refused(self, model, method, *arguments, person=None, **named):
        """Why a call is refused. By XML-RPC: with many databases, 14 answers errors of JSON-RPC without a reason."""
        login, password = (address(person), f"{person}-odoo") if person else (self.server["login"], self.server["password"])
        user = xmlrpc.client.ServerProxy(f"{self.server['url']}/xmlrpc/2/common").login(self.name, login, password)
        try:
            xmlrpc.client.ServerProxy(f"{self.server['url']}/xmlrpc/2/object").execute_kw(
                self.name, user, password, model, method, list(arguments), named
            )
        except xmlrpc.client.Fault as refusal:
            return refusal.faultString
        raise AssertionError(f"{method} of {model} was not refused")

    def has(self, model, field):
        if model not in self.fields:
            self.fields[model] = self.call(model, "fields_get", [], ["type"])
        return field in self.fields[model]

    def create(self, model, **values):
        created = self.call(model, "create", values, context={"no_reset_password": True, "tracking_disable": True})
        return created[0] if isinstance(created, list) else created

    def read(self, model, ids, *fields, client=None):
        return self.call(model, "read", ids if isinstance(ids, list) else [ids], list(fields), client=client)

    def search(self, model, domain, *fields, client=None, **named):
        return self.call(model, "search_read", domain, list(fields), client=client, **named)

    # -- set-up --

    def set_catchall(self, catchall):
        company = self.search("res.company", [], "id", limit=1)[0]["id"]
        if "alias_domain_id" in self.call("res.company", "fields_get", [], ["type"]):
            if catchall:
                domain = self.create(
                    "mail.alias.domain",
                    name="office.example",
                    catchall_alias="catchall",
                    bounce_alias="bounce",
                    default_from="catchall",
                )
                self.call("res.company", "write", [company], {"alias_domain_id": domain})
            return
        values = {
            "mail.catchall.domain": "office.example",
            "mail.catchall.alias": "catchall",
            "mail.bounce.alias": "bounce",
            "mail.default.from": "catchall",
        }
        for key, value in values.items():
            if catchall:
                self.call("ir.config_parameter", "set_param", key, value)
            else:
                self.remove_parameter(key)

    def remove_parameter(self, key):
        """From 20 on, to set a parameter to nothing leaves an empty one."""
        rows = self.search("ir.config_parameter", [("key", "=", key)], "id")
        self.call("ir.config_parameter", "unlink", [row["id"] for row in rows])

    def make_user(self, person, name):
        groups = "group_ids" if self.has("res.users", "group_ids") else "groups_id"
        wanted = [("base", "group_user"), ("base", "group_partner_manager")]
        ids = [
            self.search("ir.model.data", [("module", "=", module), ("name", "=", each)], "res_id")[0]["res_id"]
            for module, each in wanted
        ]
        return self.create(
            "res.users",
            name=name,
            login=address(person),
            email=address(person),
            password=f"{person}-odoo",
            **{groups: [(6, 0, ids)]},
        )

    def make_server(self, person, sequence=10, **values):
        settings = {
            "name": f"{person} out",
            "smtp_host": "smtp.mydomain.com",
            "smtp_port": self.port,
            "smtp_encryption": "starttls",
            "smtp_user": address(person),
            "smtp_pass": f"{person}-pw",
            "sequence": sequence,
        }
        if self.has("ir.mail_server", "from_filter"):
            settings["from_filter"] = address(person)
        if self.addon and person in self.people:
            settings["user_id"] = self.people[person]
        return self.create("ir.mail_server", **{**settings, **values})

    def make_incoming(self, person, kind="imap", **values):
        settings = {
            "name": f"{person} in",
            "server_type": kind,
            "server": "imap.mydomain.com",
            "port": self.lab["ports"]["imaps" if kind == "imap" else "pop3s"],
            "is_ssl": True,
            "user": address(person),
            "password": f"{person}-pw",
            "state": "done",
        }
        return self.create("fetchmail.server", **{**settings, **values})

    def make_template(self, email_from="user", reply_to=False, **values):
        """A template on contacts, to bob."""
        key = (email_from, reply_to, tuple(values.items()))
        if key not in self.templates:
            own = "${user.email_formatted | safe}" if self.series == "14" else "{{ user.email_formatted }}"
            settings = {
                "name": "A template",
                "model_id": self.search("ir.model", [("model", "=", "res.partner")], "id")[0]["id"],
                "subject": "From a template",
                "body_html": "<p>Written by a template.</p>",
                "email_from": own if email_from == "user" else email_from,
                "partner_to": str(self.bob),
                "reply_to": reply_to,
            }
            if self.has("mail.template", "use_default_to"):
                settings["use_default_to"] = False
            self.templates[key] = self.create("mail.template", **{**settings, **values})
        return self.templates[key]

    def make_record(self, title):
        return self.create("res.partner", name=title)

    # -- the ways to send --

    def chatter(self, client, record, subject, _template, queued=False, **values):
        self.call(
            "res.partner",
            "message_post",
            [record],
            client=client,
            body="Written in the chatter.",
            subject=subject,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=[self.bob],
            context={"mail_notify_force_send": False} if queued else {},
            **values,
        )

    def chatter_queued(self, client, record, subject, template):
        self.chatter(client, record, subject, template, queued=True)
        self.send_queue()

    def composer(self, client, record, subject, template, mode="comment"):
        values = {"composition_mode": mode, "model": "res.partner", "template_id": template, "subject": subject}
        named = {"client": client, "context": {"active_ids": [record], "active_id": record, "active_model": "res.partner"}}
        if self.has("mail.compose.message", "res_ids"):
            created = self.call("mail.compose.message", "create", {**values, "res_ids": str([record])}, **named)
        else:
            created = self.call("mail.compose.message", "create", {**values, "res_id": record}, **named)
            # What the form does when a template is chosen.
            fields = ("subject", "body", "email_from", "reply_to", "partner_ids", "mail_server_id")
            asked = {"template_id": "1", **dict.fromkeys(fields, "")}
            values = {**values, "res_id": record}
            changed = self.call("mail.compose.message", "onchange", [created], values, "template_id", asked, **named)
            changed = {name: value for name, value in changed["value"].items() if name in fields}
            changed = {name: value[0] if name == "mail_server_id" and value else value for name, value in changed.items()}
            self.call("mail.compose.message", "write", [created], {**changed, "subject": subject}, **named)
        self.call("mail.compose.message", "action_send_mail", created if isinstance(created, list) else [created], **named)

    def composer_mass(self, client, record, subject, template):
        self.call("mail.template", "write", [template], {"subject": subject})
        self.composer(client, record, subject, template, mode="mass_mail")
        self.send_queue()

    def template(self, client, record, subject, template, force_send=True):
        self.call("mail.template", "write", [template], {"subject": subject})
        self.call("mail.template", "send_mail", [template], record, force_send=force_send, client=client)

    def template_queued(self, client, record, subject, template):
        self.template(client, record, subject, template, force_send=False)
        self.send_queue()

    WAYS: typing.ClassVar = {
        "chatter": chatter,
        "chatter, queued": chatter_queued,
        "composer with template": composer,
        "composer, mass mail": composer_mass,
        "template.send_mail": template,
        "template.send_mail, queued": template_queued,
    }

    def send_queue(self):
        self.call("mail.mail", "process_email_queue")

    def send(self, way, person="newuser", email_from="user", reply_to=False, **template_values):
        """Send a message in one of the ways; returns the start of its trip."""
        subject = f"{way} {uuid.uuid4().hex[:12]}"
        record = self.make_record(f"Deal: {subject}")
        template = None if way.startswith("chatter") else self.make_template(email_from, reply_to, **template_values)
        self.WAYS[way](self, self.as_person(person), record, subject, template)
        return Trip(way, record, subject)

    # -- what became of it --

    def follow(self, trip):
        """See what bob got."""
        failed = self.search("mail.mail", [("subject", "=", trip.subject), ("state", "=", "exception")], "failure_reason")
        trip.refused = (failed[0]["failure_reason"] or "failed") if failed else ""
        found = Mailbox(self.lab, BOB).wait_for(trip.subject, patience=0 if failed else 10)
        if found:
            message = found[0]
            trip.message_id = str(message["Message-Id"]).strip()
            trip.header_from, trip.reply_to = (" ".join(message[name].split()) for name in ("From", "Reply-To"))
            trip.return_path = str(message["Return-Path"]).strip("<> ")
            trip.login = self.postfix.login_of(trip.message_id) or ""
        return trip

    def answer(self, trip, text="Thank you.", **headers):
        """Bob answers as mail programs do; returns the Message-Id of the answer."""
        message = EmailMessage()
        message_id = f"<{uuid.uuid4().hex}@customer.example>"
        settings = {
            "From": f'"Bob Customer" <{BOB}>',
            "To": trip.reply_to,
            "Subject": f"Re: {trip.subject}",
            "Message-Id": message_id,
            "In-Reply-To": trip.message_id,
            "References": trip.message_id,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        for name, value in settings.items():
            if value:
                message[name] = value
        message.set_content(text)
        self.deliver(message, parseaddr(trip.reply_to)[1])
        trip.answered_to = parseaddr(trip.reply_to)[1]
        return message_id

    def deliver(self, message, to, mail_from=BOB):
        with smtplib.SMTP("127.0.0.1", self.lab["ports"]["mx"]) as mx:
            mx.send_message(message, mail_from, [to])

    def mailbox(self, person):
        return Mailbox(self.lab, address(person))

    def fetch(self, *people):
        for person in people or self.fetching:
            self.call("fetchmail.server", "fetch_mail", [self.fetching[person]])

    def answers_land(self, trips):
        """Bob answers each message that he got; Odoo fetches; see where the answers are."""
        ids = {self.answer(trip): trip for trip in trips if trip.can_be_answered}
        for trip in ids.values():
            person = trip.answered_to.partition("@")[0]
            box = self.mailbox(person if person in self.fetching else "catchall")
            assert box.wait_for(f"Re: {trip.subject}"), f"no answer in the mailbox {trip.answered_to}"
        self.fetch()
        for found in self.search(
            "mail.message", [("message_id", "in", list(ids))], "message_id", "model", "res_id", "author_id"
        ):
            trip = ids[found["message_id"].strip()]
            trip.landed_on = (found["model"], found["res_id"])
            trip.answer_author = found["author_id"] and found["author_id"][1]
        return trips
