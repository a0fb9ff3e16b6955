// What came of the statements, counted, and every one that speaks against the analysis.
import type { Measured, Verdict } from './measure.ts'

export interface Row extends Measured {
  /** where the statement is from */
  readonly file: string
  readonly text: string
}

export interface Report {
  note(row: Row): void
  /** how many statements came to which end */
  counts(): ReadonlyMap<string, number>
  /** complete facts that do not say what the server did */
  wrong(): readonly string[]
  /** refused although the server runs them */
  refused(): readonly string[]
  failed(): readonly string[]
  lines(): readonly string[]
}

function key(verdict: Verdict): string {
  return verdict.kind === 'measured' ? verdict.account : verdict.kind
}

const WORDS: Readonly<Record<string, string>> = {
  claimed: 'all that the server did is in the facts',
  catalog:
    'the rest is behind names of the facts, as the product finds it, or a lock on what belongs to them',
  'named-code': 'the rest is code that the facts name',
  'hidden-code': 'the rest is code behind those names, as the product finds it',
  'event-trigger': 'the rest is code of event triggers, which the product does not look at',
  wrong: 'COMPLETE AND WRONG',
  incomplete: 'facts say that they are not complete: refused',
  unparsed: 'the grammar of analysis does not read it: refused',
  outside: 'runs only outside of a transaction: facts give it an effect',
  unmeasured: 'transaction control, or after an error: not measured',
  failed: 'the server refused it',
}

function short(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 300)
}

export function createReport(): Report {
  const counts = new Map<string, number>()
  const wrong: string[] = []
  const refused: string[] = []
  const failed: string[] = []

  return {
    note({ file, text, verdict, outcome }) {
      counts.set(key(verdict), (counts.get(key(verdict)) ?? 0) + 1)
      const line = `${file}: ${short(text)}`
      if (verdict.kind === 'failed') failed.push(`${line} (${outcome.error?.message})`)
      if (verdict.kind === 'incomplete') refused.push(`${line} (${verdict.reason})`)
      if (verdict.kind === 'unparsed') refused.push(`${line} (${verdict.message})`)
      if (verdict.kind !== 'measured' || verdict.account !== 'wrong') return
      const deeds = verdict.judgements.filter(({ account }) => account === 'wrong')
      wrong.push(`${line} (${deeds.map(({ deed }) => deed.what).join(', ')})`)
    },
    counts: () => counts,
    wrong: () => wrong,
    refused: () => refused,
    failed: () => failed,
    lines: () =>
      Object.entries(WORDS).flatMap(([name, words]) => {
        const count = counts.get(name)
        return count === undefined ? [] : [`${String(count).padStart(8)}  ${words}`]
      }),
  }
}
