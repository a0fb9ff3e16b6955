// What a killed process left on record: marks in its recordings and in its audit log, and whether both chains hold.
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { listRecordings, readRecording } from '../../../src/recording/read.ts'
import { verifyRecording } from '../../../src/recording/verify.ts'
import { WAYS } from './load.ts'

export interface Records {
  /** every mark that a recorded statement or its parameters name */
  readonly recorded: ReadonlySet<string>
  /** texts of audited decisions, joined */
  readonly audited: string
  readonly tampered: readonly string[]
}

const MARK = new RegExp(`\\bk\\d+-\\d+-(?:${WAYS.join('|')})-\\d+-\\d+\\b`, 'g')

/** Reads the records and removes them, so that a long run does not read everything again. */
export async function takeRecords(folder: string): Promise<Records> {
  const recorded = new Set<string>()
  const tampered: string[] = []
  for (const { path } of await listRecordings(join(folder, 'recordings'))) {
    const verdict = await verifyRecording(path)
    if (verdict.state === 'tampered') tampered.push(`${path}: ${verdict.reason}`)
    for await (const event of readRecording(path)) {
      if (event.kind === 'statement')
        for (const [mark] of JSON.stringify(event).matchAll(MARK)) recorded.add(mark)
    }
    rmSync(path)
  }
  return { recorded, ...auditOf(join(folder, 'audit.jsonl'), tampered) }
}

/** The chain goes over restarts: each event names the one before it, and half a line does not count. */
function auditOf(path: string, tampered: string[]): Pick<Records, 'audited' | 'tampered'> {
  const lines = readFileSync(path, 'utf8').split('\n')
  let before: string | undefined
  let audited = ''
  for (const line of lines) {
    const event = parsed(line)
    if (event === undefined) continue
    if (before !== undefined && event['prev'] !== sha256(before))
      tampered.push(`${path}: ${line.slice(0, 200)}`)
    before = line
    if (event['type'] === 'decision') audited += `${String(event['operation'])}\n`
  }
  // the last whole line stays, as the next process's first event names it
  truncateSync(path)
  return { audited, tampered }
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
