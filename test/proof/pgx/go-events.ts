// What `go test -json` prints, by package: how each test ended, and whether the package came to its end at all. A panic, a
// time limit or a signal ends a package in the middle, and takes every test with it that had not ended.

export interface Outcome {
  readonly outcome: 'pass' | 'fail' | 'skip' | 'none'
  /** what it printed */
  readonly output: string
}

interface Package {
  /** by name: `TestArrayCodec/simple` */
  readonly tests: ReadonlyMap<string, Outcome>
  /** why it did not come to its end; undefined when it did */
  readonly cutOff: string | undefined
  /** everything that it printed */
  readonly output: string
}

/** By import path. */
export type Report = ReadonlyMap<string, Package>

/** By package and name: `pgx/v5/pgtype.TestArrayCodec/simple`. */
export type Outcomes = ReadonlyMap<string, Outcome>

interface GoEvent {
  readonly Action: string
  readonly Package?: string
  readonly Test?: string
  readonly Output?: string
}

/** Go's last word of a package, when all of its tests ended; not that of `go test`, which has the package's name. */
const LAST_WORD = /^(PASS|FAIL)\n$/
const CAUSE =
  /^(panic: |fatal error: |signal: |\*\*\* Test killed|exit status |FAIL\t.*\[(build|setup) failed\])/
const OWNER = 'github.com/jackc/'

class Reader {
  readonly tests = new Map<string, Outcome>()
  #output = ''
  #cause: string | undefined
  #ended = false

  take({ Action, Test, Output = '' }: GoEvent): void {
    this.#output += Output
    if (CAUSE.test(Output)) this.#cause ??= Output.trim()
    if (Test === undefined) {
      this.#ended ||= LAST_WORD.test(Output) || Action === 'skip'
      return
    }
    const before = this.tests.get(Test) ?? { outcome: 'none', output: '' }
    const ends = Action === 'pass' || Action === 'fail' || Action === 'skip'
    this.tests.set(Test, {
      outcome: ends ? Action : before.outcome,
      output: before.output + Output,
    })
  }

  finish(): Package {
    const open = [...this.tests.values()].filter(({ outcome }) => outcome === 'none').length
    const whole = this.#ended && open === 0
    const cause = this.#cause ?? 'it ended without a word'
    return {
      tests: this.tests,
      cutOff: whole ? undefined : `${cause}; ${open} tests begun and not ended`,
      output: this.#output,
    }
  }
}

/** @param lines that `go test -json` printed, in their order; those that are no events are left out */
export async function readEvents(lines: AsyncIterable<string> | Iterable<string>): Promise<Report> {
  const readers = new Map<string, Reader>()
  for await (const line of lines) {
    if (!line.startsWith('{')) continue
    const event = JSON.parse(line) as GoEvent
    if (event.Package === undefined) continue
    const reader = readers.get(event.Package) ?? new Reader()
    readers.set(event.Package, reader)
    reader.take(event)
  }
  return new Map([...readers].map(([name, reader]) => [name, reader.finish()]))
}

export function outcomesOf(report: Report): Outcomes {
  const outcomes = new Map<string, Outcome>()
  for (const [path, { tests }] of report)
    for (const [test, outcome] of tests) outcomes.set(`${path.replace(OWNER, '')}.${test}`, outcome)
  return outcomes
}

/** Packages that did not come to their end, with the reason. */
export function cutOff(report: Report): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [path, one] of report) if (one.cutOff !== undefined) found.set(path, one.cutOff)
  return found
}
