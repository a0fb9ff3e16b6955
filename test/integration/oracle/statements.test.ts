// The reduced run of proof:oracle: what PostgreSQL does for the statements by hand, against what facts say.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { Access, Facts } from '../../../src/core/facts.ts'
import { createOwnDatabase, runOwn } from '../../proof/oracle/own.ts'
import { createReport } from '../../proof/oracle/report.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'

/** Refused, because what they set is in rows. */
const REFUSED = ['pg_settings']

let postgres: Postgres

beforeAll(loadParser)

describe.each(['15', '18'] as const)('PostgreSQL %s', (version) => {
  beforeAll(async () => {
    const settings = { track_functions: 'all', wal_level: 'logical', jit: 'off' }
    postgres = await startPostgres({ version, hba: 'trust', settings })
    await createOwnDatabase(postgres.port)
  })
  afterAll(() => postgres.stop())

  test('everything that a statement by hand does is in its facts, or behind names that are', async () => {
    const report = createReport()
    await runOwn(postgres.port, Number(version), report.note)
    expect(report.wrong()).toEqual([])
    expect(report.failed()).toEqual([])
    expect(report.refused().filter((line) => !REFUSED.some((word) => line.includes(word)))).toEqual([])
    expect(report.counts().get('claimed')).toBeGreaterThan(200)
  })

  /** What facts would say if analysis overlooked the effect. */
  const without = (hidden: (access: Access) => boolean) => (facts: Facts) => ({
    ...facts,
    // Without the names either, by which the catalog finds what the access does not say.
    statements: facts.statements.map(({ uses: _, ...statement }) => ({
      ...statement,
      columns: [],
      accesses: statement.accesses.filter((access) => !hidden(access)),
    })),
  })

  test.each([
    ['SELECT (10).purge', 'call', 'ran public.purge'],
    ["SELECT ('PG_VERSION'::text).pg_read_file", 'server-file', 'calls pg_catalog.pg_read_file'],
    ["SELECT s.pg_ls_dir FROM lower('.') s", 'server-file', 'calls pg_catalog.pg_ls_dir'],
    ["SELECT query_to_xml('SELECT 1', true, true, '')", 'do', 'calls pg_catalog.query_to_xml'],
    ['SELECT pg_current_wal_lsn()', 'call', 'calls pg_catalog.pg_current_wal_lsn'],
    ["SELECT nextval('q')", 'update', 'calls pg_catalog.nextval'],
    ['DELETE FROM orders WHERE false', 'delete', 'RowExclusiveLock on public.orders'],
    ['UPDATE orders SET total = 1', 'update', 'updated rows of public.orders'],
    ['SELECT * FROM customers', 'read', 'AccessShareLock on public.customers'],
    ['GRANT SELECT ON customers TO reader', 'grant', 'updated rows of pg_class'],
    ['ALTER ROLE reader SUPERUSER', 'role', 'updated rows of pg_authid'],
    ["SELECT set_config('role', 'reader', true)", 'role', 'changed the role'],
    ['SET LOCAL search_path = app', 'setting', 'changed search_path'],
    ['CREATE VIEW app.v AS SELECT 1', 'create', 'inserted rows of pg_class'],
    ['TRUNCATE orders', 'truncate', 'AccessExclusiveLock on public.orders'],
    ['SELECT pg_advisory_xact_lock(1)', 'lock', 'took an advisory lock'],
    ['SELECT lo_create(0)', 'large-object', 'inserted rows of pg_largeobject_metadata'],
  ])('%s without its effect %s is found out', async (text, effect, deed) => {
    const report = createReport()
    const lie = without((access) => access.effect === effect)
    await runOwn(postgres.port, Number(version), report.note, { statements: [{ text }], lie })
    expect(report.wrong().join()).toContain(deed)
  })
})
