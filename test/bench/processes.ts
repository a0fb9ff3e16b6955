// What a process has used, from /proc.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
/** Fields of /proc/PID/stat after the command's name, which may hold spaces (proc(5)). */
const UTIME = 11
const STIME = 12

/** CPU seconds of all threads, user and system, since the start. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS
}

const kilobytes = (pid: number, field: 'VmRSS' | 'VmHWM') => {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'))
  return Number(line?.[1] ?? 0)
}

/** Resident memory, in KiB. */
export const residentKiB = (pid: number) => kilobytes(pid, 'VmRSS')
/** The most that was ever resident, in KiB. */
export const peakKiB = (pid: number) => kilobytes(pid, 'VmHWM')
