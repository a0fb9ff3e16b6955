"""SQLAlchemy's part of the driver matrix, on psycopg: plays its steps and prints what it saw as one JSON object.

Its argument is `same`, for the steps that must look as they do without Chaperone, or `guarded`, for masks and refusals.
The server is named by libpq's environment variables (PGHOST, …).
"""

import json
import sys
import threading

from sqlalchemy import MetaData, Table, create_engine, func, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str | None]


def rows(result):
    return [list(row) for row in result]


def attempt(action):
    try:
        return action()
    except DBAPIError as error:
        diagnostic = error.orig.diag
        return {"class": type(error).__name__, "sqlstate": diagnostic.sqlstate, "message": diagnostic.message_primary}


def types(engine):
    columns = "id, i2, i8, n, f4\\:\\:text, b, t, v, c, y, ti, j, jb, ia, ta, u, ip, o, bits"
    with engine.connect() as connection:
        return rows(connection.execute(text(f"SELECT {columns} FROM samples WHERE id >= :id ORDER BY id"), {"id": 1}))


def reflection(engine):
    inspector = inspect(engine)
    tables = sorted(inspector.get_table_names())
    shapes = {
        name: [
            [(column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)],
            inspector.get_pk_constraint(name),
            inspector.get_foreign_keys(name),
            inspector.get_indexes(name),
            inspector.get_unique_constraints(name),
            inspector.get_check_constraints(name),
        ]
        for name in tables
    }
    return [tables, shapes, sorted(inspector.get_schema_names()), inspector.get_view_names()]


def table_reflection(engine):
    samples = Table("samples", MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        return rows(connection.execute(select(samples.c.id, samples.c.t, func.length(samples.c.t)).order_by(samples.c.id)))


def orm(engine):
    with Session(engine) as session:
        session.add_all([Note(id=number, body=f"note {number}") for number in range(100, 400)])
        session.commit()
        session.get(Note, 100).body = "changed"
        session.delete(session.get(Note, 101))
        session.flush()
        session.rollback()
        found = session.scalars(select(Note).where(Note.id.between(100, 102)).order_by(Note.id))
        return [[note.id, note.body] for note in found]


def returning(engine):
    with engine.begin() as connection:
        made = connection.execute(insert(Note).returning(Note.id, Note.body), [{"id": 500, "body": "a"}, {"id": 501, "body": None}])
        changed = connection.execute(update(Note).where(Note.id >= 500).values(body="b").returning(Note.id))
        return [rows(made), sorted(rows(changed))]


def savepoints(engine):
    with engine.connect() as connection, connection.begin():
        connection.execute(insert(Note).values(id=3, body="three"))
        nested = connection.begin_nested()
        seen = [attempt(lambda: connection.execute(insert(Note).values(id=1, body="again")))]
        nested.rollback()
        return [*seen, rows(connection.execute(select(func.count()).select_from(Note)))]


def errors(engine):
    seen = []
    for sql in ["selct 1", "SELECT nothing FROM notes", "SELECT 1/0", "INSERT INTO notes VALUES (1, 'dup')"]:
        with engine.connect() as connection:
            seen.append(attempt(lambda: rows(connection.execute(text(sql)))))
    return seen


def streams(engine):
    with engine.connect().execution_options(stream_results=True, yield_per=64) as connection:
        bodies = [row.body for row in connection.execute(text("SELECT body FROM numbers ORDER BY id"))]
        return [len(bodies), bodies[0], bodies[-1]]


def isolation(engine):
    seen = []
    for level in ["REPEATABLE READ", "SERIALIZABLE", "AUTOCOMMIT"]:
        with engine.connect().execution_options(isolation_level=level) as connection:
            seen.append(connection.execute(text("SHOW transaction_isolation")).scalar())
    return seen


def reconnect(engine):
    seen = []
    for _ in range(5):
        engine.dispose()
        with engine.connect() as connection:
            seen.append(connection.execute(text("SELECT 1")).scalar())
    return seen


def raw(engine, action):
    """What SQLAlchemy leaves to the driver, on a connection of its pool."""
    connection = engine.raw_connection()
    try:
        return action(connection.driver_connection)
    finally:
        connection.close()


def large(engine):
    with engine.connect() as connection:
        bodies = connection.execute(text("SELECT repeat(md5(n\\:\\:text), 100) FROM generate_series(1, 5000) n")).scalars().all()
        return [len(bodies), sum(len(body) for body in bodies)]


def copies(engine):
    def play(connection):
        with connection.cursor() as cursor:
            with cursor.copy("COPY notes FROM STDIN") as copy:
                for number in range(600, 700):
                    copy.write_row([number, None if number % 3 == 0 else f"note {number}"])
            with cursor.copy("COPY (SELECT * FROM notes WHERE id >= 600 ORDER BY id) TO STDOUT") as copy:
                return b"".join(bytes(data) for data in copy)

    return raw(engine, play)


def canceled(engine):
    with engine.connect() as connection:
        timer = threading.Timer(0.3, connection.connection.driver_connection.cancel)
        timer.start()
        seen = [attempt(lambda: connection.execute(text("SELECT pg_sleep(20)")))]
        timer.join()
        connection.rollback()
        return [*seen, connection.execute(text("SELECT 1")).scalar()]


def listen(engine):
    def play(connection):
        connection.autocommit = True
        connection.execute("LISTEN news")
        with engine.begin() as speaker:
            speaker.execute(text("NOTIFY news, 'hello'"))
        heard = [[found.channel, found.payload] for found in connection.notifies(timeout=10, stop_after=1)]
        connection.execute("UNLISTEN *")
        connection.autocommit = False
        return heard

    return raw(engine, play)


def refused(engine):
    with engine.connect() as connection:
        seen = [attempt(lambda: connection.execute(text("TRUNCATE notes")))]
        connection.rollback()
        return [*seen, connection.execute(text("SELECT 1")).scalar()]


def masked(engine):
    customers = Table("customers", MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        query = select(customers.c.ssn, customers.c.card, customers.c.name).where(customers.c.id == 1)
        return [rows(connection.execute(query)) for _ in range(7)]


STEPS = {
    "same": [types, reflection, table_reflection, orm, returning, savepoints, errors, streams, isolation, reconnect, large, copies, canceled, listen],
    "guarded": [refused, masked],
}


def main():
    engine = create_engine("postgresql+psycopg://")
    seen = {step.__name__: attempt(lambda: step(engine)) for step in STEPS[sys.argv[1]]}
    json.dump(seen, sys.stdout, default=lambda value: value.hex() if isinstance(value, bytes) else str(value))


main()
