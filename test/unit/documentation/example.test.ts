// docs/example as whoever copies it would try it: good, without a warning, and of one mind with its cases.
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it, vi } from 'vitest'
import { run } from '../../../src/cli/run.ts'

const config = fileURLToPath(new URL('../../../docs/example/chaperone.yaml', import.meta.url))
const cases = fileURLToPath(new URL('../../../docs/example/policy-cases.yaml', import.meta.url))

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

async function said(...args: readonly string[]): Promise<{ out: string; err: string }> {
  let out = ''
  let err = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += chunk
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    err += chunk
    return true
  })
  await run(['--config', config, ...args])
  return { out, err }
}

it('is good, and nothing in it is warned of', async () => {
  const { out, err } = await said('check', '--no-files', '--strict')
  expect(out).toMatch(/: good\. 2 resources, 5 rules, 2 masks\.\n/)
  expect(err).toBe('')
})

it('decides what its cases say', async () => {
  const { out, err } = await said('policy', 'test', cases)
  expect(out).toBe('7 of 7 cases pass\n')
  expect(err).toBe('')
})
