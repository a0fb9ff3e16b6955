// Where watched requests are shown: JSON lines, plain lines, or a table that is drawn over itself on a terminal.
import { type Print, printable, printableJsonLine } from '../terminal.ts'
import type { ListedApproval } from './shapes.ts'
import { listRequests } from './show.ts'
import type { Watched } from './watched.ts'

export interface Screen {
  news(event: string, request: ListedApproval): Promise<void>
  /** what is wrong now, or that nothing is */
  trouble(problem: string | undefined): Promise<void>
  close(): void
}

/** For programs: one line of JSON for each event. */
export function jsonLines(print: Print): Screen {
  return {
    news: (event, request) => print(`${printableJsonLine({ event, ...request })}\n`),
    trouble: async (problem) => {
      if (problem !== undefined) process.stderr.write(`chaperone: ${printable(problem)}\n`)
    },
    close: () => undefined,
  }
}

/** For a pipe or a log: one line for each event. */
export function plainLines(print: Print): Screen {
  return {
    ...jsonLines(print),
    news: (event, request) => {
      const [, , row = ''] = listRequests([request], Date.now()).split('\n')
      return print(`${printable(event).padEnd(9)} ${row}\n`)
    },
  }
}

/** ms between two drawings, however much happens. */
const LEAST_PAUSE = 200
/** ms after which times have changed enough to draw them anew. */
const REFRESH = 5000
/** ECMA-48: to the first place, and nothing after it. Chaperone's own, and the only control characters that are written. */
const CLEAR = '\u001b[H\u001b[J'

export interface Terminal {
  readonly columns: number
  readonly rows: number
}

/** Lines from the first place of the terminal on, as many and as much of them as fit, and below them what is wrong. */
export function drawing(
  lines: readonly string[],
  problem: string | undefined,
  { columns, rows }: Terminal,
): string {
  const footer = printable(problem === undefined ? 'Ctrl-C ends this' : `! ${problem}`)
  // The last line stays free, so that nothing scrolls.
  const shown = [...lines.slice(0, Math.max(1, rows - 3)), '', footer]
  return `${CLEAR}${shown.map((line) => [...line].slice(0, columns).join('')).join('\n')}\n`
}

/** @param size asked each time, since windows change */
export function drawnTable(print: Print, watched: Watched, size: () => Terminal): Screen {
  let problem: string | undefined
  let timer: NodeJS.Timeout | undefined
  let drawn = Promise.resolve()
  const draw = () => {
    timer = undefined
    const lines = listRequests(watched.requests(), Date.now()).trimEnd().split('\n')
    drawn = print(drawing(lines, problem, size()))
  }
  const soon = async () => {
    timer ??= setTimeout(draw, LEAST_PAUSE)
    await drawn
  }
  const refresh = setInterval(() => void soon(), REFRESH)
  return {
    news: soon,
    trouble: (now) => {
      problem = now
      return soon()
    },
    close: () => {
      clearTimeout(timer)
      clearInterval(refresh)
    },
  }
}
