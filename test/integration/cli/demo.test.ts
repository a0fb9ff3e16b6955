// The demo as the README starts it, without its set-up.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

it('everything that the demo shows holds', async () => {
  const demo = ['--import', 'tsx', 'scripts/demo-story/main.ts']
  const { stdout } = await promisify(execFile)(process.execPath, demo, { cwd: ROOT, timeout: 90_000 })
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^demo: everything held, in \d+ s$/)
}, 100_000)
