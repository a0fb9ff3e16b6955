// `chaperone explain`, in this process: what it prints.
import { vi } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'

export async function explained(configFile: string, ...args: string[]): Promise<string> {
  let text = ''
  const written = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += chunk
    return true
  })
  const asked = ['explain', '--resource', 'app', '--as-groups', 'engineers', ...args]
  await createProgram()
    .parseAsync(['--config', configFile, ...asked], { from: 'user' })
    .finally(() => written.mockRestore())
  return text
}
