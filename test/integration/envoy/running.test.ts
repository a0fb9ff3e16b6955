// `chaperone check --envoy`: what an Envoy that runs does, held against what was generated for it. Each hand edit is tried on
// the real binary, and found.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Config } from '../../../src/config/schema.ts'
import { envoyBootstrap } from '../../../src/envoy/bootstrap.ts'
import { readRunning } from '../../../src/envoy/running/dump.ts'
import { inspectEnvoy } from '../../../src/envoy/running/inspect.ts'
import { startEnvoy } from '../../support/envoy.ts'
import { type Bootstrap, type Edit, type Part, proxy, WEAKENING } from '../../support/envoy-edits.ts'
import { freePorts } from '../../support/ports.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack({
    upstreamTls: 'verify-full',
    resources: { other: { process: 'requests-only', recording: 'commands' } },
    config: { masks: {} },
  })
})
afterAll(() => stack?.stop())

const CLI = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

async function check(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [
    ...['--import', import.meta.resolve('tsx'), CLI, 'check', '--no-files'],
    ...['--config', stack.configFile, ...args],
  ])
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    said.stdout += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    said.stderr += String(chunk)
  })
  const [code] = (await once(child, 'close')) as [number]
  return { code, ...said }
}

/** What is found in an Envoy that runs an edited configuration. It takes the same ports (SO_REUSEPORT), and nobody connects. */
async function edited(edit: Edit, config: Config = stack.config): Promise<string[]> {
  const bootstrap = JSON.parse(JSON.stringify(envoyBootstrap(config))) as Bootstrap
  const { listeners, clusters } = bootstrap.static_resources
  const named = (all: Part[]) => (name: string) => {
    const found = all.find((one) => one.name === name)
    if (!found) throw new Error(`nothing is named ${name}`)
    return found
  }
  const { socket_address: admin } = bootstrap.admin.address
  admin.port_value = (await freePorts(1))[0] ?? 0
  const at = {
    listen: stack.port,
    target: stack.postgres.port,
    services: stack.config.processor.address.replace('unix:', ''),
    ca: stack.ca,
  }
  edit({ bootstrap, listener: named(listeners), cluster: named(clusters), at })
  const envoy = await startEnvoy(bootstrap, { tolerateUnready: true })
  try {
    const running = await readRunning(`127.0.0.1:${admin.port_value}`)
    return inspectEnvoy(config, running).map(({ kind, message }) => `${kind}: ${message}`)
  } finally {
    await envoy.stop()
  }
}

it('an Envoy with what was generated is as it should be', async () => {
  const { code, stdout, stderr } = await check('--envoy')
  expect(stderr).toBe('')
  expect(stdout).toContain('runs what is generated for it, and nothing leads beside it.')
  expect(code).toBe(0)
})

it('so is one for several workers', async () => {
  const { processor } = stack.config
  expect(await edited(() => undefined, { ...stack.config, processor: { ...processor, workers: 3 } })).toEqual(
    [],
  )
})

describe('a hand edit that weakens it is named', () => {
  it.each(WEAKENING)('%s', async (_, edit, expected) => {
    const found = await edited(edit)
    expect(found.filter((one) => one.startsWith('weaker: ') && expected.test(one))).not.toEqual([])
  })
})

it('what only tunes it, or takes away, is told as such', async () => {
  const found = await edited(({ bootstrap: { static_resources }, listener, cluster }) => {
    proxy(listener('chaperone.app'))['idle_timeout'] = '60s'
    cluster('chaperone.app.session')['connect_timeout'] = '7s'
    static_resources.listeners = static_resources.listeners.filter(({ name }) => name !== 'chaperone.other')
  })
  expect(found).toEqual([
    'other: listener chaperone.app: filter_chains[0].filters[2].typed_config.idle_timeout is "60s", and was generated as "0s"',
    'other: there is no listener chaperone.other',
    'other: cluster chaperone.app.session: connect_timeout is "7s", and was generated as "5s"',
  ])
})

it('the command ends with 1 and names what is weaker; an Envoy that cannot be asked is an error', async () => {
  const [port = 0] = await freePorts(1)
  expect(await check('--envoy', `127.0.0.1:${port}`)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^chaperone: Envoy at 127.0.0.1:\d+ cannot be asked what it runs: connect ECONNREFUSED 127.0.0.1:\d+; name its admin listener/,
    ),
  })
  expect(await check('--envoy', stack.admin.replace('http://', ''))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /cannot be asked what it runs: what answers at .* is not Envoy's admin listener/,
    ),
  })
})
