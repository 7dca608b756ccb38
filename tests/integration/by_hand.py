"""Databases that somebody configured by hand, in many ways: by Odoo's API, as its screens do, past the collection."""

import base64

PEM = "-----BEGIN CERTIFICATE-----\nbm90IHJlYWxseQ==\n-----END CERTIFICATE-----\n"
# Texts that YAML, Jinja, Ansible or a comment could take for something else.
ODD_TEXTS = (
    "{{ 7 * 7 }}",
    "{% raw %} {# no comment #}",
    "yes",
    "No",
    "null",
    "~",
    "0123",
    "1_000",
    "12:30:45",
    "1e3",
    "2026-11-22",
    "a: b",
    "- dash",
    "# no comment",
    'it\'s "quoted" \\ back',
    "!unsafe",
    "!vault x",
    "&anchor *alias",
    "%percent @at `tick`",
    "<<",
    "=",
    "Zoë Ωmega 日本 🦉",
    "two  blanks",
    "a\ttab",
    "two\nlines",
    "long " * 60 + "end",
)
WAYS = []


def way(database):
    """Mark a function of an Office as one way, done in the database of that name."""

    def note(function):
        WAYS.append((database, function))
        return function

    return note


class Office:
    """What a person at Odoo's screens can do."""

    def __init__(self, database, boxes):
        self.database, self.major, self.boxes = database, database.major, boxes
        self.odoo = database.odoo()
        self.fields = {}

    def create(self, model, **values):
        """A record with those of the values for which the series has a field."""
        if model not in self.fields:
            self.fields[model] = set(self.odoo.env[model].fields_get([], ["type"]))
        known = {name: value for name, value in values.items() if name in self.fields[model]}
        return self.odoo.execute_kw(model, "create", [known], {"context": {"no_reset_password": True, "active_test": False}})

    def smtp(self, name, login=None, password="p4ss", host="smtp.mydomain.com", port=587, encryption="starttls", **values):
        return self.create(
            "ir.mail_server",
            name=name,
            smtp_user=login,
            smtp_pass=login and password,
            smtp_host=host,
            smtp_port=port,
            smtp_encryption=encryption,
            **values,
        )

    def fetch(self, name, login, password="p4ss", host="imap.mydomain.com", port=993, kind="imap", **values):
        values = {"is_ssl": True, **values}
        return self.create(
            "fetchmail.server",
            name=name,
            user=login,
            password=password,
            server=host,
            port=port,
            server_type=kind,
            **values,
        )

    def user(self, name, login, email=None, **values):
        return self.create("res.users", name=name, login=login, email=email, **values)

    def parameter(self, key, value):
        self.odoo.env["ir.config_parameter"].set_param(key, value)

    def domain(self, name, catchall, bounce, default_from):
        if self.major >= 17:
            values = {"name": name, "catchall_alias": catchall, "bounce_alias": bounce, "default_from": default_from}
            return self.create("mail.alias.domain", **values)
        # Its screens refuse one name for both.
        values = {"catchall.domain": name, "catchall.alias": catchall, "bounce.alias": bounce, "default.from": default_from}
        one_name = catchall and catchall == bounce
        for key, value in values.items():
            self.parameter(f"mail.{key}", "later" if one_name and key == "bounce.alias" else value)
        if one_name:
            self.database.sql(f"UPDATE ir_config_parameter SET value = '{bounce}' WHERE key = 'mail.bounce.alias'")
        return None

    def reference(self, name):
        return self.odoo.env.ref(name).id

    def archive(self, model, record):
        self.odoo.execute_kw(model, "write", [[record], {"active": False}])


# -- nothing of a domain -----------------------------------------------------------------------------------------------


@way("bare")
def relay_without_login(office):
    office.smtp("Relay in the cellar", host="relay.internal", port=25, encryption="none")


@way("bare")
def two_servers_of_one_name(office):
    for port in (2525, 2526):
        office.smtp("Twin", host="twin.internal", port=port, encryption="none")


@way("bare")
def user_without_address(office):
    office.user("Night Watch", "watch")


@way("bare")
def local_incoming_server(office):
    office.create("fetchmail.server", name="Pipe", server_type="local")


@way("bare")
def incoming_server_without_port(office):
    office.fetch("No port", "noport@mydomain.com", port=0)


# -- a catchall, and no bounce -----------------------------------------------------------------------------------------


@way("catchall_only")
def catchall_without_bounce(office):
    office.domain("mydomain.com", "catchall", "", "")


@way("catchall_only")
def users_read_by_pop(office):
    for name in ("pat", "pim"):
        office.user(name.title(), f"{name}@mydomain.com", f"{name}@mydomain.com")
        office.fetch(
            f"{name}@mydomain.com", f"{name}@mydomain.com", host="pop.mydomain.com", port=995, kind="pop", attach=False
        )


@way("catchall_only")
def login_other_than_address(office):
    office.user("Lou", "lou", "lou@mydomain.com")
    office.smtp("lou@mydomain.com", "lou@mydomain.com", sequence=100)


@way("catchall_only")
def languages_and_time_zones(office):
    languages = office.odoo.execute_kw("res.lang", "search", [[["code", "=", "fr_FR"]]], {"context": {"active_test": False}})
    office.odoo.execute_kw("res.lang", "write", [languages, {"active": True}])
    office.user(
        "Claire", "claire@mydomain.com", "claire@mydomain.com", lang="fr_FR", tz="Europe/Paris", notification_type="inbox"
    )


@way("catchall_only")
def groups_and_companies(office):
    company = office.create("res.company", name="Second: Company")
    groups = [office.reference("base.group_user"), office.reference("base.group_partner_manager")]
    nameless = office.create("res.groups", name="Made by hand")
    office.user(
        "Two Hats",
        "hats@mydomain.com",
        "hats@mydomain.com",
        company_id=company,
        company_ids=[(6, 0, [1, company])],
        groups_id=[(6, 0, [*groups, nameless])],
        group_ids=[(6, 0, [*groups, nameless])],
    )


@way("catchall_only")
def several_users_on_one_server(office):
    office.user("Ann", "ann@mydomain.com", "ann@mydomain.com")
    office.user("Ben", "ben@mydomain.com", "ben@mydomain.com")
    office.smtp("Both", "office@mydomain.com", port=465, encryption="ssl", from_filter="ann@mydomain.com,ben@mydomain.com")


@way("catchall_only")
def users_who_share_an_address(office):
    office.user("Desk 1", "desk1", "desk@mydomain.com")
    office.user("Desk 2", "desk2", "desk@mydomain.com")


# -- one name for catchall and bounce, a provider for all --------------------------------------------------------------


@way("one_mailbox")
def catchall_is_bounce(office):
    office.domain("mydomain.com", "catchall", "catchall", "catchall@mydomain.com")
    office.fetch("catchall@mydomain.com", "catchall@mydomain.com", "catchall-pw")
    office.smtp(
        "catchall@mydomain.com", "catchall@mydomain.com", "catchall-pw", sequence=1, from_filter="catchall@mydomain.com"
    )


@way("one_mailbox")
def users_with_both_servers(office):
    for name in ("una", "duo", "tre"):
        address = f"{name}@mydomain.com"
        office.user(name.title(), address, address, tz="Europe/Rome")
        office.smtp(f"Mail of {name}", address, f"{name}-pw", sequence=100, from_filter=address)
        office.fetch(f"Box of {name}", address, f"{name}-pw", original=True)


@way("one_mailbox")
def user_with_two_passwords(office):
    office.user("Vic", "vic@mydomain.com", "vic@mydomain.com")
    office.smtp("vic@mydomain.com", "vic@mydomain.com", "sends", sequence=7)
    office.fetch("vic@mydomain.com", "vic@mydomain.com", "reads", priority=9)


@way("one_mailbox")
def user_at_another_provider(office):
    office.user("Olga", "olga@mydomain.com", "olga@mydomain.com")
    office.smtp("olga@mydomain.com", "olga@other.example", "o-pw", host="smtp.other.example", port=2465, encryption="ssl")
    office.fetch("olga@mydomain.com", "OLGA@mydomain.com", "o-pw", host="imap.other.example", port=1143, is_ssl=False)


@way("one_mailbox")
def archived_user_and_servers(office):
    user = office.user("Gone", "gone@mydomain.com", "gone@mydomain.com")
    office.archive("ir.mail_server", office.smtp("gone@mydomain.com", "gone@mydomain.com", "old"))
    office.archive("fetchmail.server", office.fetch("gone@mydomain.com", "gone@mydomain.com", "old"))
    office.archive("res.users", user)


@way("one_mailbox")
def archived_server_of_an_active_user(office):
    office.user("Ida", "ida@mydomain.com", "ida@mydomain.com")
    office.archive("ir.mail_server", office.smtp("ida@mydomain.com", "ida@mydomain.com"))


@way("one_mailbox")
def archived_double(office):
    office.archive("ir.mail_server", office.smtp("Old one", "una@mydomain.com", "old"))


@way("one_mailbox")
def two_servers_of_one_login(office):
    office.smtp("First", "double@mydomain.com")
    office.smtp("Second", "double@mydomain.com", host="smtp2.mydomain.com")


# -- several domains, servers named by people --------------------------------------------------------------------------


@way("domains")
def two_alias_domains(office):
    office.domain("mydomain.com", "catchall", "bounce", "Office" if office.major < 17 else "office")
    if office.major >= 17:
        office.domain("shop.example", "answers", "bounces", "info@shop.example")


@way("domains")
def mailboxes_with_names(office):
    office.fetch("The catchall", "catchall@mydomain.com")
    office.fetch(
        "The bounces", "bounce@mydomain.com", object_id=office.odoo.env["ir.model"].search([["model", "=", "res.partner"]])[0]
    )


@way("domains")
def everything_a_server_can_be(office):
    office.smtp("Debugged", "debug@mydomain.com", smtp_debug=True, sequence=3, max_email_size=12.5)
    office.smtp("Nobody's", "apikey", "SG.key", host="smtp.relay.example", port=2587, from_filter="mydomain.com")
    if office.major >= 15:
        pem = base64.b64encode(PEM.encode()).decode()
        office.smtp(
            "Certified",
            "cert@mydomain.com",
            smtp_authentication="certificate",
            smtp_ssl_certificate=pem,
            smtp_ssl_private_key=pem,
        )
    if office.major >= 19:
        office.smtp("Strict", "strict@mydomain.com", encryption="ssl_strict", port=465)


@way("domains")
def templates(office):
    template = office.odoo.env["mail.template"]
    open_, close = ("${", "}") if office.major == 14 else ("{{ ", " }}")
    partner = office.odoo.env["ir.model"].search([["model", "=", "res.partner"]])[0]
    server = office.smtp("For templates", "letters@mydomain.com", "letters-pw")
    for number, values in enumerate(
        (
            {"email_from": f"{open_}object.email_formatted{close}"},
            {"email_from": '"My Company, Inc." <office@mydomain.com>', "reply_to": "answers@mydomain.com"},
            {"email_from": f"The firm <{open_}object.email{close}>", "mail_server_id": server},
            {"reply_to": "no address at all"},
        )
    ):
        office.create("mail.template", name=f"By hand {number}", model_id=partner, **values)
    shipped = template.search([["email_from", "!=", False]], limit=1)
    office.odoo.execute_kw("mail.template", "write", [shipped, {"email_from": False, "reply_to": "shipped@mydomain.com"}])


@way("domains")
def parameters(office):
    office.parameter("mail.session.batch.size", "0050")
    office.parameter("mail.template.signature", "{{ not a template }}")
    office.parameter("mail.gateway.secret", "hush")


# -- words -------------------------------------------------------------------------------------------------------------


@way("words")
def odd_names_and_passwords(office):
    office.domain("my-domain.example", "0123", "yes", "1e3")
    for number, text in enumerate(ODD_TEXTS):
        office.smtp(text, None, host=f"h{number}.example", port=25, encryption="none")
        office.smtp(f"Login {number}", text, f"pw {text}", host=f"h{number}.example")
        office.fetch(f"Box {number}", text, f"pw {text}", host=f"h{number}.example")
        office.user(f"{number} {text}", f"u{number}@my-domain.example", f"u{number}@my-domain.example")


@way("words")
def odd_parameters(office):
    for number, text in enumerate(ODD_TEXTS):
        office.parameter(f"mail.odd.{number}", text)


@way("words")
def an_address_of_odd_characters(office):
    address = "o'{{b}}#x@my-domain.example"
    office.user("O'B", address, address)
    office.smtp(address, address, "{{ secret }}", sequence=100)
    office.fetch(address, address, "another '{{ secret }}'")
