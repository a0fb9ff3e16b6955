// The whole stack with nothing to say: one superuser's login, every effect allowed, no masks. What still differs from the
// server alone is Chaperone's doing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Stack, startStack } from '../../support/stack.ts'

/** `direct` past Envoy and Chaperone; `whole` through both; `cut` the same, with every chunk cut to single bytes. */
export const WAYS = ['direct', 'whole', 'cut'] as const
export type Way = (typeof WAYS)[number]

/**
 * Those of a list that are held against `direct`.
 * @throws for a name that is none, also where the list is empty: a proof that plays nothing would hold
 */
export function waysOf(list: string): Way[] {
  return list.split(',').map((name) => {
    const way = WAYS.find((one) => one === name)
    if (way === undefined || way === 'direct') throw new Error(`"${name}" is no way; there are whole and cut`)
    return way
  })
}

export interface OpenStack {
  readonly stack: Stack
  /** libpq's environment for this way: where, who and how */
  readonly environment: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** The role is that which initdb made: some of the catalog belongs to it. */
export const ROLE = 'postgres'
/** Longer than any of these proofs takes, in seconds. */
const TOKEN_LIVES = 4 * 3600
const HOST = '127.0.0.1'

const anything = { decision: 'allow', resources: '*', effects: '*' } as const
const CATALOGS = ['pg_catalog.*', 'information_schema.*', 'pg_toast.*', 'pg_toast_temp_*.*']

/** @param databases that clients of the proof ask for */
export async function startOpenStack(way: Way, databases: readonly string[]): Promise<OpenStack> {
  const cutter = fileURLToPath(new URL('./cut-to-bytes.ts', import.meta.url))
  const stack = await startStack({
    services: 'child',
    nodeArguments: way === 'cut' ? ['--import', 'tsx', '--import', cutter] : [],
    postgres: { version: '15', settings: { max_prepared_transactions: '8', shared_buffers: '128MB' } },
    resource: {
      databases: [...databases],
      logins: [{ user: ROLE, secret: 'app-rw' }],
      // tests of the server send texts and values that nobody writes by hand
      limits: { statement: '8MiB', message: '64MiB', buffered: '128MiB' },
    },
    config: {
      policies: {
        everything: anything,
        // rules for everything leave the system's own out unless they name it
        catalogs: { ...anything, relations: CATALOGS },
        builtins: { ...anything, objects: ['pg_catalog.*', 'information_schema.*'] },
      },
      masks: {},
    },
  })
  try {
    const password = readFileSync(join(stack.folder, 'secrets/app-rw'), 'utf8')
    await stack.superuser(`ALTER ROLE ${ROLE} PASSWORD '${password}'`)
    const environment =
      way === 'direct'
        ? {
            PGPORT: String(stack.postgres.port),
            PGPASSWORD: password,
            PGSSLMODE: 'disable',
            // as the login through Chaperone sets it
            PGOPTIONS: '-c search_path=public',
          }
        : {
            PGPORT: String(stack.port),
            PGPASSWORD: await stack.tokens.person(['admins'], { lifetime: TOKEN_LIVES }),
            PGSSLMODE: 'verify-full',
            PGSSLROOTCERT: stack.ca,
          }
    return {
      stack,
      environment: {
        PGHOST: HOST,
        PGUSER: ROLE,
        LC_ALL: 'C',
        PATH: process.env['PATH'] ?? '',
        ...environment,
      },
      stop: () => stack.stop(),
    }
  } catch (error) {
    await stack.stop()
    throw error
  }
}

const WARNING = 40

/** Warnings and errors of the services, as they logged them. */
export function complaints(log: string): string[] {
  return log
    .split('\n')
    .filter((line) => line.startsWith('{') && Number(/"level":(\d+)/.exec(line)?.[1]) >= WARNING)
}
