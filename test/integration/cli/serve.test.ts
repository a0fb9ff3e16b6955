// `chaperone serve` as people run it: what it says when it starts.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { type CliRun, startCli } from '../../support/cli.ts'
import { GOOD_CONFIG } from '../../support/config.ts'
import { createAuthority } from '../../support/keys.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const directory = temporaryDirectory('serve')
afterAll(() => directory.remove())
createAuthority(join(directory.path, 'tls')).issue({ name: 'server' })

let running: CliRun[] = []
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.map(({ done }) => done))
  running = []
})

/** @param name of the configuration, and of the processor's socket */
function serve(name: string, admin: string, more = ''): CliRun {
  const file = join(directory.path, `${name}.yaml`)
  writeFileSync(
    file,
    `${GOOD_CONFIG}processor: { address: "unix:${name}.sock" }\nadmin: { address: "${admin}" }\n${more}`,
  )
  const run = startCli(['serve', '--config', file], { ORDERS_PASSWORD: 'hunter2' })
  running.push(run)
  return run
}

it('warns in the log of an admin port that others reach without TLS', async () => {
  const [open, own] = [serve('open', '0.0.0.0:0'), serve('own', '127.0.0.1:0')]
  await Promise.all([open.saying(/chaperone: serves/), own.saying(/chaperone: serves/)])
  expect(open.err()).toMatch(
    /"level":"warn"[^\n]*"admin\.address: 0\.0\.0\.0 can be reached from other machines/,
  )
  expect(own.err()).not.toContain('can be reached')
})

it('is refused while another writes its audit log, and not once that was killed', async () => {
  const audit = 'audit: { file: audit.jsonl }\n'
  const first = serve('first', '127.0.0.1:0', audit)
  await first.saying(/chaperone: serves/)
  const second = await serve('second', '127.0.0.1:0', audit).done
  expect(second).toMatchObject({ code: 1, out: '' })
  expect(second.err).toMatch(
    /audit\.file: \S+audit\.jsonl is written by another process; stop it, or name another/,
  )
  first.child.kill('SIGKILL')
  await serve('third', '127.0.0.1:0', audit).saying(/chaperone: serves/)
})
