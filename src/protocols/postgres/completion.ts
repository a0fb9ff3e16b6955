// What follows from a statement that is through: its record, names that are gone, a catalog to be asked anew.
import type { Facts } from '../../core/facts.ts'
import type { Conversation } from './conversation.ts'
import { ENDS_TRANSACTION } from './search-path/moves.ts'
import type { Running } from './statement.ts'

export function complete(talk: Conversation, run: Running): void {
  const { rows, bytes, operation } = run
  if (!run.failed) {
    const { sequence } = operation
    const [first = ''] = run.tags
    const tag = run.tags.length > 1 ? run.tags.join('; ') : first
    talk.out.emit({ kind: 'observe', event: { kind: 'completed', sequence, tag, rows, bytes } })
    forgetDeallocated(talk, run)
  }
  // A text that failed may have committed a part of itself before.
  noteCatalog(talk, operation.facts)
}

/** Of what is sent, so that what comes behind it is asked anew, and of what is through. */
export function noteCatalog(talk: Pick<Conversation, 'catalog' | 'ending'>, { statements }: Facts): void {
  const { catalog } = talk
  const ends = statements.some(({ command }) => ENDS_TRANSACTION.has(command))
  talk.ending ||= ends
  if ((ends && catalog.changed()) || statements.some(changesCatalog)) catalog.changes()
}

/** Of what ends a transaction that nobody began: Sync, and a simple query. It may have failed. */
export function noteEnd({ catalog, transaction, ending }: Conversation): void {
  if (transaction !== 'T' || ending) catalog.ends()
}

/** The text may have prepared the name again after it deallocated it. */
function forgetDeallocated(talk: Conversation, run: Running): void {
  const { statements } = run.operation.facts
  if (!statements.some(({ changes }) => changes.length > 0)) return
  const gone = new Set<string | undefined>()
  for (const change of statements.flatMap(({ changes }) => changes)) {
    if (change.kind === 'deallocate') gone.add(change.name)
    else if (change.kind === 'discard-all') gone.add(undefined)
    else if (change.kind === 'prepare') gone.delete(change.name)
    // What was prepared after DEALLOCATE ALL lives, so nothing is certain to be gone.
    if (change.kind === 'prepare') gone.delete(undefined)
  }
  for (const name of gone) {
    talk.sqlNames.forget('prepared', name, run.mark)
    if (name === undefined) talk.statements.clear()
    else talk.statements.forget(name)
  }
}

/** `grant` has row-level security and owners, `remote` tables that are imported. */
const CATALOG_EFFECTS = new Set(['create', 'alter', 'drop', 'grant', 'remote', 'call', 'do', 'unknown'])

export function changesCatalog(statement: {
  readonly command: string
  readonly accesses: readonly { readonly effect: string }[]
}): boolean {
  // What another transaction did before it was prepared counts from now on.
  if (statement.command === 'COMMIT PREPARED') return true
  return statement.accesses.some((access) => CATALOG_EFFECTS.has(access.effect))
}
