"""DANE in the check `dns` of verify.yml: real certificates of a real Postfix, against records of a zone that is signed for it.

ldns-dane makes the records, so that what is compared is not only our own idea of them.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from odd_servers import Authority, free_port, pem

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import domains
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.resolver import Resolver
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import Domain

MISMATCH = "dane_mismatch"
UNUSABLE = "dane_unusable"
# By domain: the server, its records (whose certificate, and usage, selector and matching type), and what is found.
CASES = {
    "key": ("mx", [("mx", "3 1 1")], None),
    "whole-key": ("mx", [("mx", "3 1 0")], None),
    "certificate": ("mx", [("mx", "3 0 2")], None),
    "whole-certificate": ("mx", [("mx", "3 0 0")], None),
    # The server's own key speaks for itself, whatever its dates and names.
    "expired": ("mx_expired", [("mx_expired", "3 1 1")], None),
    "old-and-new": ("mx", [("good", "3 1 1"), ("mx", "3 1 1")], None),
    "unusable-and-good": ("mx", [("good", "1 1 1"), ("mx", "3 1 1")], None),
    "authority": ("mx", [("ca", "2 0 1")], None),
    "of-domain": ("mx", [("ca", "2 1 1")], None),
    "other-key": ("mx", [("good", "3 1 1")], MISMATCH),
    "other-certificate": ("mx", [("mx_expired", "3 0 1")], MISMATCH),
    "other-authority": ("mx", [("stranger", "2 1 1")], MISMATCH),
    "other-name": ("mx", [("ca", "2 1 1")], MISMATCH),
    "expired-authority": ("mx_expired", [("ca", "2 1 2")], MISMATCH),
    "no-starttls": ("mx_plain", [("mx", "3 1 1")], MISMATCH),
    "only-public": ("mx", [("mx", "1 1 1"), ("ca", "0 1 1")], UNUSABLE),
}


def record(host, certificate, usage, selector, matching):
    """A TLSA record, as ldns-dane makes it. It makes those with the usages 0 and 1 of public authorities only."""
    alike = {"0": "2", "1": "3"}.get(usage, usage)
    command = ["ldns-dane", "-n", "-c", certificate, "create", host, "25", alike, selector, matching]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return made.replace(f"TLSA\t{alike}", f"TLSA\t{usage}")


class Zone:
    """A name server with a signed zone, in which each case is a domain with an MX host."""

    def __init__(self, odd, folder):
        self.folder, self.port = folder, free_port()
        stranger = folder / "stranger.pem"
        stranger.write_text(pem(Authority("Unknown authority").certificate))
        certificates = {"ca": odd.ca_file, "stranger": stranger}
        lines = ["$ORIGIN dane.example.", "$TTL 300", "@ SOA ns hostmaster 1 3600 600 86400 300", "@ NS ns", "ns A 127.0.0.1"]
        cases = {**CASES, "silent": ("silent", [("mx", "3 1 1")], None)}
        for name, (server, records, _found) in cases.items():
            lines += [f"{name} MX 10 mx.{name}", f"mx.{name} A {odd.mx_addresses.get(server, '127.0.0.9')}"]
            for certificate, kind in records:
                file = certificates.get(certificate, odd.folder / f"{certificate}.pem")
                lines.append(record(f"mx.{name}.dane.example", file, *kind.split()))
        (folder / "zone").write_text("\n".join(lines) + "\n")
        sign = """
            set -e
            key=$(ldns-keygen -a ECDSAP256SHA256 -k dane.example)
            mv $key.key anchor.key
            cp anchor.key $key.key
            ldns-signzone -e 20400101000000 -f signed zone $key
        """
        subprocess.run(["bash", "-c", sign], cwd=folder, check=True, capture_output=True)
        (folder / "unbound.conf").write_text(f"""
server:
  interface: 127.0.0.1@{self.port}
  port: {self.port}
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  pidfile: "{folder}/pid"
  directory: "{folder}"
  do-ip6: no
  module-config: "validator iterator"
  do-not-query-localhost: no
  trust-anchor-file: "{folder}/anchor.key"
  local-zone: "." static
  local-zone: "dane.example." transparent
remote-control:
  control-enable: no
auth-zone:
  name: "dane.example."
  zonefile: "{folder}/signed"
  for-downstream: no
  for-upstream: yes
""")
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(["unbound", "-d", "-c", folder / "unbound.conf"], stdout=log, stderr=log)
        # It answers once it has the zone.
        assert Resolver([f"127.0.0.1:{self.port}"], 20).addresses("mx.key.dane.example"), (folder / "log").read_text()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder)

    def check(self, name):
        """What is found of a domain with regard to DANE, C({rule: found}), and what was not checked."""
        findings = Findings()
        way = domains.Way(resolvers=(f"127.0.0.1:{self.port}",), timeout=2)
        domains.check([Domain(f"{name}.dane.example")], findings, way)
        result = findings.result()
        found = {each["rule"]: each["found"] for each in result["findings"] if each["rule"].startswith("dane")}
        return found, [each["reason"] for each in result["not_checked"]]


@pytest.fixture(scope="module")
def zone(odd):
    made = Zone(odd, Path(tempfile.mkdtemp(prefix="postroom-dane-", dir="/var/tmp")))
    yield made
    made.stop()


@pytest.mark.parametrize("name", CASES)
def test_records_and_certificates(zone, name):
    found, not_checked = zone.check(name)
    assert not_checked == []
    assert set(found) == {CASES[name][2]} - {None}, found


def test_what_the_finding_says(zone):
    """The record to publish, or what is wrong with the certificate."""
    (published,) = [line for line in (zone.folder / "zone").read_text().splitlines() if line.startswith("_25._tcp.mx.key.")]
    assert zone.check("other-key")[0][MISMATCH].endswith(f"has the record 3 1 1 {published.split()[-1]}")
    assert zone.check("other-name")[0][MISMATCH].endswith("for mx.authority.dane.example, of-domain.dane.example")
    assert "expired" in zone.check("expired-authority")[0][MISMATCH]
    assert zone.check("no-starttls")[0][MISMATCH].endswith("the server does not offer STARTTLS")


def test_a_host_that_does_not_answer_is_not_checked(zone):
    """Many networks do not let anybody but mail servers connect to port 25."""
    found, (reason,) = zone.check("silent")
    assert found == {}
    assert "port 25" in reason
