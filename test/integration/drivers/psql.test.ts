// Stock psql through the whole stack: it must show what it shows straight at the server.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWays, type Way, type Ways } from './ways.ts'

let ways: Ways
beforeAll(async () => {
  ways = await startWays()
})
afterAll(() => ways?.stop())

/** Each script runs on a table in the same state, so that what it changes is compared as well. */
async function sameAsDirect(args: readonly string[], input = ''): Promise<string> {
  const expected = await fresh(ways.direct, args, input)
  for (const way of [ways.masked, ways.unmasked]) expect(await fresh(way, args, input)).toEqual(expected)
  return `${expected.stdout}${expected.stderr}`
}

async function fresh(way: Way, args: readonly string[], input: string) {
  await ways.stack.superuser(`truncate notes cascade; insert into notes values (1, 'one'), (2, null)`)
  const output = await way.psql(args, input)
  // Chaperone's own parser finds a syntax error without the server, so the place in the server's source is missing
  return { ...output, stderr: output.stderr.replace(/^LOCATION: {2}scanner_yyerror.*\n/gm, '') }
}

describe('psql shows the same as straight at the server', () => {
  it.each([
    '\\d',
    '\\d+ samples',
    '\\dt',
    '\\dt+',
    '\\di',
    '\\dv',
    '\\ds',
    '\\df',
    '\\dn+',
    '\\du',
    '\\dp',
    '\\dT',
    '\\do',
    '\\l',
    '\\dC',
    '\\db',
    '\\dx',
    '\\dy',
    '\\d pg_class',
    '\\d customers',
    '\\d orders_pkey',
    '\\sf lower(text)',
    '\\dconfig work_mem',
    '\\ddp',
    '\\dD',
    '\\dF',
    '\\dL',
    '\\dO',
    '\\dP',
    '\\dRp',
    '\\dX',
    '\\encoding',
    '\\z',
    '\\dA',
    '\\dAc',
    '\\des',
    '\\det',
  ])('%s', async (command) => {
    expect(await sameAsDirect(['-c', command])).not.toBe('')
  })

  it('all types, in psql’s own layout and expanded', async () => {
    expect(await sameAsDirect(['-c', 'select * from samples order by id'])).toContain('(3 rows)')
    expect(await sameAsDirect([], 'select * from samples order by id \\gx\n')).toContain('RECORD 3')
  })

  it('several statements in one -c run as one transaction, and an error undoes all', async () => {
    const good = `insert into notes values (3, 'x'); update notes set body = 'y' where id = 3; select * from notes order by id`
    expect(await sameAsDirect(['-c', good])).toContain('3 | y')
    const bad = `insert into notes values (3, 'x'); select 1/0; select 2`
    expect(await sameAsDirect(['-c', bad, '-c', 'select count(*) from notes'])).toMatch(/division by zero/)
  })

  it('FETCH_COUNT reads by a cursor', async () => {
    const shown = await sameAsDirect(['-At', '-v', 'FETCH_COUNT=700'], 'select * from numbers order by id;\n')
    expect(shown.trim().split('\n')).toHaveLength(5000)
  })

  it('\\copy goes in and out, as text, CSV and binary', async () => {
    const folder = ways.stack.folder
    const csv = join(folder, 'notes.csv')
    writeFileSync(csv, '7,"seven, or so"\n8,\n')
    const script = [
      `\\copy notes from '${csv}' csv`,
      'select * from notes order by id;',
      '\\copy notes to stdout',
      '\\copy (select id, body from notes where id > 6 order by id) to stdout csv header',
      `\\copy notes to '${join(folder, 'notes.bin')}' binary`,
      'delete from notes;',
      `\\copy notes from '${join(folder, 'notes.bin')}' binary`,
      'select count(*) from notes;',
    ]
    expect(await sameAsDirect([], `${script.join('\n')}\n`)).toContain('seven, or so')
  })

  it('COPY FROM STDIN in a script, with bad data and more after it', async () => {
    const script =
      'copy notes from stdin;\n3\tthree\n\\.\ncopy notes from stdin;\nnot a number\tx\n\\.\nselect * from notes order by id;\n'
    expect(await sameAsDirect([], script)).toMatch(/three[\s\S]*invalid input syntax/)
  })

  it('\\gdesc, \\gexec, \\gset and \\crosstabview', async () => {
    const script = [
      'select id, body from notes \\gdesc',
      `select format('select %s + 1 as next', n) from generate_series(1, 2) n \\gexec`,
      'select count(*) as total from notes \\gset',
      '\\echo :total',
      `select id, body, 1 from notes where body is not null \\crosstabview`,
    ]
    expect(await sameAsDirect([], `${script.join('\n')}\n`)).toContain('2')
  })

  it('transactions, savepoints and ON_ERROR_ROLLBACK', async () => {
    const script = `begin; insert into notes values (5, 'a'); savepoint s; insert into notes values (1, 'again');
      rollback to s; release s; insert into notes values (6, 'b'); commit; select * from notes order by id;
      begin; select 1/0; select 1; commit; select count(*) from notes;`
    expect(await sameAsDirect([], script)).toMatch(/duplicate key[\s\S]*current transaction is aborted/)
    expect(await sameAsDirect(['-v', 'ON_ERROR_ROLLBACK=on'], script)).toMatch(/ROLLBACK|COMMIT/)
  })

  it('errors in the server’s own words, with position, detail and SQLSTATE', async () => {
    const wrong = [
      'selct 1;',
      'select nothing from notes;',
      'select * from nowhere;',
      'select 1 +;',
      `select 'a'::int;`,
      `insert into notes values (1, 'dup');`,
      'insert into deferred values (1, 99);',
      'select lower();',
    ]
    const shown = await sameAsDirect(['-v', 'VERBOSITY=verbose'], `${wrong.join('\n')}\n`)
    for (const state of ['42601', '42703', '42P01', '22P02', '23505', '23503', '42883'])
      expect(shown).toContain(state)
  })

  it('single-transaction mode and the exit status with ON_ERROR_STOP', async () => {
    const stop = ['-v', 'ON_ERROR_STOP=1', '-1']
    expect(await sameAsDirect(stop, `insert into notes values (9, 'x'); select 1/0; select 2;`)).toMatch(
      /zero/,
    )
    expect((await ways.masked.psql(stop, 'select 1/0;')).code).toBe(3)
  })

  it('a result of 16 MB comes whole', async () => {
    const sql = 'select repeat(md5(n::text), 100) from generate_series(1, 5000) n'
    const shown = await sameAsDirect(['-At', '-c', sql])
    expect(shown.length).toBe(5000 * 3201)
  })

  it('\\c connects again, and finds a session of its own', async () => {
    const script = `set TimeZone to 'Asia/Tokyo';\n\\c\n\\conninfo\nshow TimeZone;\nprepare p as select 1;\n\\c\nexecute p;\n`
    const { stdout, stderr } = await ways.masked.psql(['-At'], script)
    expect(stdout).not.toContain('Tokyo')
    expect(stderr).toContain('does not know what the prepared statement "p" stands for')
  })

  it('LISTEN hears what the session itself notifies', async () => {
    const script = `listen news; notify news, 'hello'; select 1;\n`
    const said = (output: string) => output.replace(/PID \d+/g, 'PID')
    const expected = said((await ways.direct.psql([], script)).stdout)
    expect(expected).toContain('Asynchronous notification "news" with payload "hello"')
    expect(said((await ways.unmasked.psql([], script)).stdout)).toBe(expected)
    expect(said((await ways.masked.psql([], script)).stdout)).toBe(
      expected.replace(' with payload "hello"', ''),
    )
  })

  it('empty statements and comments', async () => {
    await sameAsDirect([], ';;\n-- nothing\n;/* nothing */;\nselect 1;\n')
  })
})

describe('psql under masks', () => {
  it('masks hold with FETCH_COUNT, \\gx, \\gdesc and in COPY, which is refused', async () => {
    const script = `select * from customers order by id \\gx
      \\set FETCH_COUNT 2
      select ssn, card, email from customers order by id;
      \\copy customers to stdout
      \\copy (select ssn from customers) to stdout\n`
    const { stdout, stderr } = await ways.masked.psql([], script)
    expect(stdout).toMatch(/ssn +\| \*\*\*/)
    expect(stderr.match(/COPY may not read a relation with masked columns/g)).toHaveLength(2)
    expect(`${stdout}${stderr}`).not.toMatch(/078-05-1120|4111111111111111|ada@example/)
    expect((await ways.unmasked.psql([], script)).stdout).toContain('078-05-1120')
  })
})
