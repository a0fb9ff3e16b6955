// Messages that wait to be sent, bounded, and taken in turns of those who ask: one who floods delays himself.
import type { Message } from './channel.ts'

export interface Job {
  readonly message: Message
  attempts: number
  /** not before, in milliseconds */
  due: number
}

/** Messages of one channel: as many as there can be open requests. A message has about 30 KiB at most. */
const MAX_WAITING = 1000
/** Messages of one principal: as many as it can have open requests. */
const MAX_OF_ONE = 100

export interface Jobs {
  readonly size: number
  /** False when there is no room. */
  add(job: Job): boolean
  /** Takes the next that is due, of whoever had his turn longest ago. */
  next(now: number): Job | undefined
  /** Takes the message that tells of this request's beginning. */
  withdraw(request: string): Job | undefined
  /** when the first is due; undefined when none waits */
  firstDue(): number | undefined
  /** Takes all. */
  drain(): Job[]
}

export function createJobs(): Jobs {
  /** by principal; in the order of turns */
  const waiting = new Map<string, Job[]>()
  let size = 0

  function take(principal: string, jobs: Job[], index: number): Job | undefined {
    const [job] = jobs.splice(index, 1)
    if (job !== undefined) size -= 1
    if (jobs.length === 0) waiting.delete(principal)
    return job
  }

  return {
    get size() {
      return size
    },
    add(job) {
      const { principal } = job.message.told
      const jobs = waiting.get(principal) ?? []
      if (size >= MAX_WAITING || jobs.length >= MAX_OF_ONE) return false
      jobs.push(job)
      waiting.set(principal, jobs)
      size += 1
      return true
    },
    next(now) {
      for (const [principal, jobs] of waiting) {
        const index = jobs.findIndex(({ due }) => due <= now)
        if (index < 0) continue
        const job = take(principal, jobs, index)
        if (jobs.length > 0) {
          waiting.delete(principal)
          waiting.set(principal, jobs)
        }
        return job
      }
      return undefined
    },
    withdraw(request) {
      for (const [principal, jobs] of waiting) {
        const index = jobs.findIndex(
          ({ message }) => message.event === 'requested' && message.told.id === request,
        )
        if (index >= 0) return take(principal, jobs, index)
      }
      return undefined
    },
    firstDue() {
      const dues = [...waiting.values()].flatMap((jobs) => jobs.map(({ due }) => due))
      return dues.length === 0 ? undefined : Math.min(...dues)
    },
    drain() {
      const all = [...waiting.values()].flat()
      waiting.clear()
      size = 0
      return all
    },
  }
}
