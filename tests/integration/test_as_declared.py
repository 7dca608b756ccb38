"""A list that the check at the start found as declared is not read again by its task; any other is."""

import contextlib
from collections import Counter

import pytest
from proxy import called, proxy
from test_drift import Company

USER, SERVER, MAILBOX = "res.users", "ir.mail_server", "fetchmail.server"


@pytest.fixture(scope="module")
def company(lab, series, tmp_path_factory):
    company = Company(lab, series, tmp_path_factory.mktemp("runs"))
    done = company.play("site.yml")
    assert done.code == 0, done.output
    yield company
    company.database.drop()


@contextlib.contextmanager
def counted(company):
    """A URL before the company's Odoo, and how often the records of each model are read over it."""
    reads = Counter()

    def note(path, body, content):
        call = called(path, body)
        if call[1:] == ("search_read",):
            reads[call[0]] += 1

    with proxy(company.database.server["port"], note=note) as url:
        yield url, reads


def run(company, *arguments, **changes):
    """site.yml for the company with these variables: the outcome, and the reads of each model."""
    with counted(company) as (url, reads):
        done = company.play("site.yml", *arguments, hosts={"company": {"odoo_url": url, **changes}})
    assert done.code == 0, done.output
    return done, reads


def test_nothing_to_do_reads_each_kind_of_record_once(company):
    done, reads = run(company, "-v")
    assert "changed=0" in done.output
    # Up to 15, a server without a host may be the mark of a neutralized copy.
    marks = company.database.major < 16
    assert {model: reads[model] for model in (USER, SERVER, MAILBOX)} == {USER: 1, SERVER: 1 + marks, MAILBOX: 1}
    # The result is what the module would have returned.
    assert "unchanged: 2" in done.output


def test_what_somebody_changed_since_the_last_run_is_found(company):
    odoo = company.database.odoo()
    server = odoo.execute(SERVER, "search", [["smtp_user", "=", "seconduser@mydomain.com"]])[0]
    odoo.execute(SERVER, "write", [server], {"smtp_port": 2525})
    done, reads = run(company)
    assert "changed=1" in done.output
    assert odoo.execute(SERVER, "read", [server], ["smtp_port"])[0]["smtp_port"] != 2525
    assert reads[SERVER] > 1
    assert reads[USER] == reads[MAILBOX] == 1


def test_lists_after_one_that_is_written_are_read_again(company):
    odoo = company.database.odoo()
    user = odoo.execute(USER, "search", [["login", "=", "seconduser@mydomain.com"]])[0]
    odoo.execute(USER, "write", [user], {"name": "Somebody Else"})
    done, reads = run(company)
    assert "changed=1" in done.output
    assert min(reads[model] for model in (USER, SERVER, MAILBOX)) > 1


def test_check_mode_compares_each_list_itself(company):
    done, reads = run(company, "--check", "--diff")
    assert "changed=0" in done.output
    assert min(reads[model] for model in (USER, SERVER, MAILBOX)) > 1
