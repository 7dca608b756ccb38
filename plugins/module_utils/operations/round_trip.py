# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The round trip in Odoo: scratch records, a message on one of them as its user, what became of it, and the removal of it all.

Everything that it creates has an external identifier from the moment it exists, so that nothing is left unknown.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import IDENTIFIERS
from ansible_collections.postroom.odoo.plugins.module_utils.engine.storage import storage_of
from ansible_collections.postroom.odoo.plugins.module_utils.operations import in_use
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import OdooError

# The namespace of the external identifiers: record_<token> is written on, contact_<token> receives.
NAMESPACE = "__postroom_verify__"
MODEL = "res.partner"
# Nobody follows the record or is notified of it, and the mail waits for send().
_QUIET = {
    "mail_create_nosubscribe": True,
    "mail_create_nolog": True,
    "mail_notrack": True,
    "mail_notify_force_send": False,
}
SENT, REFUSED, WAITING = "sent", "refused", "waiting"


@dataclass(frozen=True)
class LeftOver:
    """A record of another run.

    :param user: the address of whose message is on it; empty for a receiver's contact.
    :param receiver: the receiver's address; empty for the record of a user.
    :param created: the day, as C(2026-12-01).
    """

    user: str = ""
    receiver: str = ""
    created: str = ""

    @property
    def addresses(self):
        return {each for each in (self.user, self.receiver) if each}


class OdooSide:
    """What a round trip asks of a database.

    :param session: a session that may write.
    """

    def __init__(self, session):
        self._session = session

    # -- what there is -----------------------------------------------------------------------------------------------------

    def identity(self):
        """What tells this database from others, in eight characters: of two that share a mailbox, each removes its own mail."""
        rows = self._session.call(
            "ir.config_parameter", "search_read", [["key", "=", "database.uuid"]], fields=["value"], limit=1
        )
        return hashlib.sha256(rows[0]["value"].encode() if rows else b"").hexdigest()[:8]

    def users(self):
        """The active internal users by their address; the first, of several with one."""
        return {normal(row["email"]): row for row in reversed(in_use.internal_users(self._session)) if row["email"]}

    def outgoing(self):
        """Whether the routing addon is installed, and the logins of the servers that each address has for itself."""
        rows, logins = in_use.outgoing_servers(self._session), {}
        for row in rows:
            for address in (row["sender_addresses"] or "").split(","):
                if address:
                    logins.setdefault(address, []).append(normal(row["smtp_user"] or ""))
        return any(row["sender_addresses"] is not None for row in rows), logins

    def special_addresses(self):
        """The addresses of catchall, bounce and default From, each by its kind."""
        resource = resources.ALIAS_DOMAINS.in_series(self._session.major)
        kinds = ("catchall", "bounce", "default_from")
        found = {kind: [] for kind in kinds}
        for domain in storage_of(resource).read(self._session, resource, ("name", *kinds)):
            for kind in kinds:
                if domain[kind]:
                    address = domain[kind] if "@" in domain[kind] else "%s@%s" % (domain[kind], domain["name"])
                    found[kind].append(normal(address))
        return found

    def incoming(self):
        """The incoming mail servers in use by their login, each with its state; the first, of several with one."""
        rows = reversed(in_use.incoming_servers(self._session))
        return {normal(row["user"] or ""): row for row in rows if row["server_type"] != "local"}

    # -- the message -------------------------------------------------------------------------------------------------------

    def create_record(self, token, user_address):
        """Create the record that a user writes on; returns its database ID."""
        return self._create("record_%s" % token, "Postroom verification %s" % token, "", user_address)

    def create_contact(self, token, receiver):
        """Create the contact of whom a run writes to; returns its database ID."""
        return self._create("contact_%s" % token, "Postroom verification (receiver)", receiver, "")

    def _create(self, name, title, address, reference):
        # load() creates the external identifier along with the record.
        row = ["%s.%s" % (NAMESPACE, name), title, address, reference]
        answer = self._session.call(MODEL, "load", ["id", "name", "email", "ref"], [row], context=_QUIET)
        if not answer.get("ids"):
            raise OdooError("; ".join(each.get("message") or "" for each in answer.get("messages") or ()) or "no reason given")
        return answer["ids"][0]

    def post(self, record, contact, user, subject, body):
        """Post a message as a user; its mail waits. Returns the message's database ID and Message-Id."""
        self._session.call(
            MODEL,
            "message_post",
            [record],
            body=body,
            subject=subject,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            author_id=user["partner_id"][0],
            email_from='"%s" <%s>' % (user["name"].replace("\\", "").replace('"', ""), normal(user["email"])),
            partner_ids=[contact],
            context=_QUIET,
        )
        domain = [["model", "=", MODEL], ["res_id", "=", record], ["subject", "=", subject]]
        (message,) = self._session.call("mail.message", "search_read", domain, fields=["message_id"], order="id desc", limit=1)
        return message["id"], message["message_id"].strip()

    def send(self, message):
        """Send the mail of one message, and nothing else of the queue. Returns what became of it, and Odoo's words."""
        mails = self._mails(message)
        if any(each["state"] == "outgoing" for each in mails):
            self._session.call("mail.mail", "send", [each["id"] for each in mails])
            mails = self._mails(message)
        notified = self._session.call(
            "mail.notification",
            "search_read",
            [["mail_message_id", "=", message]],
            fields=["notification_status", "failure_reason"],
        )
        words = [row["failure_reason"] for row in [*mails, *notified] if row["failure_reason"]]
        words = " ".join((words[0] if words else "no reason given").split())
        if any(each["state"] == "outgoing" for each in mails):
            return WAITING, words
        statuses = {each["notification_status"] for each in notified}
        if any(each["state"] in ("exception", "cancel") for each in mails) or statuses & {"exception", "bounce", "canceled"}:
            return REFUSED, words
        if not mails and not statuses:
            return REFUSED, "Odoo made no mail of the message"
        return SENT, ""

    def _mails(self, message):
        return self._session.call(
            "mail.mail", "search_read", [["mail_message_id", "=", message]], fields=["state", "failure_reason"]
        )

    # -- the answer --------------------------------------------------------------------------------------------------------

    def fetch(self, server):
        """Have Odoo fetch from one incoming mail server."""
        self._session.call("fetchmail.server", "fetch_mail", [server])

    def test_incoming(self, server):
        """Have Odoo log in to one incoming mail server, as Test & Confirm does.

        :raises OdooError: when it cannot.
        """
        self._session.call("fetchmail.server", "button_confirm_login", [server])

    def find_answer(self, message_id):
        """Where Odoo has posted a message: model, record, and the author's name and address; None if it has not."""
        rows = self._session.call(
            "mail.message",
            "search_read",
            [["message_id", "=", message_id]],
            fields=["model", "res_id", "author_id", "email_from"],
            limit=1,
        )
        if not rows:
            return None
        author = rows[0]["author_id"]
        address = self._session.call(MODEL, "read", [author[0]], ["email"])[0]["email"] if author else ""
        return dict(rows[0], author=author[1] if author else "", author_address=normal(address or ""))

    # -- the removal -------------------------------------------------------------------------------------------------------

    def left_over(self, run):
        """What other runs left, C({token: LeftOver}); without an address if somebody removed the record by hand.

        :param run: what the tokens of this run begin with.
        """
        rows = self._external_ids([["module", "=", NAMESPACE]])
        records = self._session.call(
            MODEL, "search_read", [["id", "in", [row["res_id"] for row in rows]]], fields=["email", "ref", "create_date"]
        )
        by_id, found = {record["id"]: record for record in records}, {}
        for row in rows:
            kind, _underscore, token = row["name"].partition("_")
            record = by_id.get(row["res_id"])
            if token.startswith(run):
                continue
            found[token] = LeftOver()
            if record:
                side, address = "receiver" if kind == "contact" else "user", normal(record["email"] or record["ref"] or "")
                found[token] = LeftOver(**{side: address}, created=record["create_date"][:10])
        return found

    def keep(self, token):
        """Leave what another run left to later ones: its contact is not to be the author of what its receiver writes."""
        rows = self._external_ids([["module", "=", NAMESPACE], ["name", "=", "contact_%s" % token]])
        ours = [["id", "in", [row["res_id"] for row in rows]]]
        for record in self._session.call(MODEL, "search_read", ours, fields=["email"]):
            if record["email"]:
                self._session.call(MODEL, "write", [record["id"]], {"email": False, "ref": record["email"]})

    def remove(self, token, message_id):
        """Remove the records of a trip with their messages, and the answer wherever Odoo has posted it.

        :returns: how many records were removed, and what was not, in words.
        """
        left = []
        answer = self.find_answer(message_id)
        names = ["record_%s" % token, "contact_%s" % token]
        rows = self._external_ids([["module", "=", NAMESPACE], ["name", "in", names]])
        ours = [row["res_id"] for row in rows]
        if answer and not (answer["model"] == MODEL and answer["res_id"] in ours):
            left += self._remove_strayed(answer, token)
        existing = self._session.call(MODEL, "search_read", [["id", "in", ours]], fields=["id"]) if ours else []
        if existing:
            self._session.call(MODEL, "unlink", [each["id"] for each in existing])
        # Of records that somebody removed by hand.
        stale = self._external_ids([["module", "=", NAMESPACE], ["name", "in", names]])
        if stale:
            self._session.call(IDENTIFIERS, "unlink", [each["id"] for each in stale])
        return len(existing), left

    def _remove_strayed(self, answer, token):
        """Remove an answer from where it does not belong, and the record that Odoo created for it."""
        model, record = answer["model"], answer["res_id"]
        self._session.call("mail.message", "unlink", [answer["id"]])
        if not model or not record:
            return []
        try:
            rows = self._session.call(model, "search_read", [["id", "=", record]], fields=["display_name"])
            if rows and token in (rows[0]["display_name"] or ""):
                # Named by the answer's subject: it was created for the answer.
                self._session.call(model, "unlink", [record])
        except OdooError as exc:
            return ["%s %d in Odoo: %s" % (model, record, exc)]
        return []

    def _external_ids(self, domain):
        return self._session.call(IDENTIFIERS, "search_read", domain, fields=["name", "res_id"], order="id")
