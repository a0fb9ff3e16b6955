"""COPY in both directions. (A file called copy.py would hide Python's own module.)

Input: [{"sql", "rows"?}]: with rows a COPY … FROM STDIN that sends them, without a COPY … TO STDOUT.
Output: {"results": [{"sent"} or {"data"} or {"error"}]}.
"""

from session import attempt, connect, main


def run(connection, step):
    with connection.cursor() as cursor, cursor.copy(step["sql"]) as copy:
        if "rows" not in step:
            return {"data": b"".join(bytes(block) for block in copy).decode()}
        for row in step["rows"]:
            copy.write_row(row)
        return {"sent": len(step["rows"])}


def play(steps):
    with connect() as connection:
        return {"results": [attempt(lambda: run(connection, step)) for step in steps]}


main(play)
