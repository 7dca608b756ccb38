"""The files that both addons have: that of smtp_server_per_user decides."""

FOLDER = "roles/routing_addon/files/{}/compat/{}"


def files(root):
    return {
        FOLDER.format("mail_server_oauth", name): (root / FOLDER.format("smtp_server_per_user", name)).read_text()
        for name in ("core_classes.py", "hook_check.py")
    }
