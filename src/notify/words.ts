// A request in words, for people: the same in mail and in Slack. Every text of it is made printable here.
import { describePeople } from '../core/hold-terms.ts'
import { describeLetters } from '../core/letters.ts'
import { printable, printableLines } from '../core/printable.ts'
import { describeCopy } from '../core/told-masks.ts'
import type { Message } from './channel.ts'
import { shortened, type Told } from './told.ts'

/** Characters of a name in a title. */
const SHORT = 60

/** One line: what happened. */
export function title({ event, told }: Message): string {
  const who = printable(shortened(told.principalName, SHORT))
  const where = printable(told.resource)
  if (event === 'requested') return `Approval wanted: ${who} on ${where}`
  const { state } = told
  return `${state === 'consumed' ? 'approved' : state}: ${who} on ${where}`.replace(/^./, (first) =>
    first.toUpperCase(),
  )
}

type Row = [label: string, value: string]

/** What a reviewer looks at first, as labels and values: what Chaperone, the issuer and reviewers say. */
export function facts({ event, told }: Pick<Message, 'event' | 'told'>): Row[] {
  const { principalName, principalKind, principal, resource, database, rules } = told
  return printableRows([
    ['Request', told.id],
    ['Asked by', `${principalName} (${principalKind}, ${principal})`],
    ['Resource', database === undefined ? resource : `${resource}, database ${database}`],
    ['Held by', rules.join(', ')],
    ['Needs', describePeople(told)],
    ...(event === 'requested'
      ? [...maskedRow(told), ['Expires', told.expiresAt] satisfies Row]
      : outcome(told)),
  ])
}

/** Columns in the configuration's words, which are nobody else's. */
function maskedRow({ masked = [], moreMasked = 0 }: Told): Row[] {
  if (masked.length === 0) return []
  const columns = masked.flatMap((one) => one.columns).join(', ')
  return [['Masked', moreMasked === 0 ? columns : `${columns} and ${moreMasked} more`]]
}

/**
 * What the asker chose the words of, names of tables with it: nothing has to be there for a statement to be held. It stands
 * below everything else, and marked, since mail programs make links of what looks like an address.
 */
export function askersOwn(told: Told): Row[] {
  const { role, stated, changes, reads, withdrawal } = told
  const letters = describeLetters(told.text)
  return printableRows([
    ...(stated === undefined ? [] : ([['Because', stated]] satisfies Row[])),
    ...(withdrawal === undefined ? [] : ([['Withdrawal', withdrawal]] satisfies Row[])),
    ...(role === undefined ? [] : ([['As role', role]] satisfies Row[])),
    ...copiedRow(told),
    ['Changes', list(changes, told.moreChanges)],
    ['Reads', list(reads, told.moreReads)],
    ...(letters === undefined ? [] : ([['Letters', letters]] satisfies Row[])),
  ])
}

const list = (texts: readonly string[], more = 0) =>
  `${texts.join(', ') || 'nothing'}${more > 0 ? ` and ${more} more` : ''}`

/** What leaves its mask, and where to. */
function copiedRow({ copied = [], moreCopied = 0 }: Told): Row[] {
  if (copied.length === 0) return []
  const copies = copied.map(describeCopy).join('; ')
  return [['Copies', moreCopied === 0 ? copies : `${copies}; and ${moreCopied} more`]]
}

const printableRows = (rows: readonly Row[]): Row[] => rows.map(([label, value]) => [label, printable(value)])

function outcome({ state, votes }: Told): Row[] {
  const voted = votes.map(
    ({ verdict, reviewerName, reason }): Row => [
      verdict === 'approve' ? 'Approved by' : 'Denied by',
      reason === undefined ? reviewerName : `${reviewerName}: ${reason}`,
    ],
  )
  return [['State', state], ...voted]
}

/** The statement, with what stands for its parameters. */
export function statement(told: Told): string {
  return printableLines(told.text) + (told.textCut ? '\n[… it goes on]' : '')
}

export function parameters({ parameterCount, parameters: values }: Told): string[] {
  if (parameterCount === 0) return []
  if (values === undefined) return [`${parameterCount} parameters, whose values are not told here`]
  const shown = values.map((value, index) => `$${index + 1} = ${printable(value)}`)
  return parameterCount > values.length ? [...shown, `and ${parameterCount - values.length} more`] : shown
}

/** Where to decide. */
export function whereTo({ id, link }: Told): string {
  return link === undefined ? `chaperone approvals show ${id}` : link
}
