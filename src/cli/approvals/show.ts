// A request as its reviewer reads it. Every text in it came from outside, so none reaches the terminal raw.
import { printable, printableLines, table } from '../terminal.ts'
import type { ListedApproval, ShownAccess, ShownApproval, ShownFunction, ShownParameter } from './shapes.ts'

/** Characters of a statement in a table. */
const SHOWN_IN_TABLE = 60
const LABEL_WIDTH = 12

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
]

/** `in 12 min` or `3 h ago`. */
function relative(time: number, now: number): string {
  const distance = Math.abs(time - now)
  const [unit, size] = UNITS.find(([, milliseconds]) => distance >= milliseconds) ?? ['s', 1000]
  const amount = `${Math.floor(distance / size)} ${unit}`
  return time >= now ? `in ${amount}` : `${amount} ago`
}

function instant(time: number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? 'at an unknown time' : date.toISOString()
}

const line = (label: string, value: string) => `${label.padEnd(LABEL_WIDTH)}${printable(value)}\n`

/** Marks each line, so that a statement cannot pass for what stands around it. */
const quoted = (text: string) =>
  printableLines(text)
    .split('\n')
    .map((row) => `  | ${row}\n`)
    .join('')

function accessText(access: ShownAccess): string {
  const { relation } = access
  const name = relation?.schema === undefined ? relation?.name : `${relation.schema}.${relation.name}`
  return [access.effect, access.objectType, name ?? access.object]
    .filter((part) => part !== undefined)
    .join(' ')
}

const READING: ReadonlySet<string> = new Set(['read', 'session'])

function accessLines(accesses: readonly ShownAccess[]): string {
  const texts = (wanted: boolean) =>
    [...new Set(accesses.filter(({ effect }) => READING.has(effect) === wanted).map(accessText))].join(', ')
  return line('Changes', texts(false) || 'nothing') + line('Reads', texts(true) || 'nothing')
}

/** Whose privileges it has stands before everything that is told of it in its owner's words. */
function functionText(one: ShownFunction): string {
  const { signature, volatility, language, owner, securityDefiner, settings, via } = one
  const parts = [
    ...(securityDefiner ? [`SECURITY DEFINER of ${owner}`] : [`owner ${owner}`]),
    `${volatility} ${language}`,
    ...settings.map((setting) => `SET ${setting}`),
    ...(via === undefined ? [] : [via]),
  ]
  return `${signature}: ${parts.join(', ')}`
}

function functionLines({ functions, moreFunctions }: ShownApproval): string {
  if (functions.length === 0) return ''
  const rows = functions.map((one) => `  ${printable(functionText(one))}\n`)
  const rest = moreFunctions > 0 ? `  and ${moreFunctions} more\n` : ''
  return `Functions that it calls, or may call\n${rows.join('')}${rest}`
}

function parameterText(parameter: ShownParameter): string {
  switch (parameter.kind) {
    case 'null':
      return 'NULL'
    case 'text':
      return `'${parameter.value.replaceAll("'", "''")}'`
    case 'binary':
      return `\\x${parameter.hex} (binary${parameter.type === undefined ? '' : `, type ${parameter.type}`})`
  }
}

function parameterLines(parameters: readonly ShownParameter[]): string {
  if (parameters.length === 0) return ''
  const rows = parameters.map((parameter, n) => `  $${n + 1} = ${printable(parameterText(parameter))}\n`)
  return `Parameters\n${rows.join('')}`
}

function voteLines(request: ShownApproval): string {
  const rows = request.votes.map((vote) => {
    const reason = vote.reason === undefined ? '' : `: ${vote.reason}`
    return `  ${printable(`${vote.verdict} by ${vote.reviewerName} (${vote.reviewer}) ${instant(vote.at)}${reason}`)}\n`
  })
  const approved = request.votes.filter(({ verdict }) => verdict === 'approve').length
  const progress = `${approved} of ${request.quorum} approved; may decide: ${request.approvers.join(', ')}`
  return line('Quorum', progress) + (rows.length === 0 ? '' : `Votes\n${rows.join('')}`)
}

/** Everything that a reviewer decides on. */
export function showRequest(request: ShownApproval, now: number): string {
  const state = request.withdrawal === undefined ? request.state : `${request.state}: ${request.withdrawal}`
  return [
    line('Request', request.id),
    line('State', state),
    line('Asked by', `${request.principalName} (${request.principalKind}, ${request.principal})`),
    line('Resource', request.resource),
    ...(request.database === undefined ? [] : [line('Database', request.database)]),
    line('Session', request.session),
    line('Rules', request.rules.join(', ')),
    line('Asked', `${instant(request.createdAt)} (${relative(request.createdAt, now)})`),
    line('Expires', `${instant(request.expiresAt)} (${relative(request.expiresAt, now)})`),
    accessLines(request.accesses),
    functionLines(request),
    `Statement\n${quoted(request.text)}`,
    parameterLines(request.parameters),
    voteLines(request),
  ].join('')
}

function listedText(request: ListedApproval): string {
  const flat = request.text.replace(/\s+/g, ' ').trim()
  const cut = flat.length > SHOWN_IN_TABLE || request.truncated
  return cut ? `${flat.slice(0, SHOWN_IN_TABLE)}…` : flat
}

/** One line a request. */
export function listRequests(requests: readonly ListedApproval[], now: number): string {
  if (requests.length === 0) return 'no requests\n'
  const rows = requests.map((request) => [
    request.id,
    request.state,
    `${request.approvals}/${request.quorum}`,
    request.resource,
    `${request.principalName} (${request.principalKind})`,
    relative(request.expiresAt, now),
    listedText(request),
  ])
  return table(['id', 'state', 'votes', 'resource', 'asked by', 'expires', 'statement'], rows)
}
