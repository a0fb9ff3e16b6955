// Zod's issues in the words of people who write YAML.
import type { z } from 'zod'
import { furtherKeys, knownKeys } from './json-schema.ts'
import { type Finding, joinPath, type Path } from './problems.ts'
import { nearest, suggestion } from './suggest.ts'

type Issue = z.core.$ZodIssue

const UNKNOWN_KEY = 'unknown key'
const MISSING = 'is missing'

/** As the keys of any configuration are, and passwords are not: one may stand in place of a key, and reloads are logged. */
const LIKE_KEYS = /^[a-z]{1,16}(_[a-z]{1,16}){0,3}$/

/** @param input the data that was parsed, to tell what is missing from what is wrong */
export function findings(issues: readonly Issue[], input: unknown): Finding[] {
  const all = issues.flatMap((issue) => finding(issue, [], input))
  const meant = new Set(all.filter((one) => one.message === UNKNOWN_KEY).map(meantPath))
  // a misspelled key is one problem, not also a missing one
  return all.filter((one) => one.message !== MISSING || !meant.has(joinPath(one.path)))
}

/** The path that a misspelled key was to have. */
function meantPath({ path }: Finding): string {
  const parent = path.slice(0, -1)
  return joinPath([...parent, nearest(String(path.at(-1)), knownKeys(parent)) ?? ''])
}

function finding(issue: Issue, above: Path, input: unknown): Finding[] {
  const path = [...above, ...issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, input))
    case 'invalid_union':
      return union(issue, path, input)
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path, message: `as a name, ${inner.message}` }))
    case 'invalid_type':
      return [wrongType(issue, path, input)]
    case 'invalid_value':
      return [wrongValue(issue.values.map(String), path, input)]
    case 'too_small':
    case 'too_big':
      return [{ path, message: wrongAmount(issue) }]
    default:
      return [{ path, message: lowerFirst(issue.message) }]
  }
}

function unknownKey(path: Path, key: string, input: unknown): Finding {
  const known = knownKeys(path)
  const value = valueAt(input, path)
  const cure = suggestion(key, typeof value === 'object' && value !== null ? furtherKeys(path, value) : known)
  // known in another alternative: a misspelling is not the cause
  if (known.includes(key))
    return { path: [...path, key], message: `${UNKNOWN_KEY} beside the others here`, cure: 'leave one out' }
  const at = [...path, key]
  if (nearest(key, known) === undefined && !LIKE_KEYS.test(key))
    return { path, at, message: `${UNKNOWN_KEY} (not shown: it may be a value)`, ...cure }
  return { path: at, message: UNKNOWN_KEY, ...cure }
}

type UnionIssue = Extract<Issue, { code: 'invalid_union' }>
type WrongType = Extract<Issue, { code: 'invalid_type' }>

function union(issue: UnionIssue, path: Path, input: unknown): Finding[] {
  // without errors of branches, the path ends in the discriminator
  if (issue.errors.length === 0) {
    return [wrongValue('options' in issue ? (issue.options ?? []).map(String) : [], path, input)]
  }
  const branches = issue.errors.map((errors) => errors.flatMap((inner) => finding(inner, path, input)))
  const fewest = branches.reduce((a, b) => (b.length < a.length ? b : a))
  const keys = fewest.filter((one) => one.message.startsWith(UNKNOWN_KEY))
  if (keys.length > 0) return keys
  // a branch that only complains about what lies within is the form that was meant
  const meant = branches.find((found) =>
    found.every((one) => one.path.length > path.length && valueAt(input, one.path) !== undefined),
  )
  if (meant !== undefined) return meant
  const forms = [...new Set(issue.errors.map(form))].join(' or ')
  if (valueAt(input, path) === undefined) return [{ path, message: MISSING }]
  const cure = forms === expected('object') ? keysFor('object', path) : nearWord(issue, valueAt(input, path))
  return [{ path, message: `needs ${forms}`, ...cure }]
}

/** Of the words that one of the forms is, the one that was meant. */
function nearWord({ errors }: UnionIssue, value: unknown): Pick<Finding, 'cure'> {
  const words = errors.flatMap(([first]) =>
    first?.code === 'invalid_value' && first.path.length === 0 ? first.values.map(String) : [],
  )
  const near = typeof value === 'string' ? nearest(value, words) : undefined
  return near === undefined ? {} : { cure: `did you mean "${near}"?` }
}

/** What a branch of a union would accept, by its first complaint. */
function form(errors: readonly Issue[]): string {
  const first = errors[0]
  if (first === undefined) return 'another form'
  if (first.path.length > 0) return `"${first.path.join('.')}"`
  if (first.code === 'invalid_type') return expected(first.expected)
  return first.code === 'invalid_value' ? first.values.map(String).join(' or ') : lowerFirst(first.message)
}

/** @param issue with a message of ours, where the schema has one for a value of another type */
function wrongType({ expected: type, message }: WrongType, path: Path, input: unknown): Finding {
  const value = valueAt(input, path)
  if (value === undefined) return { path, message: MISSING, cure: `needs ${expected(type)}` }
  if (value === null) return { path, message: 'is empty', cure: `needs ${expected(type)}` }
  if (message.startsWith('needs ')) return { path, message }
  return { path, message: `needs ${expected(type)}, not ${actual(value)}`, ...keysFor(type, path) }
}

/** More would be a page of the manual rather than a cure. */
const MOST_KEYS = 8

/** Which keys are meant, where a value stands in place of them. */
function keysFor(type: string, path: Path): Pick<Finding, 'cure'> {
  const keys = type === 'object' ? knownKeys(path) : []
  return keys.length === 0 || keys.length > MOST_KEYS ? {} : { cure: `for example ${keys.join(' or ')}` }
}

function wrongValue(values: readonly string[], path: Path, input: unknown): Finding {
  const value = valueAt(input, path)
  const [first, ...others] = values
  const only = others.length === 0 ? `must be ${first}` : `must be one of: ${values.join(', ')}`
  if (value === undefined) return { path, message: MISSING, cure: only }
  if (typeof value !== 'string' || others.length === 0) return { path, message: only }
  // SQL's own word for an effect that is called otherwise
  const meant = value.toLowerCase() === 'select' && values.includes('read') ? 'read' : value
  const near = suggestion(meant, values).cure
  return near?.startsWith('did') ? { path, message: only, cure: near } : { path, message: only }
}

function wrongAmount(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const unit = issue.origin === 'array' ? ' items' : issue.origin === 'string' ? ' characters' : ''
  if (issue.code === 'too_big') return `needs at most ${issue.maximum}${unit}`
  if (issue.minimum === 1 && unit !== '') return 'must not be empty'
  return `needs at least ${issue.minimum}${unit}`
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string | number, unknown>)[key]
  }
  return value
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'keys below it',
  record: 'names below it',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
}
const expected = (type: string): string => WORDS[type] ?? type

function actual(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'keys' : `${typeof value === 'string' ? 'text' : typeof value}`
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
