"""What the scripts share: the connection from the environment, input and output as JSON, errors as values."""

import json
import os
import sys

import psycopg


def connect(**options):
    """Connects with PSYCOPG_CONNINFO; notices go into the list `connection.seen_notices`."""
    connection = psycopg.connect(os.environ["PSYCOPG_CONNINFO"], autocommit=True, **options)
    connection.seen_notices = []
    connection.add_notice_handler(lambda notice: connection.seen_notices.append(diagnostics(notice)))
    return connection


def diagnostics(diagnostic):
    return {
        "sqlstate": diagnostic.sqlstate,
        "severity": diagnostic.severity_nonlocalized,
        "message": diagnostic.message_primary,
        "detail": diagnostic.message_detail,
        "hint": diagnostic.message_hint,
    }


def error(exception):
    """An error of the server as its fields, one of the driver as its class and text."""
    if exception.diag.sqlstate is not None:
        return diagnostics(exception.diag)
    return {"class": type(exception).__name__, "message": str(exception)}


def attempt(action):
    """The action's result, or {"error": …} for an error that psycopg reports."""
    try:
        return action()
    except psycopg.Error as exception:
        return {"error": error(exception)}


def columns(cursor):
    return [{"name": column.name, "type": column.type_code} for column in cursor.description or []]


def plain(value):
    """Values that JSON does not have: as text, with bytes in hexadecimal."""
    return value.hex() if isinstance(value, (bytes, bytearray, memoryview)) else str(value)


def main(play):
    """Prints what `play(input)` gives. A login that fails is a result as well."""
    result = attempt(lambda: play(json.load(sys.stdin)))
    json.dump(result, sys.stdout, default=plain)
