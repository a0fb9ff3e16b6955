"""Cancels a statement, listens, takes a large result, and connects again and again.

Input: {}.
Output: {"canceled", "after", "heard", "large", "rounds"}.
"""

import threading

from session import attempt, connect, main


def canceled(connection):
    timer = threading.Timer(0.3, connection.cancel)
    timer.start()
    try:
        return attempt(lambda: connection.execute("SELECT pg_sleep(20)").fetchall())
    finally:
        timer.join()


def heard(connection):
    connection.execute("LISTEN news")
    with connect() as speaker:
        speaker.execute("NOTIFY news, 'hello'")
    found = connection.notifies(timeout=10, stop_after=1)
    return [[notification.channel, notification.payload] for notification in found]


def large(connection):
    rows = connection.execute("SELECT repeat(md5(n::text), 100) FROM generate_series(1, 5000) n").fetchall()
    return [len(rows), sum(len(data) for (data,) in rows)]


def round_trip(_):
    with connect() as connection:
        (count,) = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
        connection.execute("PREPARE kept AS SELECT 1")
        return count


def play(_):
    with connect() as connection:
        return {
            "canceled": canceled(connection),
            "after": connection.execute("SELECT 1").fetchall(),
            "heard": heard(connection),
            "large": large(connection),
            "rounds": [round_trip(number) for number in range(5)],
        }


main(play)
