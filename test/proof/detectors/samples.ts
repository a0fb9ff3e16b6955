// Personal data made up by Faker, and the measure of detectors on it.
import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Detector } from '../../../src/masking/detect/found.ts'
import { createScanner } from '../../../src/masking/detect/scan.ts'
import { python } from '../../support/python.ts'

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'samples.py')
/** A sample has some hundred bytes. */
const MAX_OUTPUT = 1024 * 1024 * 1024

export interface Sample {
  /** `found` is to be found, by the detector that is the first word of its kind; `left` is to be left alone */
  readonly label: 'found' | 'left'
  readonly kind: string
  readonly value: string
  /** the value between two words */
  readonly text: string
}

export async function makeSamples(count: number, seed: number): Promise<readonly Sample[]> {
  const args = [PROGRAM, String(count), String(seed)]
  const { stdout } = await promisify(execFile)(await python(), args, { maxBuffer: MAX_OUTPUT })
  return stdout
    .trim()
    .split('\n')
    .map((line): Sample => JSON.parse(line))
}

/** Of what looks like a person's own; tokens and keys are measured apart. */
export const PERSONAL: readonly Detector[] = ['card', 'iban', 'email', 'us-ssn', 'phone']

/** Printed, and not held against the detectors. */
export const COUNTED: ReadonlySet<string> = new Set([
  // long numbers pass for cards by chance
  '16 digits',
  'bank account',
  // of 12 digits, or in ranges that are not issued
  'card, maestro',
  'card, jcb15',
  'card, visa13',
])
export interface Count {
  readonly label: Sample['label']
  readonly kind: string
  readonly samples: number
  /** found whole, and as what it is; or, of what is to be left alone, found at all */
  readonly found: number
  /** a few that were not as they should be */
  readonly wrong: readonly string[]
}

const SHOWN = 5

export function measure(samples: readonly Sample[]): readonly Count[] {
  const scanner = createScanner(new Set(PERSONAL))
  const kinds = new Map<string, Sample[]>()
  for (const sample of samples) {
    const key = `${sample.label}/${sample.kind}`
    const known = kinds.get(key)
    if (known) known.push(sample)
    else kinds.set(key, [sample])
  }
  return [...kinds.values()].map((of) => {
    const { label, kind } = of[0] as Sample
    const hits = of.filter((sample) => isFound(scanner.find, sample))
    const wrong = (label === 'left' ? hits : of.filter((sample) => !hits.includes(sample))).slice(0, SHOWN)
    return { label, kind, samples: of.length, found: hits.length, wrong: wrong.map(({ value }) => value) }
  })
}

function isFound(find: ReturnType<typeof createScanner>['find'], { label, kind, value, text }: Sample) {
  const bytes = Buffer.from(text)
  const finds = find(bytes)
  if (label === 'left') return finds.length > 0
  const [detector] = kind.split(/[ ,]/)
  return finds.some(
    (found) => found.detector === detector && bytes.toString('utf8', found.start, found.end) === value,
  )
}
