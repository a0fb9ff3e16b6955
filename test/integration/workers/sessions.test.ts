// Live sessions over two workers, by the API and by the command line: who sees them, who ends them, and what each side is told.
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startCli } from '../../support/cli.ts'
import { query } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'
import { workerPid } from '../../support/stack/workers.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { ending } from '../failures/ending.ts'
import { eventually } from '../failures/footprint.ts'

const WORKERS = [1, 2] as const
const HELD = 'update orders set total = 999 where id = 12'
/** Clears a terminal, and turns what follows around. */
const HOSTILE = 'psql\u001b[2J\u202E'

interface Listed {
  readonly id: string
  readonly resource: string
  readonly bytes: { readonly toClient: number }
  readonly operation?: { readonly text: string; readonly held: boolean }
}

let redis: RedisServer
let stack: Stack
let engineer: string
/** in the group that ends sessions; in the group that sees them; in neither */
let otto: string
let vera: string
let nina: string
const clients: PgWireClient[] = []

beforeAll(async () => {
  redis = await startRedis()
  stack = await startStack({
    services: 'child',
    resources: { fast: { process: 'requests-only', recording: 'commands' } },
    console: { auditors: ['auditors'], terminators: ['oncall'] },
    config: {
      masks: {},
      processor: { address: 'unix:processor.sock', stop_grace: '0s', workers: WORKERS.length },
      store: { kind: 'redis', url: redis.url },
    },
  })
  engineer = await stack.tokens.person(['engineers'])
  otto = await stack.tokens.person(['oncall'], { subject: 'otto' })
  vera = await stack.tokens.person(['auditors'], { subject: 'vera' })
  nina = await stack.tokens.person(['engineers', 'approvers'], { subject: 'nina' })
})
afterAll(async () => {
  await stack?.stop()
  await redis?.stop()
})
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
})

async function call(path: string, token: string, body?: object) {
  const response = await fetch(`${stack.admin}/api/v1/sessions${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
}
const end = (id: string, token = otto, reason = 'over') => call(`/${id}/end`, token, { reason })
const list = async () => (await call('', vera)).answer as { sessions: Listed[]; unanswered: number }

function cli(token: string | undefined, ...args: readonly string[]) {
  const environment = { CHAPERONE_ADMIN: stack.admin, HOME: stack.folder }
  return startCli(
    ['sessions', ...args],
    token === undefined ? environment : { ...environment, CHAPERONE_TOKEN: token },
  ).done
}

const audited = (file: string) =>
  readFileSync(`${stack.folder}/${file}`, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const ends = (id: string) =>
  audited('audit.jsonl').filter(
    ({ action, reason }) => action === 'session.end' && String(reason).startsWith(id),
  )
const loginsOf = (worker: number) =>
  audited(`audit-${worker}.jsonl`)
    .filter(({ type }) => type === 'login')
    .map(({ session }) => String(session))

interface Connected {
  readonly client: PgWireClient
  readonly id: string
}

async function connect(application = 'psql'): Promise<Connected> {
  const before = WORKERS.flatMap(loginsOf)
  const client = await stack.wireTls()
  clients.push(client)
  await client.login(
    { user: 'anybody', database: 'app', application_name: application },
    { password: engineer },
  )
  const [id = ''] = WORKERS.flatMap(loginsOf).filter((one) => !before.includes(one))
  return { client, id }
}

/** Envoy gives its connections to the workers in turn. */
async function connectTo(worker: number): Promise<Connected> {
  for (let n = 0; n < 8; n++) {
    const connected = await connect()
    if (loginsOf(worker).includes(connected.id)) return connected
  }
  throw new Error(`no connection came to worker ${worker}`)
}

describe.each(WORKERS)('a session in worker %i', (worker) => {
  it('ended by the API: its client gets 57P01 with who and why, and the audit log has both', async () => {
    const { client, id } = await connectTo(worker)
    expect((await list()).sessions.map((session) => session.id)).toContain(id)
    expect(await end(id, otto, 'runs since yesterday')).toEqual({
      status: 200,
      answer: { id, state: 'ending' },
    })
    const { errors, texts } = await ending(client)
    expect(errors).toEqual(['57P01'])
    expect(texts).toEqual([
      'chaperone: terminating connection: ended by otto@example.com: runs since yesterday',
    ])
    expect(ends(id)).toMatchObject([
      { outcome: 'ok', reason: `${id}: runs since yesterday`, actor: { name: 'otto@example.com' } },
    ])
    await eventually('its worker has it too', () =>
      audited(`audit-${worker}.jsonl`).some(
        ({ type, session, reason }) =>
          type === 'logout' && session === id && String(reason).includes('runs since yesterday'),
      ),
    )
    expect((await list()).sessions.map((session) => session.id)).not.toContain(id)
  })

  it('ended by the command line, while its statement waits for an approval', async () => {
    const { client, id } = await connectTo(worker)
    client.send(query(HELD))
    const request = await stack.reviews.get((await stack.reviews.next()).id)
    expect(request.session).toBe(id)
    const shown = await cli(vera, 'live')
    expect(shown.out).toMatch(new RegExp(`^${id} .* held +${HELD}$`, 'm'))
    expect(await cli(otto, 'end', id, '--reason', 'a mistake')).toEqual({
      code: 0,
      out: `ending: ${id}\n`,
      err: '',
    })
    expect(await ending(client)).toMatchObject({ errors: ['57P01'], completed: false })
    await eventually(
      'the request is withdrawn',
      async () => (await stack.reviews.get(request.id)).state === 'withdrawn',
    )
    expect(ends(id)).toMatchObject([{ outcome: 'ok', actor: { name: 'otto@example.com' } }])
  })
})

describe('whoever may not', () => {
  it('ends nothing, by whatever way, and it is audited; the session goes on', async () => {
    const { client, id } = await connect()
    expect(await end(id, vera)).toMatchObject({ status: 403, answer: { code: 'unauthorized' } })
    expect(await end(id, nina)).toMatchObject({ status: 403 })
    expect(await call('', nina)).toMatchObject({ status: 403, answer: { code: 'unauthorized' } })
    expect(await end(id, await stack.tokens.stranger(['oncall']))).toMatchObject({ status: 401 })
    expect(await end(id, await stack.tokens.workload('pipeline'))).toMatchObject({ status: 401 })
    const refused = await cli(vera, 'end', id, '--reason', 'over')
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('[unauthorized]') })
    expect(await cli(nina, 'live', '--json')).toMatchObject({
      code: 1,
      out: expect.stringContaining('"unauthorized"'),
    })
    expect(ends(id).map(({ outcome, actor }) => [outcome, (actor as { name: string }).name])).toEqual([
      ['failed', 'vera@example.com'],
      ['failed', 'nina@example.com'],
      ['failed', 'vera@example.com'],
    ])
    client.send(query('select 1'))
    expect((await client.until('ReadyForQuery')).map(({ kind }) => kind)).toContain('CommandComplete')
  })

  it('says who they are not, what they want, or why, is told so', async () => {
    const guessed = 'c'.repeat(24)
    const answers = await Promise.all([
      cli(otto, 'end', guessed, '--reason', 'over'),
      cli(otto, 'end', guessed.slice(0, 8), '--reason', 'over'),
      cli(otto, 'end', guessed),
      cli(undefined, 'live'),
    ])
    expect(answers).toMatchObject([
      { code: 1, err: 'chaperone: There is no such session any more. [not-found]\n' },
      { code: 2, err: expect.stringContaining('24 of 0-9 and a-f') },
      { code: 2, err: expect.stringContaining('--reason') },
      { code: 2 },
    ])
  })
})

describe('text from outside', () => {
  it('in a client’s name for itself, or in a reason, moves nothing on the terminals that show it', async () => {
    const { client, id } = await connect(HOSTILE)
    const [shown, json, refused] = await Promise.all([
      cli(vera, 'live'),
      cli(vera, 'live', '--json'),
      cli(otto, 'end', id, '--reason', 'x\u001b[2J'),
    ])
    for (const { out, code } of [shown, json]) {
      expect([code, out]).toEqual([0, expect.stringContaining(id)])
      expect(out).not.toMatch(/\p{Cf}|(?!\n)\p{Cc}/u)
    }
    expect(shown.out).toContain('psql\\u{1b}[2J\\u{202e}')
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('[invalid-request]') })
    client.send(query('select 1'))
    await client.until('ReadyForQuery')
  })
})

describe('a session that goes while it is ended', () => {
  it('is ended once, or not found, by as many as end it at a time', async () => {
    for (let n = 0; n < 5; n++) {
      const { client, id } = await connect()
      const answers = Promise.all(Array.from({ length: 5 }, () => end(id)))
      if (n % 2 === 0) client.destroy()
      const statuses = (await answers).map(({ status }) => status)
      expect(statuses.filter((status) => status !== 200 && status !== 404)).toEqual([])
      if (n % 2 === 1) {
        expect(statuses).toContain(200)
        expect((await ending(client)).errors).toEqual(['57P01'])
      }
      expect(await end(id)).toMatchObject({ status: 404, answer: { code: 'not-found' } })
      const outcomes = ends(id).map(({ outcome }) => outcome)
      expect(outcomes.filter((outcome) => outcome === 'failed')).toHaveLength(
        statuses.filter((status) => status === 404).length + 1,
      )
    }
  })
})

describe('a session in the middle of a result', () => {
  it('whose target goes silent within a row ends after a second, however often it is ended', async () => {
    const { client, id } = await connect()
    client.send(query('select pg_backend_pid()'))
    const [pid = 0] = (await client.until('ReadyForQuery')).flatMap((message) =>
      message.kind === 'DataRow' ? [Number(message.values[0])] : [],
    )
    // Long enough that it is not through before the server is stopped, on whatever machine.
    client.send(query("select repeat('x', 150000000)"))
    await eventually('a part of the row has come', async () => {
      const session = (await list()).sessions.find((one) => one.id === id)
      return (session?.bytes.toClient ?? 0) > 100_000
    })
    process.kill(pid, 'SIGSTOP')
    try {
      const began = Date.now()
      const statuses = new Set<number>()
      while (!statuses.has(404) && Date.now() - began < 5000) {
        statuses.add((await end(id)).status)
        await pause(100)
      }
      expect([...statuses]).toEqual([200, 404])
      expect(Date.now() - began).toBeLessThan(3000)
      expect(await ending(client)).toMatchObject({ completed: false, cut: true })
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  })

  it('that goes past Chaperone ends as well', async () => {
    const token = engineer
    const client = await stack.connect(token, { resource: 'fast' })
    const failed = new Promise<Error>((resolve) => client.on('error', resolve))
    const query = client.query('select pg_sleep(20)').catch((error: unknown) => error)
    await eventually('it is seen', async () =>
      (await list()).sessions.some(({ resource }) => resource === 'fast'),
    )
    const session = (await list()).sessions.find(({ resource }) => resource === 'fast')
    expect((await end(session?.id ?? '')).status).toBe(200)
    expect(await Promise.race([query, failed])).toMatchObject({ message: expect.any(String) })
    expect(await end(session?.id ?? '')).toMatchObject({ status: 404 })
  })
})

describe('sessions live --watch', () => {
  it('shows who comes and who goes, a line of JSON for each look, until it is interrupted', async () => {
    const environment = { CHAPERONE_ADMIN: stack.admin, CHAPERONE_TOKEN: vera, HOME: stack.folder }
    const watching = startCli(['sessions', 'live', '--watch', '--json'], environment)
    await watching.saying(/"total":0,/)
    const { id } = await connect()
    await watching.saying(new RegExp(`"id":"${id}"`))
    await end(id)
    await watching.saying(new RegExp(`"id":"${id}"[^]*"total":0,`))
    watching.child.kill('SIGINT')
    const { code, out, err } = await watching.done
    expect([code, err]).toEqual([0, ''])
    for (const line of out.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('sessions')
  })
})

describe('a worker that', () => {
  const pidOf = (worker: number) => workerPid(stack.services.pid, `${stack.folder}/audit-${worker}.jsonl`)

  it('hangs is missing from the list, which says so; nobody is told that its session ended, or is not there', async () => {
    const { client, id } = await connectTo(2)
    const pid = pidOf(2)
    process.kill(pid, 'SIGSTOP')
    try {
      const [listed, ended] = await Promise.all([list(), end(id)])
      expect(listed.unanswered).toBe(1)
      expect(listed.sessions.map((session) => session.id)).not.toContain(id)
      expect(ended).toMatchObject({ status: 503, answer: { code: 'worker-unavailable' } })
      expect(ends(id)).toMatchObject([{ outcome: 'ok' }, { outcome: 'failed' }])
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    expect((await ending(client)).errors).toEqual(['57P01'])
    await eventually('the list is whole', async () => (await list()).unanswered === 0)
  })

  it('is killed takes its sessions along: they are not found, and those of the other are', async () => {
    const { client, id } = await connectTo(1)
    const other = await connectTo(2)
    process.kill(pidOf(1), 'SIGKILL')
    await expect(client.next()).rejects.toThrow()
    // The client may hear of it before the primary does, which until then cannot say whether the session is there.
    await eventually('the primary knows', async () => (await list()).unanswered === 0)
    expect(await end(id)).toMatchObject({ status: 404, answer: { code: 'not-found' } })
    expect((await end(other.id)).status).toBe(200)
    expect((await ending(other.client)).errors).toEqual(['57P01'])
  })
})
