"""playbooks/offboard.yml: nothing before everything is checked, then one person's records, and nothing else."""

import pytest
from company import Company
from support import Database
from test_onboard import printed_entry

PLAYBOOK = "playbooks/offboard.yml"
LEAVER, SUCCESSOR = "leaver@mydomain.com", "successor@mydomain.com"


def told(**more):
    return {"person_email": LEAVER, "deliver_to": SUCCESSOR, **more}


def with_two_users(database, folder):
    made = Company(database, folder)
    made.variables["mail_users_accounts"] = [made.account("leaver", timezone="Europe/Vienna"), made.account("successor")]
    return made


@pytest.fixture(scope="module")
def set_up(lab, series, tmp_path_factory):
    """The name of a database to copy, which site.yml has set up."""
    database = Database(lab, series)
    with_two_users(database, tmp_path_factory.mktemp("set_up")).succeeds("site.yml")
    database.become_template()
    yield database.name
    database.drop()


@pytest.fixture
def company(new_database, set_up, tmp_path):
    return with_two_users(new_database(set_up), tmp_path)


def make_template(company, **values):
    client = company.database.odoo()
    model = client.env["ir.model"].search([("model", "=", "res.partner")])[0]
    return client.env["mail.template"].create({"name": "Hello", "model_id": model, "subject": "x", **values})


def server_of(company, login):
    return company.database.value(f"SELECT id FROM ir_mail_server WHERE smtp_user = '{login}'")


def follow(company, *logins):
    """A new record that the users follow."""
    database = company.database
    partner = database.odoo().env["res.partner"].create({"name": "A deal"})
    wanted = ", ".join(f"'{login}'" for login in logins)
    partners = database.values(f"SELECT partner_id FROM res_users WHERE login IN ({wanted})")
    database.odoo().env["res.partner"].browse(partner).message_subscribe(partners)
    return partner


def followers(company, record):
    query = f"""SELECT u.login FROM mail_followers f JOIN res_users u ON u.partner_id = f.partner_id
                WHERE f.res_model = 'res.partner' AND f.res_id = {record} AND u.login != 'admin' ORDER BY u.login"""
    return company.database.values(query)


def test_one_person_and_nobody_else(company):
    before = company.people()
    alone, both = follow(company, LEAVER), follow(company, LEAVER, SUCCESSOR)
    reply_to = {"expression": f"object.email or '{LEAVER}'"}
    template = make_template(company, email_from=f'"Sales" <{LEAVER.upper()}>')
    company.database.ok("mail_templates", [{"name": "Hello", "model": "res.partner", "reply_to": reply_to}])
    company.database.odoo().env["mail.template"].browse(template).write({"mail_server_id": server_of(company, LEAVER)})
    _, done, _ = company.settles(PLAYBOOK, told=told(templates_from=SUCCESSOR))
    assert "Hello" in done.output
    after = company.people()
    assert not after[LEAVER]["user"].pop("active")
    assert not after[LEAVER]["outgoing"].pop("active")
    for kind in ("user", "outgoing"):
        before[LEAVER][kind].pop("active")
    assert after == before
    assert (followers(company, alone), followers(company, both)) == ([SUCCESSOR], [SUCCESSOR])
    row = company.database.rows(f"SELECT email_from, reply_to, mail_server_id FROM mail_template WHERE id = {template}")[0]
    assert row["email_from"] == f'"Sales" <{SUCCESSOR}>'
    assert SUCCESSOR in row["reply_to"]
    assert LEAVER not in row["reply_to"]
    assert row["mail_server_id"] == server_of(company, SUCCESSOR)

    # With the printed entry in the inventory, site.yml leaves it all as it is.
    entry = printed_entry(done.output)
    assert entry == {
        "name": "Leaver",
        "email": LEAVER,
        "timezone": "Europe/Vienna",
        "active": False,
        "imap": {"active": True},
    }
    accounts = [entry, company.variables["mail_users_accounts"][1]]
    assert company.succeeds("site.yml", accounts=accounts).changed == 0
    # Later, the mailbox is closed at the provider.
    closed = company.settles(PLAYBOOK, accounts=accounts, told=told(person_mailbox="closed"))[1]
    assert not company.people()[LEAVER]["incoming"]["active"]
    accounts[0] = printed_entry(closed.output)
    assert company.succeeds("site.yml", accounts=accounts).changed == 0
    # And back: the entry as it was before brings the person back.
    company.succeeds("site.yml")
    assert all(row["active"] for row in company.people()[LEAVER].values())


def test_the_catchall_takes_the_mail(company):
    record = follow(company, LEAVER)
    done = company.settles(PLAYBOOK, told=told(deliver_to="catchall", person_mailbox="closed"))[1]
    assert "forward that address to catchall@mydomain.com" in done.output
    assert not any(row["active"] for row in company.people()[LEAVER].values())
    assert followers(company, record) == [LEAVER]


def test_somebody_who_was_set_up_by_hand(company):
    """Known by the address, whatever the login; nothing is adopted, made or renamed that was not there."""
    client = company.database.odoo()
    client.env["res.users"].create({"name": "Hand", "login": "hand", "email": "Hand@mydomain.com"})
    client.env["fetchmail.server"].create(
        {"name": "Hand in", "server": "imap.other.example", "user": "hand@mydomain.com", "state": "done"}
    )
    before = company.people()
    done = company.settles(PLAYBOOK, told=told(person_email="hand@mydomain.com"))[1]
    assert "mail_users_accounts" not in done.output
    before["hand"]["user"]["active"] = False
    assert company.people() == before


def test_templates_may_stay(company):
    template = make_template(company, email_from=LEAVER, mail_server_id=server_of(company, LEAVER))
    company.settles(PLAYBOOK, told=told(accept_templates=True))
    row = company.database.rows(f"SELECT email_from, mail_server_id FROM mail_template WHERE id = {template}")[0]
    assert row == {"email_from": LEAVER, "mail_server_id": None}


BAD = (
    ({"person_email": None}, "email"),
    ({"deliver_to": None}, "deliver_to"),
    ({"person_mailbox": "burnt"}, "person_mailbox"),
    ({"mail_user_accounts": []}, "did you mean mail_users_accounts?"),
    ({"person_email": "nobody@mydomain.com"}, "has no user with nobody@mydomain.com"),
    ({"person_email": "admin"}, "is the user of this run"),
    ({"deliver_to": "nobody@mydomain.com"}, "no other active user nobody@mydomain.com"),
    ({"deliver_to": LEAVER}, f"no other active user {LEAVER}"),
    ({"templates_from": "nobody@mydomain.com"}, "templates_from: no active outgoing mail server"),
    ({"templates_from": LEAVER}, "templates_from: no active outgoing mail server"),
)


def test_bad_input(company):
    for change, words in BAD:
        given = {option: value for option, value in told(**change).items() if value is not None}
        assert words in " ".join(company.refused(PLAYBOOK, told=given).split()), change


def test_what_must_be_decided_is_asked_before_anything_is_written(company):
    make_template(company, email_from=LEAVER, reply_to=f"x{LEAVER}")
    make_template(company, name="Through the server", mail_server_id=server_of(company, LEAVER))
    make_template(company, name="Another", email_from=f"x{LEAVER}")
    words = " ".join(company.refused(PLAYBOOK, told=told()).split())
    assert "Hello" in words
    assert "Through the server" in words
    assert "Another" not in words
    assert "(email_from)" in words
    assert "(mail_server)" in words

    # Answers would be lost.
    company.database.sql(f"UPDATE fetchmail_server SET state = 'draft' WHERE \"user\" = '{LEAVER}'")
    words = company.refused(PLAYBOOK, told=told(accept_templates=True))
    assert "person_mailbox=closed" in words
    company.database.sql("UPDATE fetchmail_server SET active = false")
    for deliver_to in ("catchall", SUCCESSOR):
        words = company.refused(PLAYBOOK, told=told(accept_templates=True, person_mailbox="closed", deliver_to=deliver_to))
        assert "no active incoming mail server fetches" in words

    # Nobody is there to take over.
    company.database.sql(f"UPDATE res_users SET active = false WHERE login = '{SUCCESSOR}'")
    assert "no other active user" in company.refused(PLAYBOOK, told=told(accept_templates=True))
