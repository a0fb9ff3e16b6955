// The worker processes of services that run with several.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Process ids of the workers, in no order: the primary's children that were started as `worker`. */
export function workerPids(primary: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === primary && argumentsOf(pid).at(-1) === 'worker')
}

/** The worker that is found by a file that it alone writes. @throws when there is none */
export function workerPid(primary: number, file: string): number {
  const pid = workerPids(primary).find((one) => openFiles(one).includes(file))
  if (pid === undefined) throw new Error(`no worker writes ${file}`)
  return pid
}

function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return []
    }
  })
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
