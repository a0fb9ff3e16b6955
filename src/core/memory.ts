// What the sessions of one process keep in memory, together: what each may keep adds up, and one principal may have many.
import { getHeapStatistics } from 'node:v8'

/** The share of one session. */
export interface SessionMemory {
  /**
   * Counts bytes that it keeps, or (negative) no longer keeps.
   *
   * @returns false when all sessions keep too much, and this one more than a little: then it has to end
   */
  keep(bytes: number): boolean
  /** The same of something that other sessions may keep as well, which in all counts once. */
  hold(what: object, bytes: number): boolean
  /** It no longer keeps what it holds. */
  drop(what: object): void
  /** The session is over: it keeps nothing, and what comes late is not counted. */
  release(): void
}

export interface Memory {
  share(): SessionMemory
  /** bytes that all of them keep */
  kept(): number
}

/** Something that sessions hold. */
interface Held {
  sessions: number
  readonly bytes: number
}

/** What every session may keep, whatever the others do, in bytes: idle ones keep a tenth of it. */
const ALWAYS = 512 * 1024

/** A part of what V8 lets the heap grow to: a process that runs out of it ends all its sessions. */
const ofTheHeap = () => getHeapStatistics().heap_size_limit / 4

/** @param most bytes that all sessions may keep */
export function createMemory(most = ofTheHeap()): Memory {
  let all = 0
  const held = new Map<object, Held>()

  /** @returns its bytes */
  function take(what: object, bytes: number): number {
    const known = held.get(what) ?? { sessions: 0, bytes }
    if (known.sessions === 0) all += bytes
    known.sessions += 1
    held.set(what, known)
    return known.bytes
  }

  /** @returns its bytes */
  function letGo(what: object): number {
    const known = held.get(what)
    if (known === undefined) return 0
    known.sessions -= 1
    if (known.sessions > 0) return known.bytes
    held.delete(what)
    all -= known.bytes
    return known.bytes
  }

  function share(): SessionMemory {
    /** what nobody else keeps */
    let alone = 0
    let together = 0
    let over = false
    const mine = new Set<object>()
    const fits = () => all <= most || alone + together <= ALWAYS

    return {
      keep(bytes) {
        if (over) return true
        alone += bytes
        all += bytes
        return fits()
      },
      hold(what, bytes) {
        if (over || mine.has(what)) return true
        mine.add(what)
        together += take(what, bytes)
        return fits()
      },
      drop(what) {
        if (mine.delete(what)) together -= letGo(what)
      },
      release() {
        over = true
        all -= alone
        alone = 0
        for (const what of mine) letGo(what)
        mine.clear()
      },
    }
  }

  return { share, kept: () => all }
}
