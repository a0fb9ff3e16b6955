// npm run proof:detectors [-- COUNT [SEED]]
// How much of what they look for detectors find, and what else: Faker's personal data, and the samples of gitleaks' rules.

import { numberArgument } from '../number-argument.ts'
import { gitleaksSamples, measureRules } from './gitleaks.ts'
import { COUNTED, makeSamples, measure } from './samples.ts'

/** Of each kind. */
const COUNT = 5000
const SEED = 1

/** Shares that must not be missed: what falls short is in docs/masking.md. */
const RECALL = 0.99
/** Of values that are nothing of the kind. */
const MISTAKEN = 0.002
/** Some of its JSON Web Tokens begin like no JSON, and Vault's tokens of old have nothing but `s.` before them. */
const RULES_RECALL = 0.98

const say = (text: string) => void process.stdout.write(`${text}\n`)
const percent = (part: number, whole: number) => `${((100 * part) / Math.max(whole, 1)).toFixed(2)} %`

const count = numberArgument(0, 'COUNT', COUNT)
const seed = numberArgument(1, 'SEED', SEED)
let holds = true

for (const { label, kind, samples, found, wrong } of measure(await makeSamples(count, seed))) {
  say(`${label} ${kind}: ${found} of ${samples} found, ${percent(found, samples)}`)
  const fails = label === 'found' ? found < RECALL * samples : found > MISTAKEN * samples
  if (wrong.length > 0) say(`  such as ${wrong.map((value) => JSON.stringify(value)).join(', ')}`)
  if (fails && !COUNTED.has(kind)) holds = false
}

let [positive, found, negative, mistaken] = [0, 0, 0, 0]
for (const rule of measureRules(gitleaksSamples())) {
  positive += rule.positive
  found += rule.found
  negative += rule.negative
  mistaken += rule.mistaken
  for (const wrong of rule.wrong) say(`${rule.rule} ${wrong}`)
}
say(
  `gitleaks: ${found} of ${positive} found, ${percent(found, positive)}; ${mistaken} of ${negative} mistaken`,
)
holds &&= found >= RULES_RECALL * positive

say(`proof:detectors: ${holds ? 'holds' : 'FAILS'}`)
process.exitCode = holds ? 0 : 1
