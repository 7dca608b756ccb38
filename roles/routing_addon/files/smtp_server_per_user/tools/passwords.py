"""What a password of a mail server may consist of."""


def is_transmittable(password):
    """Whether mail programs can send it: visible ASCII characters and blanks.

    Python's smtplib, imaplib and poplib fail on others, some with the password in the error, which Odoo writes to its log.
    """
    return all(" " <= character <= "~" for character in password or "")
