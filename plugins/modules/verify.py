#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: verify
short_description: Verify that mail of a database can be sent and fetched
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Checks, from the controller, the mail servers and mailboxes that the variables of this collection's roles declare.
  - Without O(round_trip), it changes nothing and sends no message. C(playbooks/verify.yml) runs it; docs/verify.md lists all
    findings.
options:
  roles:
    description:
      - The roles whose variables are read, without C(postroom.odoo.), each with its entry point.
    type: dict
    required: true
  checks:
    description:
      - What is checked.
      - V(connections) connects to each port of each mail server, and logs in to each mailbox, by password or by OAuth. For
        OAuth, it needs the Python libraries C(authlib) and C(requests) on the controller.
      - V(dns) asks for the records of each domain that mail is sent from or to. It needs the Python libraries C(checkdmarc),
        C(dnspython) and C(pyspf) on the controller.
      - V(odoo) reads the state of mail in the database, by M(postroom.odoo.mail_info).
    type: list
    elements: str
    choices: [connections, dns, odoo]
    default: [connections, dns, odoo]
  at_a_time:
    description: How many connections are open at a time.
    type: int
    default: 20
  timeout:
    description: Seconds to wait for each answer of a mail server.
    type: int
    default: 10
  ca_path:
    description: File or folder with certificates to trust besides those of the controller's system.
    type: path
  certificate_days:
    description: A certificate that expires in fewer days is reported.
    type: int
    default: 21
  resolvers:
    description: Addresses of name servers, each with an optional port. Defaults to those of the controller's system.
    type: list
    elements: str
    default: []
  dns_timeout:
    description: Seconds to wait for each answer of the DNS.
    type: float
    default: 5.0
  dkim_selectors:
    description:
      - The DKIM selectors of each domain, as a dictionary of lists by domain. Those of known providers are tried anyway.
    type: dict
    default: {}
  failed_days:
    description: For how many days failed mails are reported.
    type: int
    default: 7
  waiting_minutes:
    description: Mails that wait in the queue for more minutes are reported.
    type: int
    default: 120
  round_trip:
    description:
      - Whether a message of each user is sent to another mailbox and answered, until the answer is on the record in Odoo.
      - Afterwards, the record, the messages and both mails are removed. What a run could not remove, the next one does.
    type: bool
    default: false
  round_trip_users:
    description: The addresses of the users whose mail goes round. Defaults to all users of the inventory.
    type: list
    elements: str
    default: []
  round_trip_at_a_time:
    description: How many round trips run at a time.
    type: int
    default: 5
  round_trip_wait:
    description: Seconds to wait for a mail to arrive.
    type: int
    default: 120
  echo:
    description:
      - The mailbox that receives the messages and answers them. Defaults to the mailbox of another user of the inventory.
      - An address of the inventory, or a dictionary with C(email), C(password), optionally C(login), C(imap) (C(host),
        C(port), C(ssl)) and C(smtp) (C(host), C(port), C(encryption)).
    type: raw
attributes:
  check_mode:
    support: partial
    description: Does the same in check mode, except for the round trip, which counts as not checked.
seealso:
  - plugin: postroom.odoo.verify
    plugin_type: callback
  - module: postroom.odoo.mail_info
"""

EXAMPLES = r"""
- name: Verify the connections to the mail servers
  postroom.odoo.verify:
    roles:
      mail_domain: main
      mail_users: main
    checks: [connections]
"""

RETURN = r"""
errors:
  description: Number of findings that are errors.
  returned: success
  type: int
  sample: 1
looked_at:
  description: What was looked at.
  returned: success
  type: list
  elements: dict
  sample: [{check: connections, subject: "SMTP smtp.mydomain.com:587"}]
findings:
  description: What was found.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: Name of the finding in docs/verify.md.
      type: str
    check:
      description: The check that found it.
      type: str
    subject:
      description: What it is about.
      type: str
    level:
      description: C(error), C(warning) or C(information).
      type: str
    looked_up:
      description: What was asked.
      type: str
    found:
      description: The answer.
      type: str
not_checked:
  description: What could not be checked, with the reason.
  returned: success
  type: list
  elements: dict
  sample: [{check: connections, subject: "SMTP smtp.mydomain.com:587", reason: no answer within 10 seconds}]
"""

# It is an action plugin, as the inventory is on the controller.
