# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Access tokens for the logins by OAuth.

The addon mail_server_oauth asks for tokens and logs in with them by files that need no Odoo. They are loaded from the role that
installs the addon, so that the controller does exactly what Odoo does.
"""

from __future__ import annotations

import functools
import importlib.util
import threading
import time
from dataclasses import asdict
from pathlib import Path

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import tls

try:
    from requests.adapters import HTTPAdapter
except ImportError:
    # The tool that asks for tokens says so.
    HTTPAdapter = object

_TOOLS = Path(__file__).resolve().parents[3] / "roles" / "routing_addon" / "files" / "mail_server_oauth" / "tools"
# A token is not used in its last seconds.
_MARGIN = 60
MISSING_LIBRARY = "the controller's Python has no library %s. Install what requirements.txt lists"


class NoToken(Exception):
    """There is no token.

    :param final: whether the provider refuses it; otherwise, it could not be asked.
    """

    def __init__(self, words, final):
        super().__init__(words)
        self.final = final


@functools.lru_cache(maxsize=None)
def tool(name):
    """A module of the addon's folder tools.

    :raises ImportError: when a library of its is missing.
    """
    spec = importlib.util.spec_from_file_location("postroom_oauth_" + name, str(_TOOLS / (name + ".py")))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def token_requests():
    """The tool that asks for tokens.

    :raises ImportError: when a library of its is missing.
    """
    request = tool("token_request")
    if request.OAuth2Session is None:
        raise ImportError(name="authlib")
    return request


def settings_of(client):
    """An OauthClient as that tool takes it.

    :raises ImportError: when a library is missing.
    """
    settings = asdict(client)
    settings["thumbprint"] = tool("certificates").thumbprint(settings.pop("certificate"))
    return settings


def owner_of(mailbox):
    """Whose token a mailbox logs in by: C((client, address)). The address is empty where one token is for all mailboxes."""
    return mailbox.client, "" if mailbox.client.subject == "none" else mailbox.login.strip().lower()


class Tokens:
    """The tokens of a run, each asked for once. Threads may ask side by side.

    :param ca_path: certificates to trust besides those of the system.
    :ivar secrets: what must not be shown.
    """

    def __init__(self, ca_path=None):
        self._context = tls.strict_context(ca_path)
        self._known, self._locks = {}, {}
        self.secrets = set()

    def of(self, owner):
        """The token of an owner_of().

        :raises NoToken: also when an earlier request failed.
        """
        with self._locks.setdefault(owner, threading.Lock()):
            token, until = self._known.get(owner, (None, 0))
            if time.monotonic() >= until:
                token, until = self._known[owner] = self._ask(*owner)
        if isinstance(token, NoToken):
            raise token
        return token

    def _ask(self, client, address):
        """A token, or why there is none, and until when that is so."""
        try:
            request = token_requests()
            self.secrets.update(each for each in (client.client_secret, client.private_key) if each)
            answer = request.request(settings_of(client), address, adapter=Adapter(self._context), machine="the controller")
        except ImportError as missing:
            return NoToken(MISSING_LIBRARY % missing.name, False), float("inf")
        except request.TokenError as error:
            return NoToken(error.words, not error.temporary), float("inf")
        self.secrets.add(answer.access_token)
        return answer.access_token, time.monotonic() + max(answer.seconds - _MARGIN, 0)


class Adapter(HTTPAdapter):
    """Connects to a token endpoint, and trusts what the rest of the run does."""

    def __init__(self, context):
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args, **named):
        return super().init_poolmanager(*args, **named, ssl_context=self._context)

    def proxy_manager_for(self, proxy, **named):
        return super().proxy_manager_for(proxy, **named, ssl_context=self._context)
