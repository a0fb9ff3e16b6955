// A message in Slack's Block Kit. Every text is plain text or a literal: nothing of it is markup, a mention or a link.
import { drawnLines } from '../core/drawn-lines.ts'
import type { Message } from './channel.ts'
import { cut, shortened, type Told } from './told.ts'
import { askersOwn, facts, parameters, statement, title, whereTo } from './words.ts'

export interface SlackText {
  /** for notifications and screen readers; Slack reads markup in it, so it is escaped */
  readonly text: string
  readonly blocks: readonly object[]
}

/** `action_id` of the buttons, in messages and in callbacks. */
export const SLACK_ACTIONS = { approve: 'chaperone.approve', deny: 'chaperone.deny' } as const
const OPEN = 'chaperone.open'

/** Characters of a header block. */
const MAX_HEADER = 150
/** Characters of a field: ten of them are read at a glance, or in the console. */
const MAX_FIELD = 300
/** Fields of a section. */
const MAX_FIELDS = 10
/** Characters of statement and parameters together: Slack takes 3,000 in one text. */
const MAX_STATEMENT = 2900

/** Lines of it, as wide as Slack draws them: it folds what is longer, and the buttons stand below the fold. */
const MAX_LINES = 40
const LINE = 80

const shown = (told: Told) => [statement(told), ...parameters(told)].join('\n')

/** Nobody approves in Slack what Slack does not show. */
export function approvableInSlack(told: Told): boolean {
  const text = shown(told)
  return (
    told.whole &&
    told.moreChanges === undefined &&
    told.moreReads === undefined &&
    [...facts({ event: 'requested', told }), ...askersOwn(told)].every(
      ([, value]) => value.length <= MAX_FIELD,
    ) &&
    text.length <= MAX_STATEMENT &&
    drawnLines(text, LINE) <= MAX_LINES
  )
}

/** @param buttons whether clicks may decide */
export function slackText(message: Message, buttons: boolean): SlackText {
  const { told, event } = message
  const fields = facts(message)
    .slice(0, MAX_FIELDS)
    .map(([label, value]) => plain(`${label}\n${shortened(value, MAX_FIELD) || '-'}`))
  const heading = title(message)
  return {
    text: escaped(heading),
    blocks: [
      { type: 'header', text: plain(shortened(heading, MAX_HEADER)) },
      { type: 'section', fields },
      quoted(told),
      {
        type: 'rich_text',
        elements: [
          {
            type: 'rich_text_preformatted',
            elements: [{ type: 'text', text: cut(shown(told), MAX_STATEMENT) || '-' }],
          },
        ],
      },
      ...(event === 'requested' ? decide(told, buttons) : []),
    ],
  }
}

/** What the asker chose the words of, marked as a quotation. */
function quoted(told: Told): object {
  const lines = askersOwn(told).map(([label, value]) => `${label}: ${shortened(value, MAX_FIELD)}`)
  const text = { type: 'text', text: lines.join('\n') }
  return { type: 'rich_text', elements: [{ type: 'rich_text_quote', elements: [text] }] }
}

function decide(told: Told, buttons: boolean): object[] {
  const { link, id } = told
  const elements = [
    ...(buttons && approvableInSlack(told) ? [button('Approve', SLACK_ACTIONS.approve, id, 'primary')] : []),
    ...(buttons ? [button('Deny', SLACK_ACTIONS.deny, id, 'danger')] : []),
    ...(link === undefined
      ? []
      : [{ type: 'button', action_id: OPEN, text: plain('Open in the console'), url: link }]),
  ]
  const note =
    link === undefined
      ? [{ type: 'context', elements: [plain(whereTo(told))] }]
      : buttons && !approvableInSlack(told)
        ? [{ type: 'context', elements: [plain('Not all of it is shown here: approve it in the console.')] }]
        : []
  return [...note, ...(elements.length === 0 ? [] : [{ type: 'actions', elements }])]
}

function button(label: string, action: string, value: string, style: 'primary' | 'danger'): object {
  const confirm = {
    title: plain(`${label} this request?`),
    text: plain('It counts as your vote.'),
    confirm: plain(label),
    deny: plain('Cancel'),
  }
  return { type: 'button', action_id: action, value, style, text: plain(label), confirm }
}

const plain = (text: string) => ({ type: 'plain_text', text, emoji: false })

/** Slack's three characters of control: mentions, links and entities begin with them. */
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
