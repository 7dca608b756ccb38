from . import addresses, clerk, fetching, headers, judgement, mailbox, outcomes, reports
