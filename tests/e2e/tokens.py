"""The lab's token server, and an office whose mail servers have no passwords."""

import hashlib
import json
import ssl
import urllib.request
from pathlib import Path

from office import Office, address, lab_database

GRANTS = ("client_credentials", "jwt_bearer", "refresh_token")


class Tokens:
    """What the tests ask of the token server. Its methods are those named do_… in token_server.py."""

    def __init__(self, lab):
        self.place, self.tls = lab["tokens"], ssl.create_default_context(cafile=lab["ca_file"])

    def __getattr__(self, name):
        def ask(**named):
            body = json.dumps({"do": name, **named}).encode()
            request = urllib.request.Request(f"{self.place['url']}/admin", body, method="POST")
            with urllib.request.urlopen(request, context=self.tls, timeout=30) as answer:
                return json.load(answer)

        return ask

    def requests(self, grant=None):
        """The requests so far."""
        return [each for each in self.read()["requests"] if grant in (None, each.get("grant_type"))]

    def client(self, grant, **values):
        """The values of a client in Odoo, of each grant: Microsoft's, Google's, and one with consents."""
        key = Path(self.place["private_key"]).read_text()
        settings = {
            "client_credentials": {
                "token_url": self.place["microsoft"],
                "subject": "none",
                "client_id": "postroom-app",
                "client_secret": "app-secret",
                "scopes": "https://outlook.office365.com/.default",
            },
            "jwt_bearer": {
                "token_url": self.place["google"],
                "subject": "mailbox",
                "client_id": self.place["service_account"],
                "private_key": key,
                "key_id": self.place["key_id"],
                "scopes": "https://mail.google.com/",
            },
            "refresh_token": {
                "token_url": self.place["microsoft"],
                "subject": "mailbox",
                "client_id": "postroom-consent",
                "client_authentication": "none",
            },
        }[grant]
        return {"name": f"Lab {grant}", "grant": grant, **settings, **values}


class OauthOffice(Office):
    """An office whose servers log in by tokens.

    :param template: database with the addon
    :param grant: how the office's client gets them
    :param routing: whether the database has the routing addon, too
    """

    def __init__(self, lab, series, template, grant="client_credentials", routing=False):
        self.tokens, self.grant, self.routing, self.client_id = Tokens(lab), grant, routing, None
        self.kinds = {}
        # Without the routing addon, the strict provider refuses 14's bounce address.
        super().__init__(lab, series, template, catchall=routing)
        self.addon = routing
        self.kinds["imap"] = self.fetching["newuser"]

    def start_anew(self, **client):
        """Forget tokens and mail; the client's values are as in the beginning, besides those that are given."""
        self.fetching.update(newuser=self.incoming("imap"))
        self.call("mail.oauth.client", "forget_tokens", [self.client_id])
        self.sql("DELETE FROM mail_mail; UPDATE fetchmail_server SET object_id = NULL")
        values = {
            "client_secret": False,
            "private_key": False,
            "certificate": False,
            "client_authentication": "client_secret_post",
        }
        values.update(self.tokens.client(self.grant), **client)
        self.call("mail.oauth.client", "write", [self.client_id], values)
        for person in ("newuser", "seconduser", "catchall"):
            self.mailbox(person).empty()
            self.consent(address(person))
        self.postfix.restart()

    def oauth_client(self):
        if self.client_id is None:
            self.addon = self.routing
            self.client_id = self.create("mail.oauth.client", **self.tokens.client(self.grant))
        return self.client_id

    def make_server(self, person, sequence=10, **values):
        client = self.oauth_client()
        self.consent(address(person))
        return super().make_server(person, sequence, smtp_pass=False, oauth_client_id=client, **values)

    def make_incoming(self, person, kind="imap", **values):
        client = self.oauth_client()
        self.consent(address(person))
        return super().make_incoming(person, kind, password=False, oauth_client_id=client, **values)

    def failure(self, model, method, ids):
        """The words of an error that a person sees; empty without one. RPC has none on 14."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

        def ask(path, **parameters):
            body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": parameters}).encode()
            request = urllib.request.Request(f"{self.server['url']}/web/{path}", body, {"Content-Type": "application/json"})
            with opener.open(request, timeout=120) as answer:
                return json.load(answer)

        ask("session/authenticate", db=self.name, login=self.server["login"], password=self.server["password"])
        answer = ask("dataset/call_kw", model=model, method=method, args=[ids], kwargs={})
        return answer.get("error", {}).get("data", {}).get("message", "")

    def test(self, person, incoming=False):
        """Press the button on a server's form; returns the words of the error."""
        if incoming:
            return self.failure("fetchmail.server", "button_test_oauth", [self.fetching[person]])
        return self.failure("ir.mail_server", "button_test_oauth", [self.servers[person]])

    def incoming(self, kind):
        """The incoming server of newuser, of a kind."""
        if kind not in self.kinds:
            self.kinds[kind] = self.make_incoming("newuser", kind, name=kind)
        return self.kinds[kind]

    def consent(self, mailbox):
        """The owner of a mailbox consents."""
        if self.grant == "refresh_token":
            given = self.tokens.consent(mailbox=mailbox, client="postroom-consent")
            self.call("mail.oauth.client", "store_refresh_token", [self.client_id], mailbox, given["refresh_token"])

    def token_row(self, mailbox=""):
        """What administrators see of a token."""
        rows = self.search("mail.oauth.token", [("client_id", "=", self.client_id)])
        return next((row for row in rows if (row["mailbox"] or "") == mailbox), None)

    def stored_refresh_token(self, mailbox):
        """What tells the refresh token of a mailbox from others."""
        query = f"SELECT refresh_token FROM mail_oauth_token WHERE mailbox = '{mailbox}'"
        return hashlib.sha256(lab_database.psql(query, self.name).strip().encode()).hexdigest()

    def age(self, *columns):
        """Have the times in these columns have been an hour ago."""
        changes = ", ".join(f"{each} = {each} - interval '1 hour'" for each in columns)
        lab_database.psql(f"UPDATE mail_oauth_token SET {changes}", self.name)

    def queue(self, person, subject, **values):
        """A mail in the queue; returns its id."""
        return self.create(
            "mail.mail",
            subject=subject,
            body_html="<p>Hello</p>",
            email_from=address(person),
            email_to="bob@customer.example",
            mail_server_id=self.servers[person],
            **values,
        )

    def mail(self, mail_id):
        return self.read("mail.mail", mail_id, "state", "failure_reason")[0]
