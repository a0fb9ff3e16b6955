// A request in words, for people: the same in mail and in Slack. Every text of it is made printable here.
import { describePeople } from '../core/hold-terms.ts'
import { printable, printableLines } from '../core/printable.ts'
import type { Message } from './channel.ts'
import { cut, type Told } from './told.ts'

/** Characters of a name in a title. */
const SHORT = 60

/** One line: what happened. */
export function title({ event, told }: Message): string {
  const who = printable(cut(told.principalName, SHORT))
  const where = printable(told.resource)
  if (event === 'requested') return `Approval wanted: ${who} on ${where}`
  const { state } = told
  return `${state === 'consumed' ? 'approved' : state}: ${who} on ${where}`.replace(/^./, (first) =>
    first.toUpperCase(),
  )
}

/** Label of the reason that the asker states. */
export const BECAUSE = 'Because'

/** What a reviewer looks at first, as labels and values. */
export function facts({ event, told }: Message): [label: string, value: string][] {
  const { principalName, principalKind, principal, resource, database, role, stated, rules } = told
  const rows: [string, string][] = [
    ['Request', told.id],
    ['Asked by', `${principalName} (${principalKind}, ${principal})`],
    ['Resource', database === undefined ? resource : `${resource}, database ${database}`],
    ...(role === undefined ? [] : ([['As role', role]] satisfies [string, string][])),
    ...(stated === undefined ? [] : ([[BECAUSE, stated]] satisfies [string, string][])),
    ['Changes', told.changes.join(', ') || 'nothing'],
    ['Reads', told.reads.join(', ') || 'nothing'],
    ['Held by', rules.join(', ')],
    ['Needs', describePeople(told)],
    ...(event === 'requested' ? ([['Expires', told.expiresAt]] satisfies [string, string][]) : outcome(told)),
  ]
  return rows.map(([label, value]) => [label, printable(value)])
}

function outcome({ state, votes, withdrawal }: Told): [string, string][] {
  const voted = votes.map(({ verdict, reviewerName, reason }): [string, string] => [
    verdict === 'approve' ? 'Approved by' : 'Denied by',
    reason === undefined ? reviewerName : `${reviewerName}: ${reason}`,
  ])
  return [['State', withdrawal === undefined ? state : `${state}: ${withdrawal}`], ...voted]
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
