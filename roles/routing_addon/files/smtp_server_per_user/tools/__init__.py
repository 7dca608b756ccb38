from . import addresses, careful, mailbox, turns
