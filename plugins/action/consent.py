# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module consent documents it."""

from __future__ import annotations

from functools import partial

from ansible.errors import AnsiblePromptInterrupt, AnsiblePromptNoninteractive
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.common.text.converters import to_text
from ansible.utils.display import Display

from ansible_collections.postroom.odoo.plugins.module_utils.engine.masking import occurring
from ansible_collections.postroom.odoo.plugins.module_utils.operations import consents
from ansible_collections.postroom.odoo.plugins.module_utils.resources.oauth_clients import REFRESH_TOKEN
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import BrokenConnection, OdooError
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.lists import accounts_of, is_enabled
from ansible_collections.postroom.odoo.plugins.plugin_utils.connection import with_connection
from ansible_collections.postroom.odoo.plugins.plugin_utils.consent import device, link
from ansible_collections.postroom.odoo.plugins.plugin_utils.consent.people import Person, Way, ask
from ansible_collections.postroom.odoo.plugins.plugin_utils.consent.proof import Prover
from ansible_collections.postroom.odoo.plugins.plugin_utils.declared import lists_for, unread, variables_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import InProcessAction, plain, session_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.words import counted
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import tls
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import OAUTH, mailboxes_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.tokens import MISSING_LIBRARY, Adapter, token_requests

OPTIONS = {
    "roles": {"type": "dict", "required": True},
    "email": {"type": "str"},
    "at_a_time": {"type": "int", "default": 10},
    "paste": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 10},
    "ca_path": {"type": "path"},
}
KNOWN = {"consent_" + option for option in OPTIONS if option not in ("roles", "email")}
NO_PAGE = (
    "The inventory does not say where people consent to the OAuth client %s: it has no device_authorization_url or "
    "authorization_url. Give the client in mail_provider.oauth, or in oauth of an account"
)
CONFIRM = "Run site.yml: it confirms the servers of who has consented"


class ActionModule(InProcessAction):
    """Asks people on the controller, and Odoo by a session of its own: no token is ever in the options of a module."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        # Not that of the modules, which runs the task's.
        result = super(InProcessAction, self).run(tmp, task_vars)
        self.options = self.validate_argument_spec(OPTIONS)[1]
        self.patience = consents.PATIENCE
        self.secrets = set()
        self.host = task_vars["inventory_hostname"]
        self.show = partial(_show, self.host)
        try:
            result.update(self._run(task_vars))
        except (Stop, OdooError) as exc:
            result.update(failed=True, msg=self._masked(str(exc)))
        except ImportError as missing:
            result.update(failed=True, msg=MISSING_LIBRARY % missing.name)
        return result

    def _run(self, task_vars):
        self._check_options(task_vars)
        people, pages = self._people(task_vars)
        if not people:
            self.show("No mailbox of this database logs in by an OAuth client of grant %s" % REFRESH_TOKEN)
            return {"changed": False, "stored": [], "missing": []}
        if self._connection.transport != "local":
            raise Stop("consent.yml needs ansible_connection: local, as it must reach Odoo from the controller")
        token_requests()
        session = session_of("consent", plain(with_connection({}, task_vars, self._templar.template)), writes=True)
        clients = consents.clients_of(session, {each.client for each in people})
        there = consents.consented(session, clients.values())
        missing = people
        if not self.options["email"]:
            missing = [each for each in people if (clients[each.client.name], each.address) not in there]
        if not missing:
            self.show("%s consented already" % counted(len(people), "mailbox has", "mailboxes have"))
        able = [each for each in missing if each.client.name in pages]
        without_page = [(each.address, NO_PAGE % each.client.name) for each in missing if each not in able]
        for address, reason in without_page:
            self.show("%s: %s" % (address, reason))
        if self._task.check_mode:
            for person in able:
                self.show("%s would be asked to consent" % person.address)
            result = {"changed": bool(able), "stored": [], "missing": [each.address for each in missing]}
            return {**result, **self._failure(without_page)}
        session.refuse_neutralized()
        stored, failed = self._ask(able, pages, session, clients)
        failed = without_page + failed
        if stored:
            self.show(CONFIRM)
        result = {"changed": bool(stored), "stored": stored, "missing": [address for address, _reason in failed]}
        return {**result, **self._failure(failed)}

    def _check_options(self, task_vars):
        problems = unread(task_vars, "consent", KNOWN)
        low = ("at_a_time", "timeout")
        problems += ["consent_%s must be at least 1" % each for each in low if self.options[each] < 1]
        email = self.options["email"]
        if email is not None and not email.strip():
            problems.append("person_email is empty. Give the address of a mailbox, or leave it out to ask for all")
        if problems:
            raise Stop("\n".join(problems))

    def _people(self, task_vars):
        """The people whose mailboxes log in with their consent, in the inventory's order, and where they consent."""
        roles = self.options["roles"]
        given = variables_of(roles, task_vars, self._templar.template)
        found = {}
        for mailbox in mailboxes_of(lists_for(roles, given, task_vars)):
            if mailbox.authentication == OAUTH and mailbox.client and mailbox.client.grant == REFRESH_TOKEN:
                found.setdefault((mailbox.client, mailbox.login.strip().lower()), []).append(mailbox)
        people = [Person(client, address, tuple(mailboxes)) for (client, address), mailboxes in found.items()]
        if self.options["email"]:
            wanted = self.options["email"].strip().lower()
            people = [each for each in people if wanted in _names_of(each)]
            if not people:
                raise Stop(
                    "No mailbox of this database with the address %s logs in by an OAuth client of grant %s. Correct "
                    "person_email, or use --limit" % (wanted, REFRESH_TOKEN)
                )
        pages = accounts_of(given, by_addon=is_enabled(given, task_vars)).consent_pages()
        for person in people:
            self.secrets.update(each for each in (person.client.client_secret, person.client.private_key) if each)
        return people, pages

    def _ask(self, missing, pages, session, clients):
        """Ask these people; the addresses whose token is stored, and C([(address, reason)]) of the others."""
        adapter = Adapter(tls.strict_context(self.options["ca_path"]))
        prover = Prover(self.options["ca_path"], self.options["timeout"])

        def store(person, refresh_token):
            self.secrets.add(refresh_token)
            try:
                consents.store(session, clients[person.client.name], person.address, refresh_token, self.patience)
            except BrokenConnection:
                # It has been waited for.
                self.patience = 0
                raise

        def start(person):
            client = clients[person.client.name]
            # Another run may ask, too.
            if not self.options["email"] and consents.consented(session, [client], person.address):
                return None
            page = pages[person.client.name]
            if page.by_code:
                return device.start(person.client, page.url, adapter)
            paste = partial(self._paste, person.address) if self.options["paste"] else None
            return link.start(person.client, page, person.address, adapter, paste)

        stored, failed, over = [], [], ""
        for by_code in (True, False):
            people = [each for each in missing if pages[each.client.name].by_code == by_code]
            if over:
                failed += [(each.address, over) for each in people]
                continue
            # There is one browser, and one terminal.
            at_a_time = self.options["at_a_time"] if by_code else 1
            outcome = ask(people, Way(start, prover.prove, store, lambda line: self.show(self._masked(line)), at_a_time))
            stored += outcome.stored
            failed += outcome.failed
            over = outcome.over
        return stored, failed

    def _failure(self, failed):
        return {"failed": True, "msg": self._masked(_message(failed))} if failed else {}

    def _paste(self, address, seconds):
        """What a person pastes. It has a code, so it is not shown."""
        words = "[%s] %s: paste the address (it is not shown): " % (self.host, address)
        try:
            return to_text(Display().prompt_until(words, private=True, seconds=seconds))
        except AnsiblePromptInterrupt as exc:
            raise device.Interrupted() from exc
        except AnsiblePromptNoninteractive as exc:
            raise device.NoConsent("consent_paste needs a terminal to paste the address into. Run consent.yml in one") from exc

    def _masked(self, words):
        return remove_values(words, occurring(self.secrets, [words]))


class Stop(Exception):
    """Nobody can be asked, in words."""


def _names_of(person):
    """What a person's mailbox may be asked for by: its login, and the addresses that it sends as."""
    return {person.address, *(each.address.lower() for each in person.mailboxes)}


def _message(failed):
    """Who has not consented, each reason once."""
    reasons = {}
    for address, reason in failed:
        reasons.setdefault(reason, []).append(address)
    lines = ["%s: %s" % (", ".join(addresses), reason) for reason, addresses in reasons.items()]
    return "\n".join(["%s without a token:" % counted(len(failed), "mailbox", "mailboxes"), *lines])


def _show(host, line):
    Display().display("[%s] %s" % (host, line))
