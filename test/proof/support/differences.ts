// What differs between two texts, without line numbers, so that it stays the same when lines before it come or go.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from '../../support/tmp.ts'

/** `1,2c3`, `4a5,6`, `7d6`: where a hunk of diff's normal format lies. */
const PLACE = /^\d+(,\d+)?[acd]\d+(,\d+)?$/

/** Hunks of lines that begin with `-` (only in `before`) or `+` (only in `after`), in their order. */
export function differences(before: string, after: string): string[] {
  if (before === after) return []
  const folder = temporaryDirectory('diff')
  try {
    const [left, right] = [join(folder.path, 'before'), join(folder.path, 'after')]
    writeFileSync(left, before)
    writeFileSync(right, after)
    const { stdout, status, error } = spawnSync('diff', ['-a', left, right], {
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
    })
    if (error || status === null || status > 1) throw new Error('diff failed', { cause: error })
    return hunks(stdout)
  } finally {
    folder.remove()
  }
}

function hunks(diff: string): string[] {
  const found: string[][] = []
  for (const line of diff.split('\n')) {
    if (PLACE.test(line)) found.push([])
    else if (line.startsWith('< ')) found.at(-1)?.push(`-${line.slice(2)}`)
    else if (line.startsWith('> ')) found.at(-1)?.push(`+${line.slice(2)}`)
  }
  return found.map((lines) => lines.join('\n'))
}
