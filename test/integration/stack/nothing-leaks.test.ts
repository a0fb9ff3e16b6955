// What nobody may read, looked for in everything that Chaperone writes, sends and shows: masked values, passwords, tokens and
// keys, after logins that work and that do not, statements in every protocol, errors, a hold, a rotation and a bad reload.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, type Receiver, startReceiver } from '../../support/notify/receiver.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const HOOK_KEY = 'hook-key-of-thirty-two-bytes-or-more'
const ROTATED = 'rotated-password-of-the-reader-1'
/** Of `customers`: ssn and email whole, and of cards more than the last four. */
const MASKED = [
  ...['078-05-1120', '219-09-9999', '457-55-5462'],
  ...['ada@example.com', 'grace@example.com', 'alan@example.com'],
  ...['411111111111', '550000555555', '34000000000'],
]

let stack: Stack
let hook: Receiver
const home = temporaryDirectory('leaks')
/** everything that may be read, by where it was */
const shown = new Map<string, string>()
/** what may not, by what it is */
const hidden = new Map<string, string>()

beforeAll(async () => {
  writeFileSync(join(home.path, 'hook-key'), HOOK_KEY)
  hook = await startReceiver()
  stack = await startStack({
    services: 'child',
    console: {},
    config: {
      log: { level: 'debug' },
      recordings: { directory: 'recordings', level: 'full' },
      secrets: {
        'app-rw': { file: 'secrets/app-rw' },
        'app-ro': { file: 'secrets/app-ro' },
        'mask-key': { file: 'secrets/mask-key' },
        'console-client': { file: 'secrets/console-client' },
        'hook-key': { file: join(home.path, 'hook-key') },
      },
      notifications: { hook: { kind: 'webhook', url: `${hook.url}/in`, keys: ['hook-key'] } },
    },
    policies: {
      'held-orders': {
        decision: 'hold',
        resources: '*',
        groups: ['analysts'],
        effects: ['read'],
        relations: ['public.orders'],
        approvers: ['approvers'],
        notify: ['hook'],
      },
    },
  })
  await use()
  await gather()
}, 120_000)
afterAll(async () => {
  await stack?.stop()
  await hook?.close()
  home.remove()
})

const secret = (name: string) => readFileSync(join(stack.folder, 'secrets', name), 'utf8').trim()

async function use(): Promise<void> {
  for (const name of ['app-rw', 'app-ro', 'mask-key', 'console-client'])
    hidden.set(`secret ${name}`, secret(name))
  hidden.set('key of the webhook', HOOK_KEY)
  for (const value of MASKED) hidden.set(`masked ${value}`, value)
  const ann = await stack.tokens.person(['analysts'])
  const expired = await stack.tokens.person(['analysts'], { lifetime: 1 })
  const stranger = await stack.tokens.stranger(['analysts'])
  // Of a token the signature alone is what makes it one.
  for (const [what, token] of Object.entries({ ann, expired, stranger }))
    hidden.set(`token ${what}`, token.split('.')[2] ?? token)
  await new Promise((resolve) => setTimeout(resolve, 2000))
  for (const token of [expired, stranger, 'not-a-token-but-a-pass-phrase'])
    await stack.psql(token, 'select 1')
  hidden.set('a password that was typed', 'not-a-token-but-a-pass-phrase')
  await statements(ann)
  await held(ann)
  await stack.rotateSecret('app-ro', ROTATED)
  hidden.set('rotated secret', ROTATED)
  await stack.psql(ann, 'select id, ssn from customers')
  await badReload()
}

async function statements(token: string): Promise<void> {
  const scripts = [
    'select * from customers order by id',
    'select id, ssn as a, card as b, email as c from customers',
    'copy customers to stdout',
    'begin; declare c cursor for select * from customers; fetch all from c; commit',
    "select ssn::int from customers; select ('{' || ssn)::json from customers; select 1 / (id - 1) from customers",
    "select * from customers where ssn = '000-00-0000'",
    'select to_json(c) from customers c',
    "insert into customers (id, name, ssn) values (1, 'x', '000-00-0000')",
  ]
  for (const script of scripts) shown.set(`psql ${script}`, JSON.stringify(await stack.psql(token, script)))
  const client = await stack.connect(token)
  try {
    const { rows } = await client.query('select * from customers where id = $1', [1])
    shown.set('extended', JSON.stringify(rows))
  } finally {
    await client.end()
  }
}

async function held(token: string): Promise<void> {
  const waiting = stack.psql(
    token,
    'select o.id, c.ssn, c.email from orders o join customers c on o.customer_id = c.id',
  )
  const { id } = await stack.reviews.next()
  shown.set('request', JSON.stringify(await stack.reviews.get(id)))
  expect((await stack.reviews.approve(id)).status).toBe(200)
  const { stdout, stderr } = await waiting
  expect(stdout).toMatch(/10/)
  shown.set('psql, approved', stdout + stderr)
  await hook.until(2)
  shown.set('webhook', JSON.stringify(hook.received))
  shown.set('requests', JSON.stringify(await stack.reviews.list('consumed')))
}

/** Somebody writes a password where the name of a secret belongs. */
async function badReload(): Promise<void> {
  const before = readFileSync(stack.configFile, 'utf8')
  writeFileSync(stack.configFile, before.replace('key: mask-key', `key: ${HOOK_KEY}`))
  await eventually(() => /configuration is refused/.test(stack.services.log()))
  writeFileSync(stack.configFile, before)
}

/** The recordings with what is in base64 in them as text too. */
function recordings(): string {
  const folder = join(stack.folder, 'recordings')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.jsonl'),
  )
  return files
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .map((line) => line + Buffer.from(/"bytes":"([^"]*)"/.exec(line)?.[1] ?? '', 'base64').toString('latin1'))
    .join('\n')
}

async function gather(): Promise<void> {
  shown.set('recordings', recordings())
  shown.set('audit', readFileSync(join(stack.folder, 'audit.jsonl'), 'utf8'))
  shown.set('log', stack.services.log())
  shown.set('metrics', await stack.metrics())
}

describe('what nobody may read', () => {
  it('was there to be shown: statements ran, a request was told of, recordings and logs have been written', () => {
    for (const [where, text] of shown) expect(text.length, where).toBeGreaterThan(10)
    expect(shown.get('recordings')).toMatch(/Ada Lovelace/)
    expect(shown.get('webhook')).toMatch(/customers/)
    expect(shown.get('log')?.split('\n').length).toBeGreaterThan(5)
  })

  it('is nowhere', () => {
    const found: string[] = []
    for (const [where, text] of shown)
      for (const [what, value] of hidden) if (text.includes(value)) found.push(`${what} in ${where}`)
    expect(found).toEqual([])
  })
})
