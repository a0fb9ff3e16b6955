"""Sends all statements in pipeline mode, then reads the results.

Input: [{"sql", "params"?, "binary"?, "sync"?}]; sync: end the implicit transaction after this one.
Output: {"results": [{"rows", "status"}], "errors"}. psycopg raises a statement's error wherever it next meets the
server, so errors are a list of their own; a statement that failed or was skipped has no rows and no status.
"""

from session import attempt, connect, main


def read(cursor):
    rows = cursor.fetchall() if cursor.description else []
    return {"rows": rows, "status": cursor.statusmessage}


def play(steps):
    with connect() as connection:
        cursors = [connection.cursor(binary=step.get("binary", False)) for step in steps]
        errors = []

        def note(action):
            result = attempt(action)
            if isinstance(result, dict) and "error" in result:
                errors.append(result["error"])

        def send():
            with connection.pipeline() as pipeline:
                for cursor, step in zip(cursors, steps):
                    note(lambda: cursor.execute(step["sql"], step.get("params")))
                    if step.get("sync"):
                        note(pipeline.sync)

        note(send)
        return {"results": [read(cursor) for cursor in cursors], "errors": errors}


main(play)
