// The issuers of the stack, one for people and one for workloads, and the tokens that tests want of them.
import { type Person, startIssuer, type TestIssuer, type TokenOptions, type Workload } from '../issuer.ts'

/** A workload of the fixture for each of its groups; they ask for tokens by these names. */
const WORKLOADS: Readonly<Record<string, Workload>> = {
  reporting: { groups: ['analysts'] },
  pipeline: { groups: ['engineers'] },
  migration: { groups: ['admins'] },
  stray: { groups: [] },
}

export interface PersonOptions extends TokenOptions, Partial<Person> {}

export interface Tokens {
  /** a person in these groups; the subject is `ann` when absent */
  person(groups: readonly string[], options?: PersonOptions): Promise<string>
  /** `reporting`, `pipeline`, `migration`, `stray`, or one of the stack's options */
  workload(name: string, options?: TokenOptions): Promise<string>
  /** claims to be of the people's issuer, signed with a key of somebody else */
  stranger(groups: readonly string[]): Promise<string>
}

export interface Identities {
  readonly people: TestIssuer
  readonly workloads: TestIssuer
  readonly tokens: Tokens
  close(): Promise<void>
}

/** ES256 because its keys are made in a moment. */
const algorithm = 'ES256'

export async function startIdentities(more: Readonly<Record<string, Workload>> = {}): Promise<Identities> {
  const people = await startIssuer({ algorithm })
  const workloads = await startIssuer({ algorithm, workloads: { ...WORKLOADS, ...more } })
  let impostor: Promise<TestIssuer> | undefined
  return {
    people,
    workloads,
    tokens: {
      person: (groups, options = {}) => people.tokenForPerson(person(groups, options), options),
      workload: (name, options) => workloads.tokenForWorkload(name, options),
      async stranger(groups) {
        impostor ??= startIssuer({ algorithm, claimedIssuer: people.issuer })
        const now = Math.floor(Date.now() / 1000)
        return (await impostor).sign({
          iss: people.issuer,
          aud: 'chaperone',
          sub: 'ann',
          groups: [...groups],
          iat: now,
          exp: now + 3600,
        })
      },
    },
    async close() {
      await Promise.all([people.close(), workloads.close(), impostor?.then((issuer) => issuer.close())])
    },
  }
}

function person(groups: readonly string[], options: PersonOptions): Person {
  const subject = options.subject ?? 'ann'
  const claims = options.claims === undefined ? {} : { claims: options.claims }
  return { subject, groups, email: options.email ?? `${subject}@example.com`, ...claims }
}
