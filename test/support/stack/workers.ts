// The worker processes of services that run with several.
import { readdirSync, readFileSync } from 'node:fs'

/** Process ids of the workers, in no order: the primary's children that were started as `worker`. */
export function workerPids(primary: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === primary && argumentsOf(pid).at(-1) === 'worker')
}

/** proc(5): the command's name, field 2, may hold spaces; the parent is field 4. */
function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

const argumentsOf = (pid: number): string[] => read(`/proc/${pid}/cmdline`).split('\0').slice(0, -1)

/** A process may be gone by now. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
