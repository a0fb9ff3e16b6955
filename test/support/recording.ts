// Recordings for tests: a header, a statement and a recorder with a clock that the test moves.
import type { Principal } from '../../src/core/principal.ts'
import type { SessionHeader, StatementEvent } from '../../src/recording/event.ts'

export const ada: Principal = {
  issuer: 'https://issuer.test',
  subject: 'ada',
  kind: 'person',
  name: 'Ada',
  groups: ['analysts'],
  claims: { email: 'ada@company.test' },
  method: 'oidc',
  expiresAt: 0,
}

export const header: SessionHeader = {
  session: 's-1',
  resource: 'shop',
  principal: ada,
  source: '127.0.0.1:40000',
  startedAt: Date.UTC(2026, 10, 22, 12, 30, 15, 7),
  application: 'psql',
  protocol: 'postgres',
  policyVersion: 'v1',
}

export const statement: StatementEvent = {
  kind: 'statement',
  sequence: 1,
  text: 'SELECT 1',
  phase: 'query',
  parameters: [],
  fingerprint: '50fde20626009aba',
  made: {
    outcome: 'allow',
    rules: ['read-all'],
    shadow: [],
    reason: 'rule read-all allows it',
    policyVersion: 'v1',
  },
}
