#!/usr/bin/env python3
"""Call Odoo as somebody's own script would: past the collection, by XML-RPC. Prints the answers as a JSON list.

usage: by_hand.py < JSON    {"url": …, "database": …, "password": …, "calls": [CALL, …]}

A CALL is {"model": …, "method": …, "arguments": […], "options": {…}}; with "where": DOMAIN the method is called on the
records that the domain finds, archived ones too, of which there must be some. Records that are read come without their
database id, so that they can be compared with what is expected.
"""

import json
import sys
import xmlrpc.client

ADMINISTRATOR = 2  # in every database


def answer(execute, model, method, arguments=(), options=None, where=None):
    if where is not None:
        found = execute(model, "search", [where], {"context": {"active_test": False}})
        if not found:
            sys.exit(f"no {model} where {where}")
        arguments = [found, *arguments]
    result = execute(model, method, list(arguments), options or {})
    if method == "search_read":
        result = [{name: value for name, value in record.items() if name != "id"} for record in result]
    return result


def main():
    asked = json.load(sys.stdin)
    server = xmlrpc.client.ServerProxy(f"{asked['url']}/xmlrpc/2/object", allow_none=True)

    def execute(*call):
        try:
            return server.execute_kw(asked["database"], ADMINISTRATOR, asked["password"], *call)
        except xmlrpc.client.Fault as fault:
            # The method did its work and returned nothing, which Odoo's XML-RPC has no word for.
            if "cannot marshal None" in fault.faultString:
                return None
            raise

    try:
        print(json.dumps([answer(execute, **call) for call in asked["calls"]]))
    except xmlrpc.client.Fault as fault:
        sys.exit(fault.faultString.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
