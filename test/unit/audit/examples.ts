// One example per type of audit event, with every field: docs/audit.md shows them, and the compiler keeps them complete.
import type { AuditActor, AuditEvent } from '../../../src/core/audit.ts'

type Complete = {
  readonly [T in AuditEvent['type']]: Required<Extract<AuditEvent, { type: T }>>
}

const ada: AuditActor = {
  id: 'https://login.company.example#ada',
  name: 'Ada',
  kind: 'person',
  groups: ['analysts'],
}
const grace: AuditActor = {
  id: 'https://login.company.example#grace',
  name: 'Grace',
  kind: 'person',
  groups: ['database-owners'],
}

export const examples: Complete = {
  login: {
    type: 'login',
    session: 'b3d6b7a4c1',
    resource: 'shop',
    source: '10.0.4.17:51834',
    actor: ada,
    outcome: 'rejected',
    database: 'shop',
    role: 'shop_ro',
    recorded: 'full',
    code: 'unauthorized',
    reason: 'no login of the resource is for these groups',
  },
  'rejected-logins': {
    type: 'rejected-logins',
    resource: 'shop',
    count: 4812,
    reason: '4812 more logins were rejected, which were not written one by one',
  },
  decision: {
    type: 'decision',
    of: { session: 'b3d6b7a4c1', resource: 'shop', actor: ada },
    operation: 'UPDATE orders SET paid = true WHERE id = 7',
    sequence: 4,
    fingerprint: 'd0c2b1d9e3a4f566',
    sessionReason: 'CHG-4711',
    made: {
      outcome: 'hold',
      rules: ['hold-writes'],
      shadow: [],
      policyVersion: '5f2c9a',
      reason: 'writes to orders need an approval',
      functions: [
        {
          signature: 'public.stamp()',
          language: 'plpgsql',
          volatility: 'volatile',
          owner: 'shop_owner',
          securityDefiner: true,
          settings: ['search_path=public'],
          via: 'trigger t of public.orders',
        },
      ],
      moreFunctions: 2,
      lockdown: true,
    },
  },
  limit: {
    type: 'limit',
    session: 'b3d6b7a4c1',
    resource: 'shop',
    actor: ada,
    sequence: 9,
    rule: 'support-reads',
    over: 'session',
    limit: { rows: 20_000, bytes: 1_048_576 },
    measured: { rows: 20_001, bytes: 911_204 },
    reason:
      'rule support-reads lets through 20000 rows and 1048576 bytes in one session, and the result has more',
  },
  'break-glass': {
    type: 'break-glass',
    session: 'b3d6b7a4c1',
    resource: 'shop',
    actor: ada,
    operation: '/* break-glass: INC-7, orders are stuck */ UPDATE orders SET state = 1 WHERE id = 7',
    sequence: 11,
    fingerprint: '9a3f7c21d5e08b46',
    rules: ['hold-writes'],
    approvers: ['database-owners'],
    policyVersion: '5d1c0f2a9be47731',
    reason: 'INC-7, orders are stuck',
  },
  approval: {
    type: 'approval',
    request: 'k7qd2mzr5w3hx6tnb4ypjcfave',
    resource: 'shop',
    session: 'b3d6b7a4c1',
    actor: grace,
    state: 'voted',
    verdict: 'approve',
    reason: 'agreed in ticket 4711',
    window: { for: 1_800_000, uses: 10 },
  },
  notification: {
    type: 'notification',
    channel: 'team-chat',
    event: 'requested',
    request: 'k7qd2mzr5w3hx6tnb4ypjcfave',
    resource: 'shop',
    outcome: 'dead',
    reason: 'the answer has status 404',
  },
  lockdown: {
    type: 'lockdown',
    change: 'began',
    resources: ['shop', 'orders'],
    sessions: 'refuse',
    exceptGroups: ['incident-response'],
    reason: 'INC-42, a credential leaked',
  },
  logout: {
    type: 'logout',
    session: 'b3d6b7a4c1',
    resource: 'shop',
    actor: ada,
    recording: {
      events: 42,
      hash: '7d1a54127b222502f5b79b5fb0803061152a44f92b37e23c6527baf665d4da9a',
    },
    reason: 'the client ended the session',
  },
  admin: {
    type: 'admin',
    action: 'policy-reload',
    outcome: 'failed',
    reason: 'policies.hold-writes: approvers are missing',
    actor: grace,
  },
}
