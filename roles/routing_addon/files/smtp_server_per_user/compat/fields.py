"""Fields that have another name in another series."""

# mail.mail, that notifies somebody of a message. 14: notification; later: is_notification.
IS_NOTIFICATION = ("is_notification", "notification")

# mail.notification, the mail that carries it. 14: mail_id; later: mail_mail_id.
NOTIFIED_MAIL = ("mail_mail_id", "mail_id")

# mail.message, whose answer must not find the record. 14: no_auto_thread; later: reply_to_force_new.
STARTS_ANEW = ("reply_to_force_new", "no_auto_thread")

# ir.actions.server, who may run it. 14 to 18: groups_id; later: group_ids.
ALLOWED_GROUPS = ("group_ids", "groups_id")


def name_of(model, names):
    """The first of these names that a model has a field of.

    :param model: a model, or records of it
    :param names: the names, newest first
    """
    return next((name for name in names if name in model._fields), names[0])
