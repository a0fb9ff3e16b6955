// Which help an error points to: that of the command that was misunderstood.
import { expect, it, vi } from 'vitest'
import { run } from '../../../src/cli/run.ts'

async function errorOf(...args: readonly string[]): Promise<string> {
  let text = ''
  const written = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += chunk
    return true
  })
  await run(args).finally(() => written.mockRestore())
  process.exitCode = undefined
  return text
}

it.each([
  [['--nope'], '(chaperone --help shows what there is)'],
  [['explain', 'SELECT 1'], '(chaperone explain --help shows what there is)'],
  [['approvals', 'approve'], '(chaperone approvals approve --help shows what there is)'],
  [['policy', 'test', '--nope'], '(chaperone policy test --help shows what there is)'],
])('%s points to its own help', async (args, pointer) => {
  expect(await errorOf(...args)).toContain(pointer)
})
