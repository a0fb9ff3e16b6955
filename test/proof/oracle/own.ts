// The statements by hand, each measured alone and rolled back.
import { connect } from './connection.ts'
import { createSession, type SessionOptions } from './measure.ts'
import { OWN_SCHEMA } from './own-schema.ts'
import { OWN_STATEMENTS, type OwnStatement } from './own-statements.ts'
import { newCatalog } from './product.ts'
import type { Row } from './report.ts'

export const OWN_DATABASE = 'oracle'

export async function createOwnDatabase(port: number): Promise<void> {
  const postgres = await connect(port, 'postgres', 'postgres')
  await postgres.run(`CREATE DATABASE ${OWN_DATABASE}`)
  postgres.close()
  const connection = await connect(port, 'postgres', OWN_DATABASE)
  for (const statement of OWN_SCHEMA) {
    const { error } = await connection.run(statement)
    if (error !== undefined) throw new Error(`${error.message}: ${statement}`)
  }
  connection.close()
}

export interface OwnOptions {
  readonly statements?: readonly OwnStatement[]
  readonly lie?: SessionOptions['lie']
}

export async function runOwn(
  port: number,
  version: number,
  onRow: (row: Row) => void,
  { statements = OWN_STATEMENTS, lie }: OwnOptions = {},
): Promise<void> {
  const catalog = newCatalog()
  const observer = await connect(port, 'postgres', OWN_DATABASE)
  try {
    for (const { text, since = 0 } of statements) {
      if (since > version) continue
      // A session of its own: what the last one did to settings, cursors or names is nobody's business here.
      const session = await createSession({
        port,
        user: 'postgres',
        database: OWN_DATABASE,
        observer,
        catalog,
        ...(lie !== undefined && { lie }),
      })
      onRow({ file: 'own', text, ...(await session.measure(text, false)) })
      session.connection.close()
    }
  } finally {
    observer.close()
  }
}
