// A request as its reviewer reads it. Every text in it came from outside, so none reaches the terminal raw.
import { stillNeeded } from '../../approvals/places.ts'
import { duration } from '../../core/duration.ts'
import { describeLetters } from '../../core/letters.ts'
import { describeCopy } from '../../core/told-masks.ts'
import { describePath } from '../../core/told-names.ts'
import { printable, printableLines, statementCell, table } from '../terminal.ts'
import { relative } from '../times.ts'
import type { ListedApproval, ShownAccess, ShownApproval, ShownFunction, ShownParameter } from './shapes.ts'

const LABEL_WIDTH = 12

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

/** Nobody sees of a letter which one it is. */
function letterLine(text: string): string {
  const letters = describeLetters(text)
  return letters === undefined ? '' : line('Letters', letters)
}

function accessText(access: ShownAccess): string {
  const { relation } = access
  const name = relation?.schema === undefined ? relation?.name : `${relation.schema}.${relation.name}`
  const where = access.via === undefined ? undefined : `(${access.via})`
  return [access.effect, access.objectType, name ?? access.object, where]
    .filter((part) => part !== undefined)
    .join(' ')
}

const READING: ReadonlySet<string> = new Set(['read', 'session'])

function accessLines({ accesses, behind, moreBehind }: ShownApproval): string {
  const texts = (wanted: boolean) =>
    [
      ...new Set(
        [...accesses, ...behind].filter(({ effect }) => READING.has(effect) === wanted).map(accessText),
      ),
    ].join(', ')
  return [
    line('Changes', texts(false) || 'nothing'),
    line('Reads', texts(true) || 'nothing'),
    ...(moreBehind > 0 ? [line('Behind', `${moreBehind} more relations that it does not name`)] : []),
  ].join('')
}

/** What its names mean in its session, where that is not what its login says. */
function nameLines({ path, definedBy }: ShownApproval): string {
  return [
    ...(path === undefined ? [] : [line('Names', `without a schema are looked up in ${describePath(path)}`)]),
    ...definedBy.map((text) => `A name that it uses was defined by\n${quoted(text)}`),
  ].join('')
}

function maskedLines({ masked, moreMasked, copied, moreCopied }: ShownApproval): string {
  return [
    ...masked.map(({ mask, columns }) => line('Masked', `${columns.join(', ')} by ${mask}`)),
    ...(moreMasked > 0 ? [line('Masked', `${moreMasked} more columns`)] : []),
    ...copied.map((copy) => line('Copies', describeCopy(copy))),
    ...(moreCopied > 0 ? [line('Copies', `${moreCopied} more`)] : []),
  ].join('')
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
  const type = parameter.type === undefined ? [] : [`type ${parameter.type}`]
  const notes = parameter.kind === 'binary' ? ['binary', ...type] : type
  return `${valueText(parameter)}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`
}

function valueText(parameter: ShownParameter): string {
  switch (parameter.kind) {
    case 'null':
      return 'NULL'
    case 'text':
      return `'${parameter.value.replaceAll("'", "''")}'`
    case 'binary':
      return `\\x${parameter.hex}`
  }
}

function parameterLines(parameters: readonly ShownParameter[]): string {
  if (parameters.length === 0) return ''
  const rows = parameters.map((parameter, n) => `  $${n + 1} = ${printable(parameterText(parameter))}\n`)
  return `Parameters\n${rows.join('')}`
}

const grantText = ({ for: time, uses }: { readonly for: number; readonly uses: number }) =>
  `statements of this shape for ${duration(time)}, at most ${uses} times`

function whenText({
  time_zone: zone,
  days,
  from = '00:00',
  to = '24:00',
}: ShownApproval['approveWhen'][number]) {
  return `${days === undefined ? 'every day' : days.join(' ')} ${from} to ${to} (${zone})`
}

/** What else has to come together, and what may be granted or was: lines only for what there is. */
function termLines({ each, approveWhen, window, granted, parked }: ShownApproval, now: number): string {
  return [
    ...each.map(({ groups, people }) => line('Needs', `${people} of ${groups.join(' or ')}`)),
    ...approveWhen.map((when) => line('Only', whenText(when))),
    ...(window === undefined ? [] : [line('May grant', grantText(window))]),
    ...(granted === undefined
      ? []
      : [
          line(
            'Granted',
            `${granted.used} of ${granted.uses} used, until ${instant(granted.until)} (${relative(granted.until, now)})`,
          ),
        ]),
    ...(parked ? [line('Parked', 'nobody is connected: it runs when the same statement is sent again')] : []),
  ].join('')
}

function voteLines(request: ShownApproval): string {
  const rows = request.votes.map((vote) => {
    const { verdict, reviewerName, reviewer, groups, window } = vote
    const reason = vote.reason === undefined ? '' : `: ${vote.reason}`
    const as = groups.length === 0 ? '' : ` as ${groups.join(', ')}`
    const granted = window === undefined ? '' : `, ${grantText(window)}`
    return `  ${printable(`${verdict} by ${reviewerName} (${reviewer})${as} ${instant(vote.at)}${granted}${reason}`)}\n`
  })
  const approved = request.votes.filter(({ verdict }) => verdict === 'approve').length
  const needed = stillNeeded(request, request.votes)
  const progress = `${approved} of ${request.quorum} approved${needed}; may decide: ${request.approvers.join(', ')}`
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
    ...(request.user === undefined ? [] : [line('Login', request.user)]),
    ...(request.role === undefined ? [] : [line('Role', request.role)]),
    line('Session', request.session),
    line('Rules', request.rules.join(', ')),
    // the asker's own words, marked as what they are
    ...(request.stated === undefined ? [] : [line('They say', request.stated)]),
    line('Asked', `${instant(request.createdAt)} (${relative(request.createdAt, now)})`),
    line('Expires', `${instant(request.expiresAt)} (${relative(request.expiresAt, now)})`),
    accessLines(request),
    maskedLines(request),
    functionLines(request),
    `Statement\n${quoted(request.text)}`,
    letterLine(request.text),
    parameterLines(request.parameters),
    nameLines(request),
    termLines(request, now),
    voteLines(request),
  ].join('')
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
    statementCell(request.text, request.truncated),
  ])
  return table(['id', 'state', 'votes', 'resource', 'asked by', 'expires', 'statement'], rows)
}
