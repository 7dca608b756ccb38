"""Random edits by hand: check mode names each record and option, the run puts them back, and nothing else is written.

Each example edits every option of every resource once, each on another record, to a random value. What is found is compared
with the edits made, what is written with PostgreSQL's rows.
"""

import string
from typing import ClassVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, given, seed, settings
from support import base64_text, changed_tables, tables_only

from ansible_collections.postroom.odoo.plugins.module_utils import resources

LEAST = 200
PEM = "-----BEGIN CERTIFICATE-----\nbm90IHJlYWxseQ==\n-----END CERTIFICATE-----\n"
KEY = PEM.replace("CERTIFICATE", "PRIVATE KEY")
# As Odoo writes at every change of a record.
STAMPS = ("write_date", "write_uid")

words = st.text(string.ascii_letters + string.digits + " äß日-_.'\"{}%", min_size=1, max_size=30).map(lambda text: f"w{text}w")
hosts = st.from_regex(r"[a-z]{1,12}\.example", fullmatch=True)
addresses = st.from_regex(r"[a-z]{1,8}[0-9]{0,3}@[a-z]{1,8}\.example", fullmatch=True)
aliases = st.from_regex(r"[a-z]{1,12}", fullmatch=True)


class Edited:
    """Records of one resource, declared and then edited by hand.

    beside: tables of which Odoo itself writes rows with the model's own. reactions: tables to which it only adds.
    unedited: options that no edit is for, each with the reason. edits: by option the Odoo field, and the strategy of its
    values as Odoo's API takes them.
    """

    module = None
    beside = ()
    reactions = ()
    unedited: ClassVar = {}
    # Options that only one of the records can be edited in.
    pinned: ClassVar = {}

    def __init__(self, database):
        self.database, self.major = database, database.major
        self.resource = resources.BY_MODULE[self.module].in_series(self.major)
        self.model = self.kept_in()
        self.table = self.model.replace(".", "_")
        self.prepare()
        self.edits = {option: edit for option, edit in self.options().items() if self.has(option)}
        self.config = [self.item(number) for number in range(self.count())]
        self.config = [{option: value for option, value in each.items() if self.has(option)} for each in self.config]
        database.ok(self.module, self.config)
        self.labels = [self.resource.label(each) for each in self.config]
        self.ids = [self.find(each) for each in self.config]
        covered = set(self.edits) | set(self.unedited)
        assert {each.option for each in self.resource.fields if self.has(each.option)} <= covered, self.resource.fields

    def has(self, option):
        """Whether the series has the option without the addon."""
        declared = self.resource.field(option)
        return declared.is_native_in(self.major) or declared.addon == "mail"

    def kept_in(self):
        """The Odoo model of the records."""
        return self.resource.model

    def prepare(self):
        pass

    def count(self):
        """How many records there are: enough for each edit to have its own, and some bystanders."""
        return len(self.edits) + 3

    def write(self, record, column, value):
        odoo = self.database.person
        odoo.execute_kw(self.model, "write", [[record], {column: value}], {"context": {"active_test": False}})

    def edit(self, data):
        """Make an edit of each option; C({option: label})."""
        made = {}
        for option, number in zip(self.edits, self.choose(data), strict=False):
            column, values = self.edits[option]
            values = values(self.config[number]) if callable(values) else values
            self.write(self.ids[number], column, data.draw(values, label=f"{self.labels[number]} {option}"))
            made[option] = self.labels[number]
        return made

    def choose(self, data):
        """A record for each edit."""
        chosen = data.draw(st.permutations(range(len(self.config))), label=f"records of {self.module}")
        for option, number in self.pinned.items():
            place = list(self.edits).index(option)
            chosen[chosen.index(number)], chosen[place] = chosen[place], number
        return chosen

    def stamped(self, edits):
        """The rows that a repair may stamp: C({table: ids, or None for all})."""
        edited = [number for number, label in zip(self.ids, self.labels, strict=True) if label in edits.values()]
        return {self.table: edited, **dict.fromkeys(self.beside)}

    def found(self, check):
        """What the module says that it changed; C({option: label})."""
        result = self.database.ok(self.module, self.config, check=check)
        told = {}
        for change in result["changes"]:
            assert change["action"] == "updated", change
            for option in change["options"]:
                assert option not in told, (option, result["changes"])
                told[option] = ", ".join(change["items"])
        assert result["counts"]["unchanged"] == len(self.config) - len(set(told.values()))
        return told


def other(value, values):
    return values.filter(lambda each: each != value)


class OutgoingMailServers(Edited):
    module = "outgoing_mail_servers"
    unedited: ClassVar = {"login": "the key: see test_an_edited_key"}

    def find(self, item):
        return self.database.value(f"SELECT id FROM ir_mail_server WHERE smtp_user = '{item['login']}'")

    def item(self, number):
        return {
            "name": f"Server {number}",
            "host": "smtp.mydomain.com",
            "port": 587,
            "encryption": "starttls",
            "authentication": "login",
            "login": f"user{number}@mydomain.com",
            "password": f"p4ss {number}",
            "ssl_certificate": PEM,
            "ssl_private_key": KEY,
            "from_filter": f"user{number}@mydomain.com",
            "priority": 100 + number,
            "debug": False,
            "max_email_size": 10.0,
            "active": True,
        }

    def options(self):
        return {
            "name": ("name", words),
            "host": ("smtp_host", hosts),
            "port": ("smtp_port", other(587, st.integers(1, 65535))),
            "encryption": ("smtp_encryption", st.sampled_from(["none", "ssl"])),
            "authentication": ("smtp_authentication", st.just("certificate")),
            "password": ("smtp_pass", words),
            "ssl_certificate": ("smtp_ssl_certificate", words.map(base64_text)),
            "ssl_private_key": ("smtp_ssl_private_key", words.map(base64_text)),
            "from_filter": ("from_filter", st.one_of(addresses, st.just(False))),
            "priority": ("sequence", st.integers(0, 99)),
            "debug": ("smtp_debug", st.just(True)),
            "max_email_size": ("max_email_size", st.integers(11, 99).map(float)),
            "active": ("active", st.just(False)),
        }


class IncomingMailServers(Edited):
    module = "incoming_mail_servers"
    unedited: ClassVar = {"host": "the key", "login": "the key: see test_an_edited_key"}
    # It runs when there is a confirmed server.
    beside = ("ir_cron",)

    def find(self, item):
        return self.database.value(f"SELECT id FROM fetchmail_server WHERE \"user\" = '{item['login']}'")

    def item(self, number):
        return {
            "name": f"Box {number}",
            "type": "imap",
            "host": "imap.mydomain.com",
            "port": 993,
            "ssl": True,
            "login": f"user{number}@mydomain.com",
            "password": f"p4ss {number}",
            "model": "res.partner",
            "keep_attachments": True,
            "keep_original": False,
            "priority": 5,
            "active": True,
            "confirmed": False,
        }

    def options(self):
        return {
            "name": ("name", words),
            "type": ("server_type", st.just("pop")),
            "port": ("port", other(993, st.integers(1, 65535))),
            "ssl": ("is_ssl", st.just(False)),
            "password": ("password", words),
            "model": ("object_id", st.sampled_from(self.models)),
            "keep_attachments": ("attach", st.just(False)),
            "keep_original": ("original", st.just(True)),
            "priority": ("priority", other(5, st.integers(0, 99))),
            "active": ("active", st.just(False)),
            "confirmed": ("state", st.just("done")),
        }

    @property
    def models(self):
        return [False, *self.database.values("SELECT id FROM ir_model WHERE model IN ('res.company', 'res.country')")]


class Users(Edited):
    module = "users"
    unedited: ClassVar = {
        "login": "the key: see test_an_edited_key",
        "password": "Odoo does not tell it, so that nothing can be found of an edit",
    }
    # A user's name, address, language and time zone are their contact's.
    beside = ("res_partner",)
    # A user who is back joins the channels that are for everybody, and browsers hear of it; from 17 on, Odoo tells the former
    # address of a new one.
    reactions = ("bus_bus", "discuss_channel_member", "mail_channel_partner", "mail_mail", "mail_message")

    def prepare(self):
        self.database.sql("UPDATE res_lang SET active = true WHERE code IN ('fr_FR', 'de_DE')")
        self.database.person.execute_kw("res.company", "create", [{"name": "Second Company"}])

    def find(self, item):
        return self.database.value(f"SELECT id FROM res_users WHERE login = '{item['login']}'")

    def item(self, number):
        return {
            "login": f"user{number}@mydomain.com",
            "name": f"User {number}",
            "email": f"user{number}@mydomain.com",
            "groups": ["base.group_user", "base.group_partner_manager"],
            "company": "My Company",
            "companies": ["My Company", "Second Company"],
            "language": "en_US",
            "timezone": "Europe/Paris",
            "notification_type": "email",
            "active": True,
        }

    def stamped(self, edits):
        stamped = super().stamped(edits)
        ids = ", ".join(map(str, stamped[self.table]))
        return {**stamped, "res_partner": self.database.values(f"SELECT partner_id FROM res_users WHERE id IN ({ids})")}

    def options(self):
        second = self.database.value("SELECT id FROM res_company WHERE name = 'Second Company'")
        (group,) = self.database.values(
            "SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'group_partner_manager'"
        )
        return {
            "name": ("name", words),
            "email": ("email", addresses),
            "groups": ("groups_id" if self.major < 19 else "group_ids", st.just([(3, group)])),
            "company": ("company_id", st.just(second)),
            "companies": ("company_ids", st.just([(3, second)])),
            "language": ("lang", st.sampled_from(["fr_FR", "de_DE"])),
            "timezone": ("tz", st.sampled_from(["Asia/Tokyo", "UTC", False])),
            "notification_type": ("notification_type", st.just("inbox")),
            "active": ("active", st.just(False)),
        }


class MailTemplates(Edited):
    module = "mail_templates"
    unedited: ClassVar = {"template": "the key", "name": "not said beside the key", "model": "not said beside the key"}

    def prepare(self):
        self.database.person.execute_kw("ir.mail_server", "create", [{"name": "For letters", "smtp_host": "letters.example"}])

    def count(self):
        return 5  # Odoo 14 brings no more.

    def find(self, item):
        module, name = item["template"].split(".")
        return self.database.value(f"SELECT res_id FROM ir_model_data WHERE module = '{module}' AND name = '{name}'")

    def item(self, number):
        names = self.database.values(
            "SELECT module || '.' || name FROM ir_model_data WHERE model = 'mail.template' AND module <> '__export__'"
            " ORDER BY 1"
        )
        return {
            "template": names[number],
            "email_from": {"expression": "object.company_id.email_formatted"},
            "reply_to": f"answers{number}@mydomain.com",
            "mail_server": "",
            "auto_delete": True,
        }

    def options(self):
        server = self.database.value("SELECT id FROM ir_mail_server WHERE name = 'For letters'")
        return {
            "email_from": ("email_from", st.one_of(addresses, st.just(False))),
            "reply_to": ("reply_to", st.one_of(addresses, st.just(False))),
            "mail_server": ("mail_server_id", st.just(server)),
            "auto_delete": ("auto_delete", st.just(False)),
        }


class ConfigParameters(Edited):
    module = "config_parameters"
    unedited: ClassVar = {"key": "the key: see test_an_edited_key"}

    def find(self, item):
        return self.database.value(f"SELECT id FROM ir_config_parameter WHERE key = '{item['key']}'")

    def item(self, number):
        return {"key": f"mail.edited.{number}", "value": f"value {number}"}

    def options(self):
        return {"value": ("value", words)}


class MailBlacklist(Edited):
    module = "mail_blacklist"
    unedited: ClassVar = {"email": "the key: see test_an_edited_key"}
    # Odoo logs the change on the record.
    reactions = ("mail_message", "mail_tracking_value")

    def find(self, item):
        return self.database.value(f"SELECT id FROM mail_blacklist WHERE email = '{item['email']}'")

    def item(self, number):
        return {"email": f"user{number}@mydomain.com", "active": True}

    def options(self):
        return {"active": ("active", st.just(False))}


class AliasDomains(Edited):
    module = "alias_domains"
    unedited: ClassVar = {"name": "the key: see test_an_edited_key"}
    # Another domain would take the company from this one.
    pinned: ClassVar = {"companies": 0}
    beside = ("res_company",)

    def kept_in(self):
        return super().kept_in() if self.major >= 17 else resources.CONFIG_PARAMETERS.model

    def has(self, option):
        return self.resource.field(option).since <= self.major

    def count(self):
        return super().count() if self.major >= 17 else 1

    def choose(self, data):
        return super().choose(data) if self.major >= 17 else [0] * len(self.edits)

    def find(self, item):
        if self.major >= 17:
            return self.database.value(f"SELECT id FROM mail_alias_domain WHERE name = '{item['name']}'")
        return self.database.value("SELECT id FROM ir_config_parameter WHERE key = 'mail.catchall.domain'")

    def stamped(self, edits):
        if self.major >= 17:
            return super().stamped(edits)
        keys = "^mail.(catchall|bounce|default)[.]"
        return {self.table: self.database.values(f"SELECT id FROM ir_config_parameter WHERE key ~ '{keys}'")}

    def write(self, record, column, value):
        if self.major >= 17:
            super().write(record, column, value)
            return
        keys = {"catchall_alias": "mail.catchall.alias", "bounce_alias": "mail.bounce.alias"}
        self.database.person.env["ir.config_parameter"].set_param(keys.get(column, "mail.default.from"), value)

    def item(self, number):
        return {
            "name": f"domain{number}.example",
            "catchall": f"catchall{number}x",
            "bounce": f"bounce{number}x",
            "default_from": f"office{number}@mydomain.com",
            "sequence": 10 + number,
            "companies": ["My Company"] if number == 0 else [],
        }

    def options(self):
        return {
            "catchall": ("catchall_alias", aliases.map("c-{}".format)),
            "bounce": ("bounce_alias", aliases.map("b-{}".format)),
            "default_from": ("default_from", st.one_of(addresses, aliases)),
            "sequence": ("sequence", st.integers(50, 99)),
            "companies": ("company_ids", st.just([(6, 0, [])])),
        }


# All external identifiers, but for the rows by which runs take turns.
MARKS = r"""
SELECT coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM ir_model_data t
WHERE NOT (module = '__postroom__' AND name LIKE 'run\_%')
"""
# Their addon is not in the lab's template: test_oauth_clients.py changes and compares them.
OTHERWISE = {"oauth_clients"}
KINDS = (OutgoingMailServers, IncomingMailServers, Users, MailTemplates, ConfigParameters, MailBlacklist, AliasDomains)


def rows(database, tables):
    """The rows of tables: C({table: {id: row}})."""
    return {
        table: {each["row"]["id"]: each["row"] for each in database.rows(f"SELECT to_jsonb(t) AS row FROM {table} t")}
        for table in tables
    }


def unstamped(found, stamped):
    """The same rows, those that may be stamped without the stamps of their last change."""
    kept = {}
    for table, there in found.items():
        ids = stamped.get(table, ())
        ids = there if ids is None else ids
        kept[table] = {
            number: {name: value for name, value in row.items() if number not in ids or name not in STAMPS}
            for number, row in there.items()
        }
    return kept


def everything(kinds, of_kind):
    """What a function of a kind gives as C({option: label}), of all kinds: C({(module, option, label)})."""
    return {(kind.module, option, label) for kind in kinds for option, label in of_kind(kind).items()}


def test_random_edits(database):
    database.person = database.odoo()
    kinds = [kind(database) for kind in KINDS]
    tables = {table for kind in kinds for table in (kind.table, *kind.beside)}
    all_made = []
    assert {kind.module for kind in kinds} | OTHERWISE == set(resources.BY_MODULE)
    assert not any(kind.found(check=True) for kind in kinds), "the declared records differ before anybody edits them"

    @seed(20261122)
    @settings(
        max_examples=-(-LEAST // sum(len(kind.edits) for kind in kinds)),
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(st.data())
    def edit_find_and_repair(data):
        before = database.fingerprints()
        before_rows, marks = rows(database, tables), database.value(MARKS)
        edits = {kind.module: kind.edit(data) for kind in kinds}
        made = everything(kinds, lambda kind: edits[kind.module])
        edited = database.fingerprints()

        assert everything(kinds, lambda kind: kind.found(check=True)) == made
        database.assert_as(edited, "check mode wrote")

        assert everything(kinds, lambda kind: kind.found(check=False)) == made
        repaired = database.fingerprints()
        written = set(tables_only(changed_tables(edited, repaired))).difference(*(kind.reactions for kind in kinds))
        if database.value(MARKS) == marks:
            # There are only the rows by which runs take turns.
            written.discard("ir_model_data")
        # What joins two records has no stamps: it is as it was, or it should not have been written.
        assert written - tables <= set(changed_tables(before, edited)) - set(changed_tables(before, repaired))
        stamped = {}
        for kind in kinds:
            for table, ids in kind.stamped(edits[kind.module]).items():
                stamped[table] = None if ids is None else [*stamped.get(table, ()), *ids]
        # Apart from its last change, every row is as it was, and the rows that nobody edited have not even been touched.
        assert unstamped(rows(database, tables), stamped) == unstamped(before_rows, stamped)
        assert not any(kind.found(check=True) for kind in kinds)
        all_made.extend((module, option) for module, option, dummy in made)

    edit_find_and_repair()
    assert len(all_made) >= LEAST
    assert set(all_made) == {(kind.module, option) for kind in kinds for option in kind.edits}


def test_an_edited_key(database):
    """A record that was given another key by hand is one that is missing, and one that the list does not name."""
    database.person = database.odoo()
    edits = {
        OutgoingMailServers: ("smtp_user", "somebody@else.example"),
        IncomingMailServers: ("user", "somebody@else.example"),
        Users: ("login", "somebody@else.example"),
        ConfigParameters: ("key", "mail.somebody.else"),
        MailBlacklist: ("email", "somebody@else.example"),
    }
    if database.major >= 17:
        edits[AliasDomains] = ("name", "else.example")
    for declared, (column, value) in edits.items():
        kind = declared(database)
        kind.write(kind.ids[1], column, value)
        for check in (True, False):
            done = database.ok(kind.module, kind.config, check=check, state="overridden")
            removed = "updated" if kind.resource.removal == "archive" else "deleted"
            assert {(change["action"], *change["items"]) for change in done["changes"]} == {
                ("created", kind.labels[1]),
                (removed, kind.labels[1].replace(kind.labels[1].split()[0], value)),
            }
        assert not database.ok(kind.module, kind.config, check=True, state="overridden")["changed"]
