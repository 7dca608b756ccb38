from . import addresses, mailbox
