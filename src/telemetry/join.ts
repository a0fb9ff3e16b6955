// One exposition in Prometheus' format out of those of several processes: counts and sums are added up, and what is told
// of a process itself (its memory, its event loop) says which one it is.

export interface ProcessExposition {
  readonly process: string
  readonly body: string
}

interface Family {
  /** HELP and TYPE */
  readonly head: string[]
  /** by name with labels, in the order of the text */
  readonly samples: Map<string, number>
}

/** prom-client's own metrics of Node and of the process. */
const OF_PROCESS = /^(process|nodejs)_/
const HEAD = /^# (HELP|TYPE) (\S+) ?(.*)$/
/** A label's value may hold spaces and braces, so the value is looked for from the end. */
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$/

export function joinExpositions(parts: readonly ProcessExposition[]): string {
  const families = new Map<string, Family>()
  for (const { process, body } of parts) addTo(families, body, process)
  return textOf(families.values())
}

/** What only ever grows, of processes that are gone: without it the sums would fall, which readers take for a restart. */
export function countsOf(bodies: readonly string[]): string {
  const families = new Map<string, Family>()
  for (const body of bodies) addTo(families, body, undefined)
  const grows = ({ head }: Family) => head.some((line) => /^# TYPE \S+ (counter|histogram)$/.test(line))
  return textOf(
    [...families].filter(([name, family]) => !OF_PROCESS.test(name) && grows(family)).map(([, f]) => f),
  )
}

function addTo(families: Map<string, Family>, body: string, process: string | undefined): void {
  let family: Family | undefined
  for (const line of body.split('\n')) {
    const head = HEAD.exec(line)
    if (head !== null) {
      const name = head[2] ?? ''
      family = families.get(name) ?? { head: [], samples: new Map() }
      families.set(name, family)
      if (!family.head.includes(line)) family.head.push(line)
      continue
    }
    const sample = SAMPLE.exec(line)
    if (sample === null || family === undefined) continue
    const [, name = '', labels = '', value = ''] = sample
    const own = process !== undefined && OF_PROCESS.test(name)
    const key = name + (own ? labelled(labels, process) : labels)
    family.samples.set(key, (family.samples.get(key) ?? 0) + Number(value))
  }
}

const labelled = (labels: string, process: string) =>
  labels === '' ? `{process="${process}"}` : `${labels.slice(0, -1)},process="${process}"}`

function textOf(families: Iterable<Family>): string {
  const lines: string[] = []
  for (const { head, samples } of families) {
    lines.push(...head, ...[...samples].map(([key, value]) => `${key} ${numberText(value)}`), '')
  }
  return `${lines.join('\n')}\n`
}

/** Prometheus' names for what JSON has none. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return 'Nan'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}
