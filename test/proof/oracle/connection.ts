// A session with the server that runs texts as psql does, by the simple protocol, and tells what came of them.
import { ofKind } from '../../support/pgwire/backend.ts'
import {
  bind,
  close,
  copyData,
  copyDone,
  execute,
  parse,
  query,
  sync,
} from '../../support/pgwire/frontend.ts'
import { connectPgWire } from '../../support/pgwire.ts'

export interface Outcome {
  /** rows of all statements of the text, as texts */
  readonly rows: readonly (readonly (string | null)[])[]
  readonly columns: readonly string[]
  readonly error?: { readonly code: string; readonly message: string }
  /** `I` idle, `T` in a transaction, `E` in one that failed */
  readonly status: string
}

export interface Connection {
  readonly pid: number
  run(sql: string, copyIn?: () => string): Promise<Outcome>
  /** Has the server analyse a statement without running it. The details of what it logs about it. */
  parse(sql: string): Promise<string[]>
  /** Asks by a statement of the extended protocol that is kept under the name. The first column of the rows. */
  ask(name: string, sql: string, values: readonly string[]): Promise<string[]>
  /** last value of a setting that the server reports */
  parameter(name: string): string | undefined
  close(): void
}

/** Longest statement of the corpus takes about 10 s alone; more is a lock that nobody gives up. */
const PATIENCE_MS = 60_000

export async function connect(port: number, user: string, database: string): Promise<Connection> {
  const client = await connectPgWire({ port, timeout: PATIENCE_MS })
  const parameters = new Map<string, string>()
  const kept = new Set<string>()
  const greeting = await client.login({ user, database, application_name: 'oracle' })
  const [key] = ofKind(greeting, 'BackendKeyData')
  for (const { name, value } of ofKind(greeting, 'ParameterStatus')) parameters.set(name, value)
  if (key === undefined) throw new Error('the server gave no process id')

  return {
    pid: key.pid,
    parameter: (name) => parameters.get(name),
    close: () => client.destroy(),
    async parse(sql) {
      client.send(parse({ sql }), sync())
      const details: string[] = []
      for (;;) {
        const message = await client.next()
        if (message.kind === 'NoticeResponse') details.push(message.fields.D ?? '')
        if (message.kind === 'ReadyForQuery') return details
      }
    },
    async ask(name, sql, values) {
      // The script may have thrown it away by a DISCARD or DEALLOCATE, which go through this connection as well.
      const first = kept.has(name) ? [] : [close('S', name), parse({ name, sql })]
      kept.add(name)
      client.send(...first, bind({ statement: name, values }), execute(), sync())
      const rows: string[] = []
      let failed: string | undefined
      for (;;) {
        const message = await client.next()
        if (message.kind === 'DataRow') rows.push(message.values[0]?.toString() ?? '')
        if (message.kind === 'ErrorResponse') failed = message.fields.M
        if (message.kind === 'ReadyForQuery' && failed !== undefined) throw new Error(`${name}: ${failed}`)
        if (message.kind === 'ReadyForQuery') return rows
      }
    },
    async run(sql, copyIn = () => '') {
      if (/\b(?:DISCARD|DEALLOCATE)\b/i.test(sql)) kept.clear()
      client.send(query(sql))
      const rows: (string | null)[][] = []
      let columns: string[] = []
      let error: Outcome['error']
      for (;;) {
        const message = await client.next()
        if (message.kind === 'DataRow') rows.push(message.values.map((value) => value?.toString() ?? null))
        else if (message.kind === 'RowDescription') columns = message.columns.map(({ name }) => name)
        else if (message.kind === 'CopyInResponse') client.send(copyData(copyIn()), copyDone())
        else if (message.kind === 'ParameterStatus') parameters.set(message.name, message.value)
        else if (message.kind === 'ErrorResponse')
          error = { code: message.fields.C ?? '', message: message.fields.M ?? '' }
        else if (message.kind === 'ReadyForQuery') {
          return { rows, columns, status: message.status, ...(error !== undefined && { error }) }
        }
      }
    },
  }
}
