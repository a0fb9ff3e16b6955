"""Reads a result through a server-side cursor (DECLARE, FETCH, CLOSE), or row by row with stream().

Input: {"sql", "params"?, "binary"?, "fetch"?, "stream"?}.
Output: {"columns", "rows"} or {"error"}.
"""

from session import attempt, columns, connect, main


def declared(connection, task):
    with connection.transaction():
        with connection.cursor("chaperone_test", binary=task.get("binary", False)) as cursor:
            cursor.execute(task["sql"], task.get("params"))
            rows = []
            while batch := cursor.fetchmany(task.get("fetch", 100)):
                rows += batch
            return {"columns": columns(cursor), "rows": rows}


def streamed(connection, task):
    with connection.cursor() as cursor:
        rows = list(cursor.stream(task["sql"], task.get("params"), binary=task.get("binary", False)))
        return {"columns": columns(cursor), "rows": rows}


def play(task):
    with connect() as connection:
        read = streamed if task.get("stream") else declared
        return attempt(lambda: read(connection, task))


main(play)
