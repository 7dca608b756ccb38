"""The methods and fields of Odoo that the addon needs.

The addon overrides private methods. When Odoo renames one, nothing fails: the override is not called any more, and mail
leaves the core way. So each of them is listed here, and a missing one is reported (see models/hook_check.py).
"""

from . import classes, core_classes
from .fields import IS_NOTIFICATION, NOTIFIED_MAIL, STARTS_ANEW
from .hook_check import hook as _hook
from .hook_check import missing

# Series 14 and 19 were run; 15 to 18 and, in parts, 20 were read.
HOOKS = [
    # Which server sends
    _hook(
        "ir.mail_server",
        ("_connect__", "connect"),
        "14 to 18: connect; 19, 20: _connect__",
        "identify the server of a session",
        ["mail_server_id"],
    ),
    _hook(
        "ir.mail_server",
        "_find_mail_server",
        "15 to 20",
        "choose the server by From",
        ["email_from", "mail_servers"],
        when=core_classes.CHOOSES_BY_SENDER,
    ),
    _hook("ir.mail_server", "_get_default_from_address", "14 to 20", "reserve the default-from address for shared servers"),
    _hook("ir.mail_server", "_get_default_bounce_address", "14 to 20", "reserve the bounce address for shared servers"),
    _hook(
        "mail.mail",
        "_split_by_mail_configuration",
        "15 to 20",
        "choose the server of queued mail before a session is opened",
        when=core_classes.CHOOSES_BY_SENDER,
    ),
    _hook(
        "mail.mail",
        "_split_by_server",
        "14",
        "choose the server of queued mail before a session is opened",
        when=not core_classes.CHOOSES_BY_SENDER,
    ),
    _hook(
        "mail.mail",
        "_filter_mail_mail_servers",
        "19, 20",
        "skip Odoo's own personal servers if there are none",
        ["mail_servers"],
        when=classes.HAS_PERSONAL_SERVERS,
    ),
    # What the message says
    _hook(
        "ir.mail_server",
        ("_prepare_email_message__", "_prepare_email_message"),
        "15 to 18: _prepare_email_message; 19, 20: _prepare_email_message__",
        "set From, Reply-To and the envelope sender",
        when=core_classes.CHOOSES_BY_SENDER,
    ),
    _hook(
        "ir.mail_server",
        "send_email",
        "14 to 20",
        "set From, Reply-To and the envelope sender",
        ["message", "mail_server_id", "smtp_session"],
    ),
    # Who may send in whose name
    _hook("mail.template", "send_mail", "14 to 20", "use the sender that a template sets"),
    _hook("mail.template", "_render_field", "14 to 20", "use the sender that a template sets", ["field", "res_ids"]),
    # Who may find a server
    *(
        _hook("base", names, seen, "hide users' servers", when=not classes.CHECKS_FIELDS_IN_SEARCHES)
        for names, seen in (
            ("_where_calc", "14 to 18"),
            (("_order_to_sql", "_generate_order_by"), "14 to 16: _generate_order_by; 17, 18: _order_to_sql"),
            ("read_group", "14 to 18"),
        )
    ),
    # What the provider answers
    _hook("mail.mail", "send", "14 to 20", "keep mail in the queue if the provider does not respond", ["raise_exception"]),
    _hook("mail.mail", "_send", "14 to 20", "open a new session when the provider ends one", ["smtp_session"]),
    _hook("mail.notification", NOTIFIED_MAIL, "14: mail_id; later: mail_mail_id", "keep mail in the queue"),
    # Answers
    _hook("mail.mail", "_postprocess_sent_message", "14 to 20", "keep what is needed to match replies", ["success_pids"]),
    _hook("mail.mail", IS_NOTIFICATION, "14: notification; later: is_notification", "keep what is needed to match replies"),
    _hook("mail.message", "_get_message_id", "14 to 20", "match replies to records", ["values"]),
    _hook("mail.message", "_add_missing_default_values", "14 to 20", "protect the fields that the addon sets", ["values"]),
    _hook("mail.message", STARTS_ANEW, "14: no_auto_thread; later: reply_to_force_new", "match replies to records"),
    # Routes explained
    *(
        _hook("base", name, "17 to 20", "explain routes with several alias domains", when=classes.HAS_ALIAS_DOMAINS)
        for name in ("_mail_get_alias_domains", "_mail_get_companies")
    ),
    # What users see of their own server
    _hook("res.users", "SELF_READABLE_FIELDS", "14: a list; 15 to 20: a property", "show users their own mail server"),
    # Automatic mail
    _hook(
        "mail.thread",
        "_message_route_process",
        "14 to 20",
        "post automatic replies as notes",
        ["message", "message_dict", "routes"],
    ),
    _hook(
        "mail.thread",
        ("_process_attachments_for_post", "_message_post_process_attachments"),
        "14 to 16: _message_post_process_attachments; 17 to 20: _process_attachments_for_post",
        "keep the attachments of automatic replies",
        ["attachments", "attachment_ids", "message_values"],
    ),
    _hook(
        "mail.thread",
        "_routing_create_bounce_email",
        "14 to 20",
        "not reply to automatic messages",
        ["email_from", "body_html", "message"],
    ),
    _hook(
        "mail.compose.message",
        ("_action_send_mail", "send_mail"),
        "14: send_mail; 15 to 20: _action_send_mail",
        "identify messages that people write, and their templates",
    ),
    # Incoming mail
    _hook(
        "fetchmail.server",
        ("_connect__", "connect"),
        "14 to 18: connect; 19, 20: _connect__",
        "fetch only replies",
    ),
    _hook(
        "fetchmail.server",
        ("_fetch_mail", "fetch_mail"),
        "14 to 18: fetch_mail; 19, 20: _fetch_mail",
        "prevent two fetches of a mailbox at a time",
    ),
    _hook("mail.thread", "message_process", "14 to 20", "leave messages in the mailbox that Odoo fails to process"),
    _hook("mail.thread", "_routing_handle_bounce", "14 to 20", "detect that Odoo has processed a bounce"),
    _hook("mail.thread", "_routing_create_bounce_email", "14 to 20", "detect that Odoo has rejected a message"),
    _hook("fetchmail.server", "_fetch_mails", "14 to 20", "share the fetching between scheduled actions"),
    _hook("fetchmail.server", "_update_cron", "14 to 20", "share the fetching between scheduled actions"),
    _hook("ir.cron", "toggle", "14 to 20", "share the fetching between scheduled actions"),
    _hook(
        "ir.cron",
        "_commit_progress",
        "19, 20",
        "share the fetching between scheduled actions",
        when=classes.FETCHES_APART,
    ),
]


def missing_hooks(env):
    return missing(env, HOOKS)
