"""Which database a message of Odoo's is from, as its Message-Id tells.

Two databases may read one mailbox: that of a company with two of them, or production and its training copy. An answer is for
the one whose message it answers. Answers name nothing but Message-Ids, and Odoo's have the name of a machine only, so the
addon adds the database to them: <…-openerp-7-crm.lead@db-0123456789ab.machine>.

Pure functions of text.
"""

import collections
import hashlib
import re

_MADE_BY_ODOO = re.compile(r"<[^<>@]*-open(?:erp|object)-[^<>@]*@(?:(db-[0-9a-f]{12})\.)?([^<>@]*)>")

# A message that Odoo has: whether it was sent by Odoo, and not received.
Stored = collections.namedtuple("Stored", "sent")


def is_made_by_odoo(message_id):
    return bool(_MADE_BY_ODOO.fullmatch(message_id or ""))


def tag(database):
    """What the Message-Ids of a database have.

    :param database: its lasting identity, `database.uuid`; a copy made by Odoo has one of its own
    """
    return "db-%s" % hashlib.sha256((database or "").strip().lower().encode("utf-8")).hexdigest()[:12]


def tagged(message_id, database):
    """A Message-Id of Odoo's with its database; another one, or one that has a database, as it is."""
    found = _MADE_BY_ODOO.fullmatch((message_id or "").strip())
    if not found or found.group(1):
        return message_id
    local, _at, machine = message_id.strip().rpartition("@")
    return "%s@%s.%s" % (local, tag(database), machine)


def is_of_another(message_id, answers, stored, own_tags, has_place):
    """Whether a message answers another database's messages, and none of this one's.

    :param message_id: its own Message-Id
    :param answers: the Message-Ids that it answers, or reports on
    :param stored: a Stored for each of them that this database has
    :param own_tags: the tags of this database, its former ones included
    :param has_place: whether this database would put it on a record though it answers none of its messages
    """
    # Odoo names the sender's own earlier messages in new ones, too: they tell where it is from, not whose answer it is.
    sender = _origin(message_id)
    answers = [each for each in answers if not sender or _origin(each) != sender]
    made = {each: found for each, found in ((each, _MADE_BY_ODOO.fullmatch(each)) for each in answers) if found}
    foreign = [each for each, found in made.items() if found.group(1) and found.group(1) not in own_tags]
    if any(found.group(1) in own_tags for found in made.values()):
        return False
    if any(stored[each].sent for each in foreign if each in stored):
        return True  # This database has it from the one that it is a copy of.
    if any(each in stored for each in answers):
        return False
    return bool(foreign or (made and not has_place))


def _origin(message_id):
    """The database that a Message-Id was made by, or at least the machine; None if not by Odoo."""
    found = _MADE_BY_ODOO.fullmatch(message_id or "")
    return found and found.groups()
