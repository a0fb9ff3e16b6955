// Recordings as a table or as JSON.
import type { RecordingSummary } from '../../recording/read.ts'
import { printableJson, table } from '../terminal.ts'

function asJson(summary: RecordingSummary) {
  const { start, end } = summary
  return {
    session: summary.id,
    file: summary.path,
    bytes: summary.size,
    startedAt: start?.startedAt,
    resource: start?.resource,
    protocol: start?.protocol,
    principal: start?.principal,
    source: start?.source,
    application: start?.application,
    level: start?.level,
    finished: end !== undefined,
    durationMs: end?.t,
    statements: end?.statements,
    reason: end?.reason,
    unusable: summary.unusable,
  }
}

/** Milliseconds as `1h02m03s`, `2m03s`, `3.4s`. */
function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)}s`
  const seconds = Math.floor(ms / 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  const minutes = `${two(Math.floor(seconds / 60) % 60)}m${two(seconds % 60)}s`
  return seconds < 3600 ? minutes : `${Math.floor(seconds / 3600)}h${minutes}`
}

function asRow({ id, start, end, unusable }: RecordingSummary): readonly string[] {
  return [
    id,
    start?.startedAt.replace(/\.\d+Z$/, 'Z') ?? '?',
    start?.principal.name ?? '?',
    start?.resource ?? '?',
    start?.source ?? '?',
    String(end?.statements ?? '?'),
    end ? duration(end.t) : unusable === undefined ? 'unfinished' : 'unusable',
    end?.reason ?? unusable ?? '',
  ]
}

const HEADING = ['SESSION', 'STARTED', 'WHO', 'RESOURCE', 'FROM', 'STATEMENTS', 'LASTED', 'ENDED']

export function listSessions(all: readonly RecordingSummary[], json: boolean): string {
  if (json) return `${printableJson(all.map(asJson))}\n`
  return all.length === 0 ? 'no recordings\n' : table(HEADING, all.map(asRow))
}
