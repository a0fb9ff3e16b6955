// A small configuration that is good, for tests to change and to break.
import { parseConfig } from '../../src/config/load.ts'
import { ConfigError, type ConfigProblem } from '../../src/config/problems.ts'
import type { Config } from '../../src/config/schema.ts'

/** One resource, one issuer, one secret. Replace a line to break it. */
export const GOOD_CONFIG = `version: 1
issuers:
  corp:
    issuer: https://login.example.com
    audience: chaperone
    kind: person
certificate_identities:
  mesh:
    trust_domain: corp.example
    groups: [services]
secrets:
  orders-app:
    env: ORDERS_PASSWORD
certificates:
  server:
    certificate: tls/server.crt
    key: tls/server.key
resources:
  orders:
    protocol: postgres
    listen: 127.0.0.1:15432
    certificate: server
    issuers: [corp]
    upstream:
      address: db.internal:5432
      tls: { mode: disable }
    databases: [orders]
    logins:
      - user: app
        secret: orders-app
policies:
  read:
    decision: allow
    resources: [orders]
    effects: [read]
masks:
  mail:
    resources: [orders]
    columns: [public.customers.email]
`

export const parse = (text: string): Config => parseConfig(text, '/etc/chaperone/chaperone.yaml')

/** What is wrong with the text; empty when it is good. */
export function problemsOf(text: string): readonly ConfigProblem[] {
  try {
    parse(text)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

/** `path: message; cure` of each problem. */
export function complaints(text: string): string[] {
  return problemsOf(text).map(({ path, message, cure }) => `${path}: ${message}${cure ? `; ${cure}` : ''}`)
}

/** GOOD_CONFIG with one piece replaced. Throws when the piece is not there, so that no test changes nothing. */
export function changed(piece: string, replacement: string, text = GOOD_CONFIG): string {
  if (!text.includes(piece)) throw new Error(`the configuration has no ${JSON.stringify(piece)}`)
  return text.replace(piece, () => replacement)
}
