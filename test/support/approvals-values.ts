// Requests and reviewers for tests of approvals.
import type { ApprovalInput } from '../../src/approvals/contract.ts'
import type { ApprovalSubject } from '../../src/core/approval.ts'
import type { HoldTerms } from '../../src/core/hold-terms.ts'
import type { Principal } from '../../src/core/principal.ts'

export function subject(parts: Partial<ApprovalSubject> = {}): ApprovalSubject {
  return {
    resource: 'orders',
    principal: 'https://id.example#agent',
    text: 'UPDATE accounts SET balance = $1 WHERE id = 7',
    parameters: [{ kind: 'text', value: '100' }],
    fingerprint: '0a1b2c',
    policyVersion: 'v1',
    ...parts,
  }
}

export function approvalInput(
  parts: Partial<ApprovalSubject> = {},
  terms: Partial<HoldTerms> = {},
): ApprovalInput {
  return {
    subject: subject(parts),
    session: 'session-1',
    principalName: 'agent',
    principalKind: 'workload',
    accesses: [{ effect: 'update', relation: { schema: 'public', name: 'accounts' } }],
    functions: [
      {
        signature: 'public.stamp()',
        language: 'plpgsql',
        volatility: 'volatile',
        owner: 'shop_owner',
        securityDefiner: true,
        settings: ['search_path=public'],
        via: 'trigger t of public.accounts',
      },
    ],
    moreFunctions: 1,
    behind: [
      {
        effect: 'delete',
        relation: { schema: 'public', name: 'entries' },
        via: 'a foreign key to public.accounts',
      },
    ],
    moreBehind: 1,
    masked: [{ mask: 'iban', columns: ['public.accounts.iban'] }],
    moreMasked: 2,
    copied: [{ mask: 'iban', from: 'public.accounts.iban', to: 'public.archive.iban' }],
    moreCopied: 1,
    path: ['other', 'public'],
    definedBy: ['DELETE FROM accounts WHERE id = $1 OR true'],
    rules: ['hold-writes'],
    terms: { approvers: ['reviewers'], quorum: 1, expiresAfter: 60_000, ...terms },
  }
}

/** What a message can show whole, so that it may be approved there: nothing is behind its words. */
export function plainInput(...given: Parameters<typeof approvalInput>): ApprovalInput {
  const { functions, moreFunctions, behind, moreBehind, definedBy, ...input } = approvalInput(...given)
  return input
}

export function reviewer(name: string): Principal {
  return {
    issuer: 'https://id.example',
    subject: name,
    kind: 'person',
    name,
    groups: ['staff', 'reviewers'],
    claims: { iat: Math.floor(Date.now() / 1000) },
    method: 'oidc',
    expiresAt: Date.now() + 3_600_000,
  }
}
