from datetime import datetime, timedelta

from odoo.tests.common import TransactionCase, tagged

from ..tools import outcomes
from ..tools.sending import Attempt
from .common import MailServerCase

NOW = datetime(2026, 11, 30, 8, 0, 0, 5)


@tagged("post_install", "-at_install")
class TestTally(TransactionCase):
    def tally(self, *attempts):
        written = []
        tally = outcomes.Tally(written.append)
        for attempt in attempts:
            tally.add(attempt)
        tally.write()
        return written

    def attempt(self, taken=(), refused=None, failure=None):
        attempt = Attempt(delivered=["had@it.example"], refused={"was@refused.example": "550 Before"})
        attempt.note(list(taken), refused or {})
        if failure:
            attempt.fail(failure)
        return attempt

    def test_once_whatever_was_sent(self):
        refused = self.attempt(refused={"a@b.example": (550, b"No such user")})
        (found,) = self.tally(*(self.attempt(["a@b.example"]) for _number in range(3)), refused)
        self.assertEqual(outcomes.state_of(found), outcomes.FAILING)
        self.assertIn("a@b.example: 550 No such user", found[outcomes.FAILED].words)
        (found,) = self.tally(refused, self.attempt(["a@b.example"]))
        self.assertEqual(outcomes.state_of(found), outcomes.WORKING)

    def test_taken_for_one_and_refused_for_another(self):
        (found,) = self.tally(self.attempt(["a@b.example"], {"c@d.example": (450, b"Later")}))
        self.assertEqual(outcomes.state_of(found), outcomes.WORKING)
        self.assertIn("450 Later", found[outcomes.FAILED].words)

    def test_connection_that_failed(self):
        (found,) = self.tally(self.attempt(failure=OSError("No route")))
        self.assertEqual(found[outcomes.FAILED].words.partition("\n")[0], "No route")

    def test_nothing_happened(self):
        """Of earlier attempts nothing is noted again."""
        self.assertEqual(self.tally(), [])
        self.assertEqual(self.tally(self.attempt()), [])


@tagged("post_install", "-at_install")
class TestOutcomes(MailServerCase):
    def add(self, server, kind, minutes=0, words=""):
        at = NOW + timedelta(minutes=minutes)
        outcomes._add(self.env.cr, server._name, server.id, kind, at, words)
        (getattr(server, "invalidate_recordset", None) or server.invalidate_cache)()
        (getattr(self.ann, "invalidate_recordset", None) or self.ann.invalidate_cache)()

    def rows(self, server):
        self.env.cr.execute("SELECT count(*) FROM smtp_server_per_user_outcome WHERE server_id = %s", [server.id])
        return self.env.cr.fetchone()[0]

    def test_last_one_counts(self):
        self.assertEqual(self.ann_server.sending_state, "unused")
        self.add(self.ann_server, outcomes.FAILED, 1, "550 No")
        self.assertEqual((self.ann.sending_state, self.ann.sending_error), ("failing", "550 No"))
        self.add(self.ann_server, outcomes.WORKED, 2)
        self.assertEqual((self.ann_server.sending_state, self.ann_server.last_error), ("working", "550 No"))
        self.assertEqual(self.ann_server.last_sent, NOW.replace(microsecond=0) + timedelta(minutes=2))
        self.add(self.ann_server, outcomes.WORKED, 3)
        self.assertEqual(self.rows(self.ann_server), 2)

    def test_noted_late(self):
        """By a session that has sent for long: what others have noted since stays."""
        self.add(self.ann_server, outcomes.WORKED, 3)
        self.add(self.ann_server, outcomes.WORKED, 1)
        self.assertEqual(self.ann_server.last_sent, NOW.replace(microsecond=0) + timedelta(minutes=3))

    def test_server_that_is_removed(self):
        self.add(self.ann_server, outcomes.WORKED)
        server_id = self.ann_server.id
        self.ann_server.unlink()
        self.assertEqual(outcomes.latest(self.env.cr, outcomes.OUTGOING, [server_id]), {})

    def test_found_by_state(self):
        self.add(self.ann_server, outcomes.FAILED)
        users = self.env["res.users"]
        self.assertEqual(users.search([("sending_state", "=", "failing")]), self.ann)
        self.assertIn(self.ben, users.search([("sending_state", "=", "no_server")]))
        self.assertNotIn(self.ann, users.search([("sending_state", "not in", ["failing", "working"])]))
        self.assertIn(self.ben, users.search([("sending_state", "!=", "failing"), ("fetching_state", "=", "no_server")]))
        self.assertEqual(self.servers.search([("sending_state", "in", ["failing"])]), self.ann_server)

    def test_own_server_is_the_one_that_sends(self):
        """As decided for the messages that they write, for many users at a time."""
        self.ann_server.user_id = False
        self.ann.login = "ann@own.example"
        self.assertEqual(self.servers._own_servers_of(self.ann | self.ben), {self.ann: self.ann_server, self.ben: self.servers})
        self.ben.email = "ann@own.example"
        self.assertEqual(self.servers._own_servers_of(self.ann | self.ben), {self.ann: self.ann_server, self.ben: self.servers})

    def test_own_mail_is_nobody_elses(self):
        self.assertIn("Ann's", self.ann.with_user(self.ann).own_mail)
        for user in (self.ben, self.env.ref("base.user_admin")):
            self.assertFalse(self.ann.with_user(user).own_mail)
            self.assertFalse(self.ann.with_user(user).sudo().own_mail)
        # Nor by what is remembered of who asked before.
        self.assertIn("Ann's", self.ann.with_user(self.ann).own_mail)

    def test_mailbox_of_an_address_that_is_not_proven_to_be_ones_own(self):
        """Whatever address users write down: it tells them nothing of whether there is such a mailbox, and how it is."""
        if "fetchmail.server" not in self.env:
            self.skipTest("This database has no incoming servers.")
        self.ann.login = "ann@own.example"
        told = []
        for address in ("ann@own.example", "nobody@own.example", "info@own.example"):
            self.ben.email = address
            for server in (False, True):
                if server:
                    values = {"name": "In", "server": "localhost", "server_type": "imap", "user": address, "state": "done"}
                    self.env["fetchmail.server"].create(values)
                told.append(self.ben.with_user(self.ben).own_mail.replace(address, ""))
                (getattr(self.ben, "invalidate_recordset", None) or self.ben.invalidate_cache)()
        self.assertEqual(len(set(told)), 1, told)
        self.assertIn("has not fetched mail from your mailbox yet", self.ann.with_user(self.ann).own_mail)
        self.ben.login = "info@own.example"
        self.assertIn("has not fetched mail from your mailbox yet", self.ben.with_user(self.ben).own_mail)

    def test_filter_that_follows_the_address_proves_nothing(self):
        self.servers.create(
            dict(name="Ben's", smtp_host="localhost", smtp_user="key-17", from_filter="ben@own.example", user_id=self.ben.id)
        )
        self.ben.email = "info@own.example"
        self.assertEqual(self.servers._servers_of(["info@own.example"]).user_id, self.ben)
        self.assertFalse(self.ben._is_proven("info@own.example"))
        self.assertTrue(self.ann._is_proven("ann@own.example"))

    def test_as_many_queries_for_many_users_as_for_few(self):
        users = (
            self.env["res.users"]
            .with_context(no_reset_password=True)
            .create([{"name": name, "login": name, "email": "%s@own.example" % name} for name in map("u%d".__mod__, range(40))])
        )
        # With an owner, with the address in the filter, or as the login only.
        for number, user in enumerate(users):
            values = dict(name=user.name, smtp_host="localhost", smtp_user=user.email)
            values.update(({"user_id": user.id}, {"from_filter": user.email}, {})[number % 3])
            self.servers.create(values)
            if "fetchmail.server" in self.env:
                values = {"name": user.name, "server": "localhost", "server_type": "imap", "user": user.email}
                self.env["fetchmail.server"].create(values)
        for method in ("_sending", "_fetching"):
            counts = []
            for some in (users[:3], users):
                self.forget()
                before = self.env.cr.sql_log_count
                getattr(some.browse(some.ids), method)()
                counts.append(self.env.cr.sql_log_count - before)
            self.assertLessEqual(counts[1], counts[0], method)

    def forget(self):
        (getattr(self.env, "invalidate_all", None) or self.env["base"].invalidate_cache)()

    def test_as_many_queries_for_many_senders_in_the_queue_as_for_few(self):
        """Of people with a server and without."""
        counts = []
        for some in (range(4), range(4, 40)):
            for number in some:
                address = "sender%d@own.example" % number
                if number % 2:
                    self.servers.create(dict(name=address, smtp_host="localhost", smtp_user=address, from_filter=address))
                values = {"subject": "Queued", "email_from": '"Sender" <%s>' % address, "email_to": "bob@customer.example"}
                self.env["mail.mail"].create(values)
            self.env["mail.mail"]._count_waiting()
            self.forget()
            before = self.env.cr.sql_log_count
            found = self.env["mail.mail"]._count_waiting()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(sum(found.values()), 40, found)
        self.assertLessEqual(counts[1], counts[0])
