"""Odoo's cron workers as they are, but that they sleep for a moment between two looks, and not for a minute."""

import time

from odoo.service import server

# Nobody's browser waits for news.
server.PreforkServer.long_polling_spawn = lambda master: None
server.WorkerCron.sleep = lambda worker: time.sleep(0.2)
