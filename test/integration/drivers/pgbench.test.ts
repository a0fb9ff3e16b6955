// pgbench through Envoy and Chaperone with TLS and a token, in its three protocols.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../support/stack/clients.ts'
import { startWays, type Ways } from './ways.ts'

let ways: Ways
beforeAll(async () => {
  ways = await startWays()
  // it makes its tables by itself, so it does that straight at the server
  const init = ['-i', '-q', '-s', '1', ways.direct.conninfo]
  await promisify(execFile)('pgbench', init, { env: { ...process.env, PGPASSWORD: ways.direct.password } })
})
afterAll(() => ways?.stop())

const CLIENTS = 4
const EACH = 25

/** Account balances and history must both have moved by the same sum, or a transaction came apart. */
async function sums(): Promise<Record<string, unknown> | undefined> {
  const [row] =
    await ways.stack.superuser(`select (select sum(abalance) from pgbench_accounts)::int as accounts,
    (select sum(bbalance) from pgbench_branches)::int as branches,
    (select sum(tbalance) from pgbench_tellers)::int as tellers,
    coalesce((select sum(delta) from pgbench_history), 0)::int as history,
    (select count(*) from pgbench_history)::int as transactions`)
  return row
}

describe.each(['masked', 'unmasked'] as const)('pgbench, %s', (who) => {
  it.each(['simple', 'extended', 'prepared'])('-M %s runs all its transactions, whole', async (mode) => {
    const before = await sums()
    const args = ['-n', '-M', mode, '-c', String(CLIENTS), '-j', '2', '-t', String(EACH)]
    const way = ways[who]
    const { stdout, stderr, code } = await run('pgbench', [...args, way.conninfo], way.password)
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toContain(`number of transactions actually processed: ${CLIENTS * EACH}/${CLIENTS * EACH}`)
    expect(stdout).toContain('number of failed transactions: 0 ')
    const after = await sums()
    expect(after?.['transactions']).toBe(Number(before?.['transactions']) + CLIENTS * EACH)
    expect([after?.['accounts'], after?.['branches'], after?.['tellers']]).toEqual(
      Array(3).fill(after?.['history']),
    )
  })
})

it('pgbench -C logs in anew for each transaction', async () => {
  const args = ['-n', '-S', '-C', '-c', '2', '-t', '10', ways.masked.conninfo]
  const { stdout } = await run('pgbench', args, ways.masked.password)
  expect(stdout).toContain('actually processed: 20/20')
})
