from . import (
    test_addresses,
    test_automatic,
    test_fetching,
    test_from_filter,
    test_limits,
    test_mail_server,
    test_mailbox,
    test_messages,
    test_origin,
    test_outcomes,
    test_users,
)
