// `chaperone sessions live --watch`: looks again every few seconds, until Ctrl-C.
import { setTimeout as pause } from 'node:timers/promises'
import { drawing, type Terminal } from '../approvals/screen.ts'
import { isPassing } from '../approvals/watch.ts'
import { type Print, printable } from '../terminal.ts'

/** What is seen at one look, as text or as a line of JSON. */
export interface LookScreen {
  show(text: string): Promise<void>
  trouble(problem: string): Promise<void>
}

/** ms between two looks, as the console's page has them. */
const LOOKS = 3000

/** For a pipe, a log or a program: one look after the other. */
export function lookAfterLook(print: Print): LookScreen {
  return {
    show: print,
    trouble: async (problem) => void process.stderr.write(`chaperone: ${printable(problem)}\n`),
  }
}

/** On a terminal: each look over the one before, which stays while something is wrong. */
export function lookOverLook(print: Print, size: () => Terminal): LookScreen {
  let lines: readonly string[] = []
  return {
    show(text) {
      lines = text.trimEnd().split('\n')
      return print(drawing(lines, undefined, size()))
    },
    trouble: (problem) => print(drawing(lines, problem, size())),
  }
}

/**
 * Resolves when the signal aborts.
 *
 * @param every milliseconds between two looks
 * @throws what the first look throws, and refusals that time does not heal
 */
export async function keepLooking(
  look: () => Promise<string>,
  screen: LookScreen,
  signal: AbortSignal,
  every = LOOKS,
): Promise<void> {
  let seen = false
  while (!signal.aborted) {
    try {
      await screen.show(await look())
      seen = true
    } catch (error) {
      if (!seen || !isPassing(error)) throw error
      await screen.trouble(error instanceof Error ? error.message : 'the connection was lost')
    }
    await pause(every, undefined, { signal }).catch(() => undefined)
  }
}
