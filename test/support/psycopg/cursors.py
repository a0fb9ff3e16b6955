"""Runs each statement through a text or a binary cursor, on one connection.

Input: [{"sql", "params"?, "binary"?, "prepare"?, "repeat"?}]. Without params psycopg uses the extended protocol only
for binary or prepared statements.
Output: {"results": [{"columns", "rows", "status", "transaction"} or {"error", "transaction"}], "notices"}.
"""

from session import attempt, columns, connect, main


def run(connection, step):
    with connection.cursor(binary=step.get("binary", False)) as cursor:
        for _ in range(step.get("repeat", 1)):
            cursor.execute(step["sql"], step.get("params"), prepare=step.get("prepare"))
        rows = cursor.fetchall() if cursor.description else []
        return {"columns": columns(cursor), "rows": rows, "status": cursor.statusmessage}


def play(steps):
    with connect() as connection:
        results = []
        for step in steps:
            result = attempt(lambda: run(connection, step))
            status = connection.info.transaction_status.name
            results.append({**result, "transaction": status})
        return {"results": results, "notices": connection.seen_notices}


main(play)
