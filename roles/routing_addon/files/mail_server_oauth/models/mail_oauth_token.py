"""The tokens, for all workers.

Each question and each note is a transaction of its own, whatever becomes of the mail in whose name it is made: a provider's new
refresh token is the only one that works from then on. A row's lock has one worker ask while the others wait for its answer.
All times are the database's: workers on several machines, and clocks that are off, come to the same result.
"""

import logging
import time
from contextlib import contextmanager

import psycopg2
from odoo import api, fields, models

from .. import compat
from ..tools import token_request

_logger = logging.getLogger(__name__)

# A token is renewed so long before its end, and after nine tenths of its time at the latest: nobody is to log in with one that
# ends while the mailbox is read.
EARLIER, USABLE_PART = 300, 0.9
# How long a worker waits for another one's answer. That one gives up before.
WAIT_SECONDS = 60
# After a refusal by a mail server, tokens are replaced before their time: for a client so often, for a mailbox that was
# refused with a fresh one, too, so often. Otherwise mailboxes that are set up badly would have all others' tokens replaced.
SECONDS_BETWEEN_REPLACEMENTS, SECONDS_AFTER_FRESH = 600, 3600
# How often to try to store an answer, should the database be gone for a moment.
STORE_TRIES = 5


class MailOauthToken(models.Model):
    _name = "mail.oauth.token"
    _description = "OAuth Token"
    _order = "client_id, mailbox, id"
    _rec_name = "mailbox"

    client_id = fields.Many2one(
        "mail.oauth.client", string="OAuth Client", required=True, readonly=True, index=True, ondelete="cascade"
    )
    mailbox = fields.Char(readonly=True, help="Empty if the token is for all mailboxes.")
    state = fields.Selection(
        [
            ("none", "No Token Yet"),
            ("consent", "Consent Needed"),
            ("valid", "Valid"),
            ("renewable", "To Be Renewed"),
            ("failing", "Failing"),
        ],
        compute="_compute_state",
    )
    valid_until = fields.Datetime(readonly=True)
    refreshed = fields.Datetime(string="Last Token On", readonly=True)
    last_used = fields.Datetime(string="Last Login On", readonly=True, help="Updated once an hour.")
    has_refresh_token = fields.Boolean(readonly=True)
    last_error = fields.Text(readonly=True)
    last_error_date = fields.Datetime(readonly=True)

    def init(self):
        result = super().init()
        # No fields: nothing in Odoo leads to a token.
        self.env.cr.execute(
            """
            ALTER TABLE mail_oauth_token
            ADD COLUMN IF NOT EXISTS access_token text, ADD COLUMN IF NOT EXISTS refresh_token text,
            ADD COLUMN IF NOT EXISTS fingerprint text, ADD COLUMN IF NOT EXISTS renew_at timestamp,
            ADD COLUMN IF NOT EXISTS retry_at timestamp, ADD COLUMN IF NOT EXISTS failure text,
            ADD COLUMN IF NOT EXISTS replaced_at timestamp, ADD COLUMN IF NOT EXISTS refused_at timestamp
            """
        )
        self.env.cr.execute(
            "CREATE UNIQUE INDEX IF NOT EXISTS mail_oauth_token_one ON mail_oauth_token (client_id, (COALESCE(mailbox, '')))"
        )
        return result

    def _compute_state(self):
        self.env.cr.execute("SELECT id, failure FROM mail_oauth_token WHERE id = ANY(%s)", [self.ids])
        failures, now = dict(self.env.cr.fetchall()), fields.Datetime.now()
        for token in self:
            client = token.client_id
            own = token if client.subject == "mailbox" or not token.mailbox else self._row_of(client, "")
            if client.grant == "refresh_token" and (not token.has_refresh_token or failures.get(token.id) == "consent"):
                token.state = "consent"
            elif token.last_error or own.last_error:
                token.state = "failing"
            elif own.valid_until:
                token.state = "valid" if own.valid_until > now else "renewable"
            else:
                token.state = "none"

    @api.model
    def _row_of(self, client, mailbox):
        """The row of a mailbox; empty if there is none yet."""
        return self.sudo().search([("client_id", "=", client.id), ("mailbox", "in", [mailbox, mailbox or False])], limit=1)

    @api.model
    def _key(self, client, mailbox):
        return "" if client.subject == "none" else mailbox

    @api.model
    def _valid_until(self, client, mailbox):
        with self._apart() as cr:
            query = "SELECT valid_until FROM mail_oauth_token WHERE client_id = %s AND mailbox = %s"
            rows = compat.execute_silently(cr, query, [client.id, self._key(client, mailbox)])
            return rows[0][0] if rows else False

    # ------------------------------------------------------------------
    # Transactions of their own
    # ------------------------------------------------------------------

    @api.model
    @contextmanager
    def _apart(self):
        with self.env.registry.cursor() as cr:
            # What another worker has stored while this one waited is to be seen, instead of being an error.
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            yield cr

    COLUMNS = (
        "access_token",
        "refresh_token",
        "fingerprint",
        "fresh",
        "valid",
        "pausing",
        "failure",
        "last_error",
        "replaced_lately",
    )

    @api.model
    def _read_row(self, cr, client, key, lock=False):
        """What is stored, with what its times mean now; None if there is no row."""
        query = """
            SELECT access_token, refresh_token, fingerprint, renew_at > now() AT TIME ZONE 'UTC',
                valid_until > now() AT TIME ZONE 'UTC', retry_at > now() AT TIME ZONE 'UTC', failure, last_error,
                replaced_at > now() AT TIME ZONE 'UTC' - %s * interval '1 second'
            FROM mail_oauth_token WHERE client_id = %s AND mailbox = %s
        """
        # clock_timestamp: this transaction has perhaps waited for another one.
        query = query.replace("now()", "clock_timestamp()") + (" FOR NO KEY UPDATE" if lock else "")
        rows = compat.execute_silently(cr, query, [SECONDS_BETWEEN_REPLACEMENTS, client.id, key])
        return dict(zip(self.COLUMNS, rows[0])) if rows else None

    @api.model
    def _lock_row(self, cr, client, key):
        """The row, which nobody else has until the transaction ends."""
        query = """
            INSERT INTO mail_oauth_token (client_id, mailbox, create_date, write_date)
            VALUES (%s, %s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
            ON CONFLICT (client_id, (COALESCE(mailbox, ''))) DO NOTHING
        """
        try:
            cr._obj.execute("SET LOCAL lock_timeout = '%ds'" % WAIT_SECONDS)
            compat.execute_silently(cr, query, [client.id, key])
            return self._read_row(cr, client, key, lock=True)
        except psycopg2.errors.LockNotAvailable:
            words = "Another worker has been requesting the token for over %s seconds." % WAIT_SECONDS
            raise token_request.TokenError(words, temporary=True) from None
        except psycopg2.errors.ForeignKeyViolation:
            raise token_request.TokenError("The OAuth client no longer exists.") from None

    # ------------------------------------------------------------------
    # Access tokens
    # ------------------------------------------------------------------

    @api.model
    def _access_token(self, client, mailbox, refused=None, anew=False):
        """A token that is valid for some time yet. One worker asks the provider for it, the others wait.

        :param refused: a token that a server refused
        :param anew: whether to ask the provider in any case
        :return: the token; None if there is none but the refused one, and it is too early for another one
        :raise TokenError: the provider gave none
        """
        key = self._key(client, mailbox)
        if client.subject == "mailbox" and not mailbox:
            raise token_request.TokenError("The server has no username. Set it to the mailbox's address.")
        with self._apart() as cr:
            settings = client._read_settings(cr)
            fingerprint = token_request.fingerprint(settings)

            def usable(row):
                return (
                    row and not anew and row["fresh"] and row["fingerprint"] == fingerprint and row["access_token"] != refused
                )

            row = self._read_row(cr, client, key)
            if usable(row):
                return row["access_token"]
            row = self._lock_row(cr, client, key)
            if usable(row):
                return row["access_token"]
            if refused and row["access_token"] == refused and row["replaced_lately"]:
                return None
            try:
                return self._renew(cr, client, key, mailbox, row, settings, refused, anew)
            except token_request.TokenError as problem:
                still_valid = row["access_token"] and row["valid"] and row["fingerprint"] == fingerprint
                if problem.temporary and still_valid and not anew and row["access_token"] != refused:
                    # It was to be renewed early, so that the endpoint may be down for a moment.
                    return row["access_token"]
                raise

    @api.model
    def _renew(self, cr, client, key, mailbox, row, settings, refused, anew):
        """Ask the provider for a token, unless it has just said no."""
        fingerprint = token_request.fingerprint(settings)
        if row["pausing"] and row["fingerprint"] == fingerprint and not anew:
            # The same question gets the same answer, and an endpoint in trouble is to be left alone.
            raise token_request.TokenError(
                row["last_error"] or "", temporary=row["failure"] == "temporary", consent=row["failure"] == "consent"
            )
        try:
            answer = token_request.request(settings, mailbox, row["refresh_token"])
        except token_request.TokenError as problem:
            self._store(cr, self._failure_update(problem, fingerprint), client, key)
            raise
        self._store(cr, self._answer_update(answer, fingerprint, bool(refused)), client, key)
        return answer.access_token

    @api.model
    def _token_after_refusal(self, client, mailbox, refused):
        """A fresh token in place of one that a mail server refused; None if it is too early for another one."""
        with self._apart() as cr:
            query = """
                SELECT 1 FROM mail_oauth_token WHERE client_id = %s AND mailbox = %s
                AND refused_at > clock_timestamp() AT TIME ZONE 'UTC' - %s * interval '1 second'
            """
            if compat.execute_silently(cr, query, [client.id, mailbox, SECONDS_AFTER_FRESH]):
                return None
        return self._access_token(client, mailbox, refused=refused)

    @api.model
    def _answer_update(self, answer, fingerprint, is_replacement):
        margin = min(EARLIER, answer.seconds * (1 - USABLE_PART))
        update = """
            access_token = %s, fingerprint = %s, failure = NULL, last_error = NULL, last_error_date = NULL, retry_at = NULL,
            refreshed = date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC'),
            valid_until = date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC' + %s * interval '1 second'),
            renew_at = clock_timestamp() AT TIME ZONE 'UTC' + %s * interval '1 second'
        """
        values = [answer.access_token, fingerprint, answer.seconds, answer.seconds - margin]
        if is_replacement:
            update += ", replaced_at = clock_timestamp() AT TIME ZONE 'UTC'"
        if answer.refresh_token:
            update += ", refresh_token = %s, has_refresh_token = true"
            values.append(answer.refresh_token)
        return update, values

    @api.model
    def _failure_update(self, problem, fingerprint):
        # A token that is still valid outlives an endpoint that is down for a moment.
        update = """
            access_token = CASE WHEN %s AND fingerprint = %s THEN access_token END,
            renew_at = CASE WHEN %s AND fingerprint = %s THEN renew_at END,
            fingerprint = %s, failure = %s, last_error = %s,
            last_error_date = date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC'),
            retry_at = clock_timestamp() AT TIME ZONE 'UTC' + %s * interval '1 second'
        """
        kept = [problem.temporary, fingerprint]
        failure = "consent" if problem.consent else "temporary" if problem.temporary else "lasting"
        return update, [*kept, *kept, fingerprint, failure, problem.words, problem.pause]

    @api.model
    def _store(self, cr, update, client, key):
        """Store an answer at once, and again should the database be gone for a moment: there may be no second answer."""
        query = "UPDATE mail_oauth_token SET %s WHERE client_id = %%s AND mailbox = %%s" % update[0]
        values = [*update[1], client.id, key]
        try:
            compat.execute_silently(cr, query, values)
            cr.commit()
            return
        except psycopg2.Error as problem:
            failure = problem
        for attempt in range(STORE_TRIES):
            time.sleep(attempt)
            try:
                with self.env.registry.cursor() as other:
                    compat.execute_silently(other, query, values)
                return
            except psycopg2.Error as problem:
                failure = problem
        # Without the statement, which contains the token.
        _logger.error("The token of %s could not be stored: %s", key or client.id, type(failure).__name__)
        raise token_request.TokenError("The database failed to store the token.", temporary=True)

    # ------------------------------------------------------------------
    # What became of logins
    # ------------------------------------------------------------------

    @api.model
    def _note_login(self, client, mailbox, problem=None):
        """Note on a mailbox that it was logged in to, or why not. A success is noted once an hour."""
        words = getattr(problem, "words", None)
        is_of_token = isinstance(problem, token_request.TokenError)
        if is_of_token and self._key(client, mailbox) == mailbox:
            return  # Noted with its row.
        insert = """
            INSERT INTO mail_oauth_token AS token (client_id, mailbox, create_date, write_date, last_used, last_error,
                last_error_date, refused_at)
            SELECT %(client)s, %(mailbox)s, clock.now, clock.now, CASE WHEN %(words)s IS NULL THEN clock.now END,
                %(words)s, CASE WHEN %(words)s IS NOT NULL THEN clock.now END, CASE WHEN %(fresh)s THEN clock.now END
            FROM (SELECT date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC') AS now) clock
            ON CONFLICT (client_id, (COALESCE(mailbox, ''))) DO UPDATE SET
                last_used = COALESCE(excluded.last_used, token.last_used),
                last_error = excluded.last_error, last_error_date = excluded.last_error_date,
                refused_at = CASE WHEN %(words)s IS NULL THEN NULL ELSE COALESCE(excluded.refused_at, token.refused_at) END
            WHERE %(words)s IS NOT NULL OR token.last_error IS NOT NULL OR token.last_used IS NULL
                OR token.last_used < excluded.last_used - interval '1 hour'
        """
        values = {
            "client": client.id,
            "mailbox": mailbox,
            "words": words,
            "fresh": bool(getattr(problem, "with_fresh_token", False)),
        }
        try:
            with self._apart() as cr:
                compat.execute_silently(cr, insert, values)
        except psycopg2.Error:
            _logger.info("What became of the login of %s was not stored.", mailbox, exc_info=True)

    @api.model
    def _store_consent(self, client, mailbox, refresh_token):
        with self._apart() as cr:
            row = self._lock_row(cr, client, mailbox)
            update = """
                refresh_token = %s, has_refresh_token = true, access_token = NULL, renew_at = NULL, retry_at = NULL,
                failure = NULL, last_error = NULL, last_error_date = NULL, refused_at = NULL,
                write_date = date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC')
            """
            if row["refresh_token"] != refresh_token or row["failure"]:
                self._store(cr, (update, [refresh_token]), client, mailbox)

    @api.model
    def _forget(self, clients, mailbox=None):
        with self._apart() as cr:
            query = "DELETE FROM mail_oauth_token WHERE client_id = ANY(%s) AND (%s IS NULL OR mailbox = %s)"
            cr.execute(query, [clients.ids, mailbox, mailbox])
        invalidate = getattr(self.env, "invalidate_all", None) or self.env.cache.invalidate
        invalidate()
