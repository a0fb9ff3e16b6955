// What the log says of a changed file, to somebody who mends it while the services run.
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { createAudit } from '../../../../src/audit/sink.ts'
import { createPolicyInForce } from '../../../../src/cli/reload/in-force.ts'
import { loadConfig } from '../../../../src/config/load.ts'
import { Secret } from '../../../../src/core/secret.ts'
import { createLog } from '../../../../src/telemetry/log.ts'
import { createMetrics } from '../../../../src/telemetry/metrics.ts'
import { GOOD_CONFIG } from '../../../support/config.ts'
import { temporaryDirectory } from '../../../support/tmp.ts'

const home = temporaryDirectory('in-force')
afterAll(() => home.remove())
const file = join(home.path, 'chaperone.yaml')

function replace(text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

let close: (() => void)[] = []
afterEach(() => {
  for (const one of close) one()
  close = []
})

function running(text = GOOD_CONFIG) {
  replace(text)
  const lines: string[] = []
  const audit = createAudit(
    { file: join(home.path, 'audit.jsonl') },
    { now: Date.now, monotonic: () => performance.now() },
  )
  const force = createPolicyInForce({
    config: loadConfig(file),
    secret: () => new Secret('sixteen bytes and more'),
    audit,
    log: createLog({ level: 'info' }, { write: (line: string) => lines.push(line) }),
    metrics: createMetrics(),
  })
  force.watch(file, () => undefined)
  close.push(
    () => force.close(),
    () => audit.close(),
  )
  const said = () => lines.splice(0).map((line) => (JSON.parse(line) as { msg: string }).msg)
  return { force, said }
}

it('a refused file that is mended to what is in force is told as good again, once', async () => {
  const { force, said } = running()
  replace(GOOD_CONFIG.replace('[read]', '[reed]'))
  await force.reload()
  expect(said()).toEqual(['the changed configuration is refused; the policy stays as it was'])
  replace(GOOD_CONFIG)
  await force.reload()
  expect(said()).toEqual(['the configuration is good again; the policy is the same'])
  await force.reload()
  expect(said()).toEqual([])
})

it('a rule that holds and lets everybody log in is told at the start, and when it is taken up', async () => {
  const told = 'rules that hold let everybody log in'
  const open = GOOD_CONFIG.replace('decision: allow', 'decision: hold\n    approvers: [dba]')
  expect(running(open).said()).toEqual([told])
  const { force, said } = running()
  replace(open)
  await force.reload()
  expect(said()).toEqual([told, 'a changed policy is in force'])
})
