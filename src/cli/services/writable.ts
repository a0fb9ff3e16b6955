// Whether audit log and recordings take what is written, without which nobody works: a part of being ready.
import { performance } from 'node:perf_hooks'
import type { Config } from '../../config/schema.ts'
import { tryDirectory } from '../../recording/probe.ts'
import type { Log } from '../../telemetry/log.ts'
import type { Common } from './common.ts'

/** How long an answer counts, in milliseconds: who asks often writes no more often. */
const COUNTS_FOR = 2_000

/** True while both can be written. Only when asked is anything tried. */
export function writableRecords({
  config,
  audit,
  log,
}: Pick<Common, 'config' | 'audit' | 'log'>): () => boolean {
  const recordings = writableRecordings(config, log)
  return () => {
    const audited = audit.writable()
    return recordings() && audited
  }
}

function writableRecordings(config: Config, log: Log): () => boolean {
  const { directory, level } = config.recordings
  const recorded = Object.values(config.resources).some(({ recording = level }) => recording !== 'off')
  if (directory === undefined || !recorded) return () => true
  let writable = true
  let triedAt = Number.NEGATIVE_INFINITY

  function look(folder: string): boolean {
    try {
      tryDirectory(folder)
      if (!writable) log.warn({ directory: folder }, 'recordings can be written again')
      return true
    } catch (err) {
      if (writable) log.error({ err }, 'recordings cannot be written: nobody gets in')
      return false
    }
  }

  return () => {
    const now = performance.now()
    if (now - triedAt < COUNTS_FOR) return writable
    triedAt = now
    writable = look(directory)
    return writable
  }
}
