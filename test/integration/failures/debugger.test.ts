// SIGUSR1, which log rotators send, opens Node's debugger to every user of the machine: whoever is let in there reads every secret.
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { type Stack, startStack } from '../../support/stack.ts'

/** Node's debugger is there within some milliseconds. */
const DEBUGGER_WITHIN = 1_500

let stack: Stack | undefined
afterEach(() => stack?.stop())

it('SIGUSR1 opens no debugger, and ends nothing', async () => {
  stack = await startStack({ services: 'child' })
  process.kill(stack.services.pid, 'SIGUSR1')
  await pause(DEBUGGER_WITHIN)
  expect(stack.services.log()).not.toContain('Debugger listening')
  expect((await fetch(`${stack.admin}/readyz`)).status).toBe(200)
})
