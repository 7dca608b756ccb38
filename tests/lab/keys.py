"""Passwords and API keys as Odoo keeps them, to give them to a database without Odoo's taking its time."""

import base64
import functools
import hashlib


@functools.cache
def hashed(secret, rounds):
    """A password or a key as Odoo keeps it (passlib's pbkdf2_sha512)."""
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), b"postroom", rounds)
    salt, checksum = (base64.b64encode(part, b"./").decode().rstrip("=") for part in (b"postroom", digest))
    return f"$pbkdf2-sha512${rounds}${salt}${checksum}"


def key_of(login, key):
    """The SQL that gives a user an API key."""
    return (
        f"INSERT INTO res_users_apikeys (name, user_id, scope, index, key)"
        f" SELECT 'test', id, 'rpc', '{key[:8]}', '{hashed(key, 6000)}' FROM res_users WHERE login = '{login}'"
    )
