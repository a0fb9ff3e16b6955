"""Sends all statements in pipeline mode, then reads the results.

Input: [{"sql", "params"?, "binary"?, "sync"?}]; sync: end the implicit transaction after this one.
Output: {"results": [{"rows", "status"}], "errors"}. psycopg raises a statement's error wherever it next meets the
server, so errors are a list of their own; a statement that failed or was skipped has no rows and no status. That one was
skipped it raises as well, or does not, by what it has read when: libpq says so and not the server, so it is left out.
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
            error = result.get("error") if isinstance(result, dict) else None
            if error is not None and error.get("class") != "PipelineAborted":
                errors.append(error)

        def send():
            with connection.pipeline() as pipeline:
                for cursor, step in zip(cursors, steps):
                    note(lambda: cursor.execute(step["sql"], step.get("params")))
                    if step.get("sync"):
                        note(pipeline.sync)

        note(send)
        return {"results": [read(cursor) for cursor in cursors], "errors": errors}


main(play)
