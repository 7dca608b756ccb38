"""Series that nobody can run here, by a stand-in: a real Odoo 19, of which a proxy alters the answers on their way.

A stand-in differs in data only, and in what was read of the series: its version, the fields that it lacks, and how it gives
binary ones. What else is new in the series is not in it, so this does not show that Postroom works there.
"""

import json

import pytest
from proxy import proxy
from support import base64_text
from test_drift import Company

from ansible_collections.postroom.odoo.plugins.module_utils.transport.session import NEWEST_SERIES

LAST = str(NEWEST_SERIES)
NEWER = str(NEWEST_SERIES + 1)
SERVER = {"host": "smtp.mydomain.com", "login": "newuser@mydomain.com", "port": 587, "encryption": "starttls"}
WARNING = f"is newer than the series that this version of Postroom knows (14.0 to {LAST}.0): fields may be missing"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"


def stand_in(database, version, alter=lambda row: row):
    """A proxy's URL, behind which a real Odoo calls itself by another version, and `alter` changes each dictionary."""

    def note(path, _body, content):
        if path == "/web/webclient/version_info":
            answer = json.loads(content)
            answer["result"]["server_version"] = version
        elif path.startswith("/json"):
            answer = json.loads(content, object_hook=alter)
        else:
            return None
        return json.dumps(answer).encode()

    # Longer than the original's; the proxy passes on no length.
    return proxy(database.server["port"], note=note)


def as_20(row):
    """Without the field that 20 dropped, and binary fields as files."""
    row.pop("max_email_size", None)
    for name in ("smtp_ssl_certificate", "smtp_ssl_private_key"):
        # Not the field's description.
        if name in row and not isinstance(row[name], dict):
            row[name] = row[name] and {"content": row[name], "size": len(row[name]), "filename": name}
    return row


def words(output):
    """Ansible breaks lines of warnings anywhere between words."""
    return " ".join(output.split())


@pytest.fixture
def on_19(new_database, series):
    database = new_database()
    if database.major < 19:
        pytest.skip("the stand-in for 20 is made of a real 19")
    return database


@pytest.mark.any_series
def test_what_20_has_otherwise(on_19):
    """The missing field is not taken for a missing right; a certificate that is there is none to be written."""
    with stand_in(on_19, f"{LAST}.0", as_20) as url:
        assert on_19.ok("outgoing_mail_servers", [SERVER], url=url)["changed"]
        secured = dict(SERVER, login="", name="By certificate", authentication="certificate", ssl_certificate=CERTIFICATE)
        secured["ssl_private_key"] = CERTIFICATE.replace("CERTIFICATE", "PRIVATE KEY")
        assert on_19.ok("outgoing_mail_servers", [secured], url=url)["changed"]
        assert not on_19.ok("outgoing_mail_servers", [SERVER, secured], url=url)["changed"]
        gathered = on_19.ok("outgoing_mail_servers", state="gathered", url=url)
        assert gathered["series"] == f"{LAST}.0"
        assert "max_email_size" not in gathered["gathered"][0]
        refused = on_19.run("outgoing_mail_servers", [dict(SERVER, max_email_size=5.0)], url=url)["msg"]
    assert "max_email_size: Odoo 20.0 does not have this field: Odoo had it up to 19.0" in refused
    stored = on_19.value("SELECT convert_from(smtp_ssl_certificate, 'UTF8') FROM ir_mail_server WHERE name = 'By certificate'")
    assert stored == base64_text(CERTIFICATE)


@pytest.mark.any_series
@pytest.mark.parametrize("version", [f"{NEWER}.0", f"saas~{LAST}.1", f"{NEWER}.0alpha1"])
def test_a_newer_series_is_read_and_not_written(on_19, version):
    with stand_in(on_19, version, as_20) as url:
        refused = on_19.refuses("outgoing_mail_servers", [SERVER], url=url)
        assert "odoo_allow_newer_series: true" in refused["msg"]
        assert "allow_newer_series)" in refused["msg"]
        # Whoever has a user's id from elsewhere is not let through.
        read = on_19.ok("users", state="gathered", url=url)
        assert read["gathered"]
        assert "Nothing was written" in on_19.run("users", [{"login": "a@b.c", "name": "A"}], url=url, uid=read["uid"])["msg"]
        assert on_19.ok("mail_info", url=url)["mail"]
        assert on_19.ok("outgoing_mail_servers", [SERVER], url=url, allow_newer_series=True)["changed"]


@pytest.mark.any_series
def test_an_option_that_a_newer_series_dropped(on_19):
    with stand_in(on_19, f"{NEWER}.0", lambda row: {name: row[name] for name in row if name != "smtp_debug"}) as url:
        refused = on_19.run("outgoing_mail_servers", [dict(SERVER, debug=True)], url=url, allow_newer_series=True)["msg"]
    assert f"debug: Odoo {NEWER}.0 does not have this field: this series no longer has it" in refused


@pytest.fixture(scope="module")
def company(lab, series, tmp_path_factory):
    company = Company(lab, series, tmp_path_factory.mktemp("newer"))
    with stand_in(company.database, f"{NEWER}.0") as url:
        company.url = url
        yield company
    company.database.drop()


@pytest.mark.any_series
def test_playbooks(company):
    hosts = {"company": {"odoo_url": company.url}}
    before = company.database.fingerprints()
    for arguments in (["site.yml"], ["site.yml", "--check"]):
        done = company.play(*arguments, hosts=hosts)
        assert done.code == 2, done.output
        assert "odoo_allow_newer_series: true" in done.output
    drift = company.drift(hosts=hosts)
    assert drift.code == 4, drift.output
    assert "odoo_allow_newer_series: true" in drift.host()["reasons"][0]
    # What only reads, works.
    folder = company.folder / "exported"
    done = company.play("playbooks/export.yml", "-e", f"export_dir={folder}", hosts=hosts)
    assert done.code == 0, done.output
    assert (folder / "host_vars" / "company" / "mail.yml").exists()
    assert WARNING in words(done.output)
    company.database.assert_as(before, "a run without the variable wrote")
    hosts["company"]["odoo_allow_newer_series"] = True
    done = company.play("site.yml", hosts=hosts)
    assert done.code == 0, done.output
    assert words(done.output).count(WARNING) == 1
    # Nor is it silent where nothing is to be done.
    done = company.play("site.yml", hosts=hosts)
    assert words(done.output).count(WARNING) == 1
    assert company.drift(hosts=hosts).code == 0
