// Statements of the suite that Chaperone refuses by design. In the direct run each fails as well, by a stand-in, so that
// what would have come of it is missing on both sides, and every other difference is seen for what it is. One is left
// out of every run.
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Way } from '../support/open-stack.ts'

const group = z.strictObject({
  reason: z.string().min(20),
  /** what psql prints in place of the statement's result; without it, the statement is left out of every run */
  error: z.string().optional(),
  /** by test: the text as it stands in the script, from the beginning of a line; each of its occurrences is refused */
  statements: z.record(z.string(), z.array(z.string().min(1))),
})

interface Refused {
  readonly test: string
  readonly statement: string
  readonly error: string | undefined
  /** fails on any server, does nothing, and says who it stands for in one line; a comment for what is left out */
  readonly standIn: string
  readonly standInError: string
}

export function readRefused(file: string): readonly Refused[] {
  const groups = z.array(group).parse(parse(readFileSync(file, 'utf8')))
  const each = groups.flatMap(({ error, statements }) =>
    Object.entries(statements).flatMap(([test, texts]) =>
      texts.map((statement) => ({ test, statement, error: error?.trimEnd() })),
    ),
  )
  return each.map((refused, at) => ({
    ...refused,
    standIn: refused.error === undefined ? '-- left out' : `EXECUTE refused_${at}_;`,
    standInError: `ERROR:  prepared statement "refused_${at}_" does not exist`,
  }))
}

/** A copy of the suite's scripts with stand-ins for statements; the rest of the suite is linked. */
export function inputsFor(suite: string, inputs: string, way: Way, refused: readonly Refused[]): void {
  rmSync(inputs, { recursive: true, force: true })
  mkdirSync(inputs)
  for (const name of ['expected', 'data', 'parallel_schedule', 'resultmap'])
    symlinkSync(join(suite, name), join(inputs, name))
  cpSync(join(suite, 'sql'), join(inputs, 'sql'), { recursive: true })
  for (const { test, statement, error, standIn } of refused) {
    if (way !== 'direct' && error !== undefined) continue
    const script = join(inputs, 'sql', `${test}.sql`)
    const [first, ...rest] = `\n${readFileSync(script, 'utf8')}`.split(`\n${statement}`)
    if (rest.length === 0) throw new Error(`refused.yaml: ${test} does not have: ${statement}`)
    writeFileSync(script, [first, ...rest].join(`\n${standIn}`).slice(1))
  }
}

/** The direct run's output as it would be had Chaperone refused the statements. */
export function asRefused(output: string, refused: readonly Refused[]): string {
  return refused.reduce((text, { standIn, statement, standInError, error }) => {
    if (error === undefined) return text
    // psql echoes no empty lines
    const echoed = statement.replace(/\n+/g, '\n')
    return text.replaceAll(standIn, () => echoed).replaceAll(standInError, () => error)
  }, output)
}
