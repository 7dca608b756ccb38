"""Mail servers that a provider should not have: a second Postfix and Dovecot on loopback, with wrong certificates and settings.

They know the lab's mailboxes. Each SMTP service has a port of its own; each IMAP service an address, as Dovecot chooses its
certificate by that. MX hosts have addresses, too, as mail between servers has only one port.
"""

import contextlib
import datetime
import ipaddress
import random
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = datetime.timedelta(days=1)
# By certificate, in days from now, and whether the authority is the one that the test trusts.
CERTIFICATES = {
    "good": {"days": 90},
    "expired": {"days": -3},
    "soon": {"days": 5},
    "other_name": {"days": 90, "name": "imap.other.example"},
    "stranger": {"days": 90, "trusted": False},
    "both": {"days": -3, "name": "imap.other.example"},
}
# The MX hosts. The certificate of the first is for the host itself, or for its domain alone.
MX_NAMES = ("mx.authority.dane.example", "of-domain.dane.example")
MX_HOSTS = ("mx", "mx_expired", "mx_plain")


class Authority:
    def __init__(self, name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        authority = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = self._signed(self.name, self.key, -400, 400, (authority, True))

    def _signed(self, subject, key, begins, ends, *extensions):
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        # An hour more, so that the number of days stays the same while the test runs.
        builder = builder.not_valid_before(now + begins * DAY).not_valid_after(now + ends * DAY + DAY / 24)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, days, *names):
        """A key and a certificate for these names, in one PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        kinds = [x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names]
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail server")])
        made = self._signed(subject, key, -100, days, (x509.SubjectAlternativeName(kinds), False))
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return private.decode() + pem(made)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def free_addresses(count, port):
    """Loopback addresses at which nobody listens on a port that is always the same."""
    found = []
    while len(found) < count:
        address = f"127.{random.randrange(100, 200)}.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
        with contextlib.suppress(OSError), socket.create_server((address, port)):
            found.append(address)
    return found


class OddServers:
    def __init__(self, lab):
        self.lab = lab
        # Postfix and Dovecot have users of their own, for whom pytest's folders are closed.
        self.folder = Path(tempfile.mkdtemp(prefix="postroom-odd-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.ca_file = self.folder / "ca.pem"
        self.imap_port, self.imaps_port, self.pop3s_port = free_port(), free_port(), free_port()
        self.addresses = {name: f"127.0.1.{number}" for number, name in enumerate(CERTIFICATES, 1)}
        self.smtp_ports = {name: free_port() for name in ("good", "plain", "no_logins", "expired", "old", "strict_plain")}
        self.mx_addresses = dict(zip(MX_HOSTS, free_addresses(len(MX_HOSTS), 25), strict=True))
        self._certificates()
        self.processes = []

    def _certificates(self):
        authority, stranger = Authority("Test authority"), Authority("Unknown authority")
        self.ca_file.write_text(pem(authority.certificate))
        for name, wanted in CERTIFICATES.items():
            issuer = authority if wanted.get("trusted", True) else stranger
            names = [wanted["name"]] if "name" in wanted else ["127.0.0.1", self.addresses[name]]
            (self.folder / f"{name}.pem").write_text(issuer.issue(wanted["days"], *names))
        # The authority is shown, too.
        for name, days in (("mx", 90), ("mx_expired", -3)):
            (self.folder / f"{name}.pem").write_text(authority.issue(days, *MX_NAMES) + pem(authority.certificate))

    def start(self):
        self._dovecot()
        self._postfix()
        wait_for("127.0.1.1", self.imaps_port)
        for port in self.smtp_ports.values():
            wait_for("127.0.0.1", port)
        for address in self.mx_addresses.values():
            wait_for(address, 25)

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait(30)
        shutil.rmtree(self.folder)

    def _run(self, *command):
        with (self.folder / "log").open("ab") as log:
            self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def _dovecot(self):
        mail, user = Path(self.lab["lab_dir"]) / "mail", self.lab["user"]
        certificates = "".join(
            f"local {address} {{\n  ssl_cert = <{self.folder}/{name}.pem\n  ssl_key = <{self.folder}/{name}.pem\n}}\n"
            for name, address in self.addresses.items()
        )
        (self.folder / "dovecot.conf").write_text(f"""
instance_name = {self.folder.name}
base_dir = {self.folder}/dovecot
state_dir = {self.folder}/dovecot-state
log_path = {self.folder}/dovecot.log
listen = {", ".join(self.addresses.values())}
protocols = imap pop3
ssl = yes
ssl_cert = <{self.folder}/good.pem
ssl_key = <{self.folder}/good.pem
{certificates}
disable_plaintext_auth = yes
auth_username_format = %Lu
auth_failure_delay = 0 secs
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%Lu {mail}/passwd
}}
userdb {{
  driver = passwd-file
  args = username_format=%Lu {mail}/passwd
  default_fields = uid={user["uid"]} gid={user["gid"]} home={mail}/boxes/%Ld/%Ln
}}
first_valid_uid = {user["uid"]}
first_valid_gid = {user["gid"]}
mail_location = maildir:~/Maildir
service imap-login {{
  inet_listener imap {{
    port = {self.imap_port}
  }}
  inet_listener imaps {{
    port = {self.imaps_port}
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = 0
  }}
  inet_listener pop3s {{
    port = {self.pop3s_port}
    ssl = yes
  }}
}}
""")
        self._run("dovecot", "-F", "-c", str(self.folder / "dovecot.conf"))

    def _postfix(self):
        lab, config = Path(self.lab["lab_dir"]) / "mail" / "postfix", self.folder / "postfix"
        for folder in (config, config / "queue", config / "data"):
            folder.mkdir()
        shutil.chown(config / "data", "postfix")
        main = (lab / "main.cf").read_text()
        for mine in ("queue", "data"):
            main = main.replace(f"{lab}/{mine}", f"{config}/{mine}")
        main = main.replace(self.lab["mail"]["logs"]["postfix"], f"{self.folder}/postfix.log")
        main = main.replace(f"maillog_file_prefixes = {lab.parents[1]}/log", f"maillog_file_prefixes = {self.folder}")
        main += f"\nsmtpd_sasl_path = {lab}/queue/private/dovecot-auth\nsmtpd_tls_chain_files = {self.folder}/good.pem\n"
        main = "".join(line for line in main.splitlines(True) if not line.startswith(("smtpd_tls_cert_", "smtpd_tls_key_")))
        (config / "main.cf").write_text(main)
        own = (lab / "master.cf").read_text().partition("# Postfix's own parts")[2]
        logins = ("smtpd_sasl_auth_enable=yes", "smtpd_sender_restrictions=reject_sender_login_mismatch")
        services = {
            # Without the kinds of OAuth, which the lab's own server offers.
            "good": (*logins, "smtpd_sasl_mechanism_filter=plain,login"),
            "plain": (*logins, "smtpd_tls_security_level=none", f"message_size_limit={2 * 1024 * 1024}"),
            "no_logins": ("smtpd_sasl_auth_enable=no",),
            "expired": (*logins, f"smtpd_tls_chain_files={self.folder}/expired.pem"),
            "old": (*logins, "smtpd_tls_protocols=TLSv1.1", "tls_medium_cipherlist=ALL:@SECLEVEL=0"),
            # Takes a login encrypted only, though it is asked without.
            "strict_plain": (*logins, "smtpd_tls_auth_only=yes"),
        }
        text = "".join(
            f"127.0.0.1:{self.smtp_ports[name]} inet n - n - - smtpd\n" + "".join(f"  -o {option}\n" for option in options)
            for name, options in services.items()
        )
        for name, address in self.mx_addresses.items():
            option = "security_level=none" if name == "mx_plain" else f"chain_files={self.folder}/{name}.pem"
            text += f"{address}:25 inet n - n - - smtpd\n  -o smtpd_tls_{option}\n"
        (config / "master.cf").write_text(f"{text}\n# Postfix's own parts{own}")
        subprocess.run(["postfix", "-c", config, "check"], check=True, capture_output=True)
        # Postfix sleeps a second or two over a main.cf that was written just now.
        subprocess.run(["touch", "-d", "1 minute ago", config / "main.cf"], check=True)
        self._run("/usr/lib/postfix/sbin/master", "-c", str(config))


def wait_for(address, port, patience=20):
    deadline = time.monotonic() + patience
    while True:
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
            return
        assert time.monotonic() < deadline, f"nothing answers at {address}:{port}"
        time.sleep(0.05)


@contextlib.contextmanager
def silent_server():
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextlib.contextmanager
def busy_server(greeting):
    """A port that greets whoever comes, and hangs up."""

    class Busy(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.sendall(greeting)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
