// What PostgreSQL's scanner reads again and again. It takes as many operator characters as there are, and gives back what does
// not belong: all but the first sign, or what stands behind `/*`. In a long run of such it reads the rest for each of them:
// 256 KiB of `/*/*` keep it, and the server's own, busy for half a minute.

/** PostgreSQL 4.1.3, and scan.l: `op_chars`. Shorter ones cost less than finding them. */
const LONG_RUN = /[~!@#^&|`?+\-*/%<>=]{64,}/g
/** Where it begins anew. A minus begins nothing: behind another it is a comment. */
const BEGINS_ANEW = /\+|\/\*/g

/** Characters that are read again: a run of 8,192 signs takes a tenth of a second. */
const MOST = 2 ** 26

/** Would the scanner be busy for longer with this text than its length allows? Also true for such a run in a literal. */
export function rescansTooMuch(sql: string): boolean {
  let read = 0
  for (const [run] of sql.matchAll(LONG_RUN)) {
    read += run.length * (run.match(BEGINS_ANEW)?.length ?? 0)
    if (read > MOST) return true
  }
  return false
}
