// An authenticator for one resource and the issuers that a test has started.

import type { Config } from '../../src/config/schema.ts'
import type { Refusal } from '../../src/core/errors.ts'
import type { Principal } from '../../src/core/principal.ts'
import { Secret } from '../../src/core/secret.ts'
import { createAuthenticator } from '../../src/identity/authenticator.ts'
import type { Authentication } from '../../src/identity/outcome.ts'
import { changed, GOOD_CONFIG, parse } from './config.ts'

/** GOOD_CONFIG with these issuers (YAML of each, by name), all of which `orders` accepts. */
export function configWithIssuers(issuers: Readonly<Record<string, string>>, resource = ''): Config {
  const section = Object.entries(issuers).map(([name, yaml]) => `  ${name}: { ${yaml} }\n`)
  const start = GOOD_CONFIG.indexOf('  corp:')
  const end = GOOD_CONFIG.indexOf('certificate_identities:')
  const text = GOOD_CONFIG.slice(0, start) + section.join('') + GOOD_CONFIG.slice(end)
  return parse(
    changed('    issuers: [corp]', `    issuers: [${Object.keys(issuers).join(', ')}]${resource}`, text),
  )
}

export const issuerYaml = (url: string, more = '') =>
  `issuer: "${url}", audience: chaperone, kind: person${more === '' ? '' : `, ${more}`}`

/** Logs in to `orders` with a token, at a time that the test may set (milliseconds from now). */
export function loginTester(config: Config) {
  let ahead = 0
  const reports: string[] = []
  const authenticator = createAuthenticator(config, {
    now: () => Date.now() + ahead,
    report: (issuer, problem) => reports.push(`${issuer}: ${problem}`),
  })
  return {
    authenticator,
    /** what an operator is told */
    reports,
    later: (ms: number) => {
      ahead += ms
    },
    login: (token: string, resource = 'orders') =>
      authenticator.authenticate(resource, { kind: 'token', token: new Secret(token) }),
    close: () => authenticator.close(),
  }
}

export function principalOf(outcome: Authentication): Principal {
  if (outcome.kind === 'principal') return outcome.principal
  throw new Error(`refused: ${outcome.refusal.message}`)
}

export function refusalOf(outcome: Authentication): Refusal {
  if (outcome.kind === 'rejected') return outcome.refusal
  throw new Error(`accepted: ${outcome.principal.subject}`)
}
