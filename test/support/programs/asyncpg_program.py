"""asyncpg's part of the driver matrix: plays its steps and prints what it saw as one JSON object.

Its argument is `same`, for the steps that must look as they do without Chaperone, or `guarded`, for masks and refusals.
The server is named by libpq's environment variables (PGHOST, …), which asyncpg reads itself.
"""

import asyncio
import io
import json
import sys

import asyncpg

TYPES = "SELECT id, i2, i8, n, f4::text, b, t, v, c, y, ti, j, jb, ia, ta, u, ip, r, o, bits FROM samples ORDER BY id"


async def attempt(action):
    """The action's result, or the error's SQLSTATE and the words that a program may look at."""
    try:
        return await action
    except asyncpg.PostgresError as error:
        return {"sqlstate": error.sqlstate, "message": error.args[0], "constraint": error.constraint_name}


def rows(records):
    return [list(record.values()) for record in records]


async def types(connection):
    return rows(await connection.fetch(TYPES))


async def parameters(connection):
    sql = "SELECT $1::int, $2::text, $3::jsonb, $4::int[], $5::bytea, $6::numeric, $7::uuid, $8::text"
    uuid = "00112233-4455-6677-8899-aabbccddeeff"
    return rows(await connection.fetch(sql, 42, "it's", '{"k": [1]}', [1, 2], b"\x00\xff", 1, uuid, None))


async def prepared(connection):
    statement = await connection.prepare("SELECT body FROM notes WHERE id = $1")
    return [await statement.fetchval(1 + number % 2) for number in range(8)]


async def transactions(connection):
    seen = []
    async with connection.transaction():
        await connection.execute("INSERT INTO notes VALUES (3, 'three')")
        try:
            async with connection.transaction():
                await connection.execute("INSERT INTO notes VALUES (1, 'again')")
        except asyncpg.UniqueViolationError as error:
            seen.append(error.sqlstate)
    seen.append(rows(await connection.fetch("SELECT * FROM notes ORDER BY id")))
    return seen


async def errors(connection):
    seen = []
    for sql in ["selct 1", "SELECT nothing FROM notes", "SELECT 1/0", "INSERT INTO notes VALUES (1, 'dup')"]:
        seen.append(await attempt(connection.fetch(sql)))
        seen.append(await attempt(connection.execute(sql)))
        seen.append(await connection.fetchval("SELECT 1"))
    return seen


async def copy(connection):
    records = [(10, "ten\twith tab"), (11, None), (12, "back\\slash")]
    await connection.copy_records_to_table("notes", records=records)
    out = io.BytesIO()
    await connection.copy_from_query("SELECT id, body FROM notes ORDER BY id", output=out, format="csv")
    duplicate = attempt(connection.copy_records_to_table("notes", records=[(1, "dup")]))
    return [out.getvalue().decode(), await duplicate]


async def cursors(connection):
    async with connection.transaction():
        sql = "SELECT id, body FROM numbers WHERE id <= $1 ORDER BY id"
        seen = [record["body"] async for record in connection.cursor(sql, 500, prefetch=37)]
        cursor = await connection.cursor(sql, 500)
        await cursor.forward(100)
        return [len(seen), seen[-1], rows(await cursor.fetch(3))]


async def cancelled(connection):
    sleep = attempt(connection.execute("SELECT pg_sleep(20)", timeout=0.3))
    try:
        await sleep
    except asyncio.TimeoutError:
        return ["timeout", await connection.fetchval("SELECT 1")]
    return "was not cancelled"


async def big(connection):
    sql = "SELECT n, repeat(md5(n::text), 100) FROM generate_series(1, $1::int) n"
    records = await connection.fetch(sql, 5000)
    return [len(records), sum(len(record[1]) for record in records)]


async def listen(connection):
    heard = asyncio.get_running_loop().create_future()
    await connection.add_listener("news", lambda *message: heard.set_result(list(message[2:])))
    await connection.execute("NOTIFY news, 'hello'")
    return await asyncio.wait_for(heard, 10)


async def refused(connection):
    seen = [await attempt(connection.execute("TRUNCATE notes")), await connection.fetchval("SELECT 1")]
    seen.append(await attempt(connection.fetch("DROP TABLE notes")))
    async with connection.transaction():
        seen.append(await connection.fetchval("SELECT 2"))
    return seen


async def masked(connection):
    statement = await connection.prepare("SELECT ssn, card, name FROM customers WHERE id = $1")
    seen = [rows(await statement.fetch(1)) for _ in range(3)]
    async with connection.transaction():
        cursor = await connection.cursor("SELECT ssn FROM customers ORDER BY id")
        seen.append(rows(await cursor.fetch(2)))
    return seen


async def reconnect(connection):
    await connection.close()
    seen = []
    for _ in range(5):
        connection = await asyncpg.connect()
        seen.append(await connection.fetchval("SELECT count(*) FROM pg_prepared_statements WHERE name = 'mine'"))
        await connection.execute("PREPARE mine AS SELECT 1")
        await connection.close()
    return seen


STEPS = {
    "same": [types, parameters, prepared, transactions, errors, copy, cursors, cancelled, big, listen, reconnect],
    "guarded": [refused, masked],
}


async def main():
    connection = await asyncpg.connect()
    seen = {}
    for step in STEPS[sys.argv[1]]:
        seen[step.__name__] = await attempt(step(connection))
    await connection.close()
    json.dump(seen, sys.stdout, default=lambda value: value.hex() if isinstance(value, bytes) else str(value))


asyncio.run(main())
