#!/usr/bin/env python3
"""Hand a mail to the lab's MX, as another provider would.

usage: deliver.py PORT SENDER RECIPIENT < MESSAGE
"""

import smtplib
import sys

port, sender, recipient = sys.argv[1:]
with smtplib.SMTP("127.0.0.1", int(port), timeout=30) as mx:
    mx.sendmail(sender, [recipient], sys.stdin.buffer.read())
