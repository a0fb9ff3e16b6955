// `chaperone approvals list --watch` as a process of its own, against a running admin server whose connections break.
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAdminClient } from '../../../src/cli/admin-client.ts'
import type { Screen } from '../../../src/cli/approvals/screen.ts'
import { watch } from '../../../src/cli/approvals/watch.ts'
import { createWatched } from '../../../src/cli/approvals/watched.ts'
import { Secret } from '../../../src/core/secret.ts'
import { type AdminUnderTest, startTestAdmin } from '../../support/admin.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'
import { type CliRun, startCli } from '../../support/cli.ts'

const HOSTILE = 'SELECT 1 \u001b[2J\u001b]0;x\u0007 \u009b31m \r \u202e \u2066 \u200b \u007f \u{e0041}'
/** Everything that moves a cursor or hides text, but the line feed that ends a line. */
const RAW = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

describe('chaperone approvals list --watch', () => {
  let under: AdminUnderTest
  let proxy: Server
  let through: Set<Socket>
  let runs: CliRun[]

  beforeEach(async () => {
    under = await startTestAdmin()
    through = new Set()
    runs = []
    const port = Number(new URL(under.admin.url).port)
    proxy = createServer((client) => {
      const server = connect(port, '127.0.0.1')
      through.add(client)
      client.pipe(server).pipe(client)
      for (const socket of [client, server]) socket.on('error', () => undefined)
      client.on('close', () => server.destroy())
      server.on('close', () => client.destroy())
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
  })
  afterEach(async () => {
    for (const { child } of runs) child.kill('SIGKILL')
    for (const socket of through) socket.destroy()
    proxy.close()
    await under.stop()
  })

  const start = (args: readonly string[] = [], token = 'ann') => {
    const run = startCli(['approvals', 'list', '--watch', ...args], {
      HOME: '/nonexistent',
      CHAPERONE_TOKEN: token,
      CHAPERONE_ADMIN: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    })
    runs.push(run)
    return run
  }
  const ask = async (...parts: Parameters<typeof approvalInput>) =>
    (await under.approvals.create(approvalInput(...parts))).id

  it('tells each change once, also over a lost connection, and ends well with Ctrl-C', async () => {
    const first = await ask({ text: HOSTILE })
    const json = start(['--json'])
    const plain = start()
    await Promise.all([json.saying(/"present"/), plain.saying(/^present /m)])
    for (const socket of through) socket.destroy()
    const second = await ask()
    await under.approvals.vote(first, reviewer('bob'), 'approve')
    await Promise.all(
      [json, plain].map(async (run) => {
        await run.saying(new RegExp(second))
        await run.saying(/approved/)
        run.child.kill('SIGINT')
      }),
    )
    const [lines, table] = await Promise.all([json.done, plain.done])
    expect([lines.code, table.code]).toEqual([0, 0])
    const told = lines.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(told[0]).toMatchObject({ event: 'present', id: first, state: 'pending', text: HOSTILE })
    expect(
      told
        .slice(1)
        .map(({ id, state }) => `${id} ${state}`)
        .sort(),
    ).toEqual([`${first} approved`, `${second} pending`].sort())
    expect(table.out).toMatch(new RegExp(`^present +${first} +pending +0/1 +orders`, 'm'))
    for (const text of [lines.out, lines.err, table.out, table.err]) expect(text).not.toMatch(RAW)
  })

  it('ends with what cannot get better: 1 for a token that is refused, 3 where nothing ever was', async () => {
    const refused = start([], 'expired')
    const nowhere = startCli(['approvals', 'list', '--watch', '--admin', 'http://127.0.0.1:9'], {
      HOME: '/nonexistent',
      CHAPERONE_TOKEN: 'ann',
    })
    runs.push(nowhere)
    expect(await refused.done).toMatchObject({ code: 1, err: expect.stringContaining('[unauthenticated]') })
    expect((await nowhere.done).code).toBe(3)
  })

  describe('against a server that is not one', () => {
    const against = async (listener: RequestListener) => {
      const server = createHttpServer(listener).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const troubles: string[] = []
      const ending = new AbortController()
      const watched = createWatched()
      const screen: Screen = {
        news: async () => undefined,
        trouble: async (problem) => {
          if (problem === undefined) return
          troubles.push(problem)
          ending.abort()
        },
        close: () => undefined,
      }
      const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      const client = createAdminClient(url, new Secret('ann'))
      const path = '/api/v1/approvals/events'
      const options = { connect: async () => client, path, watched, screen, signal: ending.signal }
      const outcome = await watch(options).then(
        () => 'ended',
        (error: Error) => error.message,
      )
      server.closeAllConnections()
      server.close()
      return { outcome, troubles, watched }
    }
    const stream = { 'content-type': 'text/event-stream' }
    const event = (n: number) => {
      const id = String(n).padStart(26, 'a')
      const one = { id, state: 'pending', resource: 'r', principalName: 'p', principalKind: 'person' }
      const rest = { quorum: 1, approvals: 0, createdAt: n, expiresAt: n, text: 't', truncated: false }
      return `event: requested\nid: ${n}\ndata: ${JSON.stringify({ ...one, ...rest })}\n\n`
    }

    it('keeps the newest thousand of a flood', async () => {
      const { watched, troubles } = await against((_, response) => {
        response.writeHead(200, stream).write('event: ready\ndata: {}\n\n')
        response.end(Array.from({ length: 3000 }, (_, n) => event(n)).join(''))
      })
      expect(troubles).toHaveLength(1)
      expect(watched.requests()).toHaveLength(1000)
      expect(watched.requests()[0]).toMatchObject({ createdAt: 2999 })
    })

    it.each([
      ['an event without end', 'x'.repeat(2_000_000), /too large/],
      ['something else in it', 'event: requested\ndata: {"id": 1}\n\n', /not one of the admin API/],
      ['no JSON in it', 'event: requested\ndata: {\n\n', /not one of the admin API/],
    ])('takes no %s', async (_what, text, problem) => {
      const { troubles, watched, outcome } = await against((_, response) => {
        response.writeHead(200, stream).write('event: ready\ndata: {}\n\n')
        response.write(text)
      })
      expect([outcome, ...troubles].join()).toMatch(problem)
      expect(watched.requests()).toEqual([])
    })

    it('sends the token to no place that it is redirected to', async () => {
      const seen: (string | undefined)[] = []
      const target = createHttpServer((request, response) => {
        seen.push(request.headers.authorization)
        response.end()
      }).listen(0, '127.0.0.1')
      await once(target, 'listening')
      const location = `http://127.0.0.1:${(target.address() as AddressInfo).port}/`
      const { outcome } = await against((_, response) => void response.writeHead(307, { location }).end())
      target.close()
      expect(outcome).toMatch(/HTTP 307/)
      expect(seen).toEqual([])
    })
  })
})
