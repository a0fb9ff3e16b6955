// `chaperone approvals` against a running admin server, with tokens of a real issuer.
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createMemoryApprovals } from '../../../src/approvals/memory.ts'
import { registerApprovals } from '../../../src/cli/approvals.ts'
import { configSchema } from '../../../src/config/schema.ts'
import { type Admin, startAdmin } from '../../../src/console/admin.ts'
import type { AuditEvent } from '../../../src/core/audit.ts'
import { createAuthenticator } from '../../../src/identity/authenticator.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { noSessions } from '../../support/admin.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'
import { startIssuer, type TestIssuer } from '../../support/issuer.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const ANN = { subject: 'ann', email: 'ann@example.com', groups: ['reviewers'] }
const EVE = { subject: 'eve', email: 'eve@example.com', groups: ['staff'] }

describe('chaperone approvals', () => {
  const approvals = createMemoryApprovals()
  const directory = temporaryDirectory('approvals-cli')
  const events: AuditEvent[] = []
  let issuer: TestIssuer
  let stranger: TestIssuer
  let authenticator: ReturnType<typeof createAuthenticator>
  let admin: Admin
  let ann: string

  beforeAll(async () => {
    issuer = await startIssuer({ workloads: { agent: { groups: ['reviewers'] } } })
    stranger = await startIssuer({ claimedIssuer: issuer.issuer })
    const config = configSchema.parse({
      version: 1,
      admin: { address: '127.0.0.1:0' },
      issuers: { staff: { issuer: issuer.issuer, audience: 'chaperone', kind: 'person', clock_skew: '0s' } },
      resources: {},
    })
    authenticator = createAuthenticator(config)
    admin = await startAdmin({
      config,
      approvals,
      verifyToken: authenticator.verifyToken,
      metrics: createMetrics(),
      ready: () => true,
      sessions: noSessions,
      audit: { write: (event) => events.push(event), close: () => undefined },
      log: createLog({ level: 'error' }),
    })
    ann = await issuer.tokenForPerson(ANN)
  })
  afterAll(async () => {
    await admin.close()
    await approvals.close()
    authenticator.close()
    await issuer.close()
    await stranger.close()
    directory.remove()
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    process.exitCode = undefined
  })

  /** Runs the command in this process, as src/cli/run.ts does, and gives what it wrote. */
  const cli = async (
    args: readonly string[],
    token: string | undefined = ann,
    url: string | undefined = admin.url,
  ) => {
    // no login of whoever runs the tests counts
    vi.stubEnv('XDG_CONFIG_HOME', directory.path)
    if (token !== undefined) vi.stubEnv('CHAPERONE_TOKEN', token)
    if (url !== undefined) vi.stubEnv('CHAPERONE_ADMIN', url)
    let out = ''
    let err = ''
    const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += text
      return true
    })
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      err += text
      return true
    })
    const program = new Command('chaperone')
      .exitOverride()
      .option('-c, --config <file>', '', 'no-such-file.yaml')
    registerApprovals(program)
    process.exitCode = 0
    try {
      await program.parseAsync(['approvals', ...args], { from: 'user' })
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error
      process.exitCode = error.exitCode === 0 ? 0 : 2
    }
    stdout.mockRestore()
    stderr.mockRestore()
    const code = process.exitCode
    return { code, out, err }
  }
  const ask = async (...parts: Parameters<typeof approvalInput>) =>
    (await approvals.create(approvalInput(...parts))).id

  it('shows a reviewer everything there is to decide on', async () => {
    const parameters = [
      { kind: 'text' as const, value: "it's" },
      { kind: 'null' as const },
      { kind: 'binary' as const, hex: '00ff', type: 17 },
    ]
    const id = await ask({ parameters }, { quorum: 2, expiresAfter: 1_800_000 })
    const { code, out } = await cli(['show', id])
    expect(code).toBe(0)
    for (const part of [
      id,
      'pending',
      'agent (workload, https://id.example#agent)',
      'orders',
      'hold-writes',
      'update public.accounts, delete public.entries (a foreign key to public.accounts)',
      '1 more relations that it does not name',
      'Masked      public.accounts.iban by iban\nMasked      2 more columns\n',
      'Copies      public.accounts.iban to public.archive.iban, out of the mask iban\nCopies      1 more\n',
      '  | UPDATE accounts SET balance = $1 WHERE id = 7',
      "$1 = 'it''s'",
      '$2 = NULL',
      '$3 = \\x00ff (binary, type 17)',
      '0 of 2 approved; may decide: reviewers',
      'in 29 min',
      '  public.stamp(): SECURITY DEFINER of shop_owner, volatile plpgsql, SET search_path=public, trigger t of public.accounts\n',
      '  and 1 more\n',
    ]) {
      expect(out).toContain(part)
    }
  })

  it('shows who has to agree, when, what may be granted, and what the asker says', async () => {
    const input = approvalInput(
      { user: 'app_rw', role: 'migrator' },
      {
        quorum: 2,
        approvers: ['reviewers', 'leads'],
        each: [{ groups: ['reviewers', 'leads'], people: 2 }],
        approveWhen: [{ time_zone: 'Europe/Berlin', days: ['mon', 'fri'], from: '08:00', to: '18:00' }],
        window: { for: 3_600_000, uses: 20 },
      },
    )
    const { id } = await approvals.create({ ...input, stated: 'ticket 4711\nState       approved' })
    const { out } = await cli(['show', id])
    for (const line of [
      'Login       app_rw',
      'Role        migrator',
      'They say    ticket 4711\\nState       approved',
      'Needs       2 of reviewers or leads',
      'Only        mon fri 08:00 to 18:00 (Europe/Berlin)',
      'May grant   statements of this shape for 1 h, at most 20 times',
    ]) {
      expect(out.split('\n')).toContain(line)
    }
  })

  it('approves with a reason; who, why and when are kept and shown', async () => {
    const id = await ask()
    const approved = await cli(['approve', id.toUpperCase(), '--reason', 'ticket 4711'])
    expect(approved).toMatchObject({ code: 0, out: `approved: ${id} (1 of 1 approved)\n` })
    expect(await approvals.get(id)).toMatchObject({
      state: 'approved',
      votes: [{ reviewer: `${issuer.issuer}#ann`, reason: 'ticket 4711' }],
    })
    expect((await cli(['show', id])).out).toMatch(/approve by ann@example\.com .*: ticket 4711/)
    expect(events.filter((event) => event.type === 'approval' && event.request === id)).toHaveLength(2)
  })

  it('grants a window of equal statements, within what the rule permits, and shows what is left of it', async () => {
    const id = await ask({ shape: 'one' }, { window: { for: 3_600_000, uses: 20 } })
    const tooMuch = await cli(['approve', id, '--window', '2h', '--uses', '10'])
    expect(tooMuch.code).toBe(1)
    expect(await approvals.get(id)).toMatchObject({ state: 'pending' })
    expect((await cli(['approve', id, '--window', '30m', '--uses', '10'])).code).toBe(0)
    const { out } = await cli(['show', id])
    expect(out).toMatch(/^Granted {5}0 of 10 used, until .* \(in 29 min\)$/m)
    expect(out).toMatch(
      /approve by ann@example\.com .* as reviewers .*, statements of this shape for 30 min, at most 10 times/,
    )
  })

  it('takes back a request of one’s own, which can then no longer be approved', async () => {
    const id = await ask({ principal: `${issuer.issuer}#ann` })
    expect(await cli(['withdraw', id, '--reason', 'not needed'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^withdrawn: /),
    })
    expect((await cli(['show', id])).out).toMatch(
      /^State {7}withdrawn: withdrawn by ann@example\.com: not needed$/m,
    )
    expect((await cli(['withdraw', id])).err).toContain('[already-decided]')
    const others = await ask()
    expect((await cli(['withdraw', others])).err).toContain('[unauthorized]')
  })

  it('denies, and a second decision is refused with exit code 1', async () => {
    const id = await ask()
    expect(await cli(['deny', id])).toMatchObject({ code: 0, out: expect.stringMatching(/^denied: /) })
    const again = await cli(['approve', id])
    expect(again).toMatchObject({ code: 1, out: '' })
    expect(again.err).toContain('[already-decided]')
  })

  it('lists as a table, and as JSON for programs', async () => {
    const id = await ask({ resource: 'listed', text: 'DELETE\n\n  FROM accounts' })
    const { out } = await cli(['list', '--resource', 'listed', '--state', 'pending'])
    expect(out.split('\n')[2]).toMatch(
      new RegExp(`^${id} +pending +0/1 +listed +agent \\(workload\\) +in .*DELETE FROM accounts$`),
    )
    const json = JSON.parse((await cli(['list', '--resource', 'listed', '--json'])).out)
    expect(json.approvals).toMatchObject([{ id, truncated: false }])
    expect((await cli(['list', '--resource', 'none'])).out).toBe('no requests\n')
  })

  it('list finds what was denied, by whom and when, and what one rule held', async () => {
    const { id } = await approvals.create({ ...approvalInput({ resource: 'sought' }), rules: ['held-odd'] })
    await approvals.vote(id, reviewer('zoe'), 'deny', 'no')
    const listed = async (...args: string[]) =>
      JSON.parse((await cli(['list', '--json', ...args])).out).approvals.map((one: { id: string }) => one.id)
    expect(await listed('--decider', 'ZOE')).toEqual([id])
    expect(await listed('--rule', 'odd', '--since', '1h', '--state', 'denied')).toEqual([id])
    expect(await listed('--rule', 'odd', '--until', '1h')).toEqual([])
    expect(await listed('--rule', 'odd', '--asker', 'nobody')).toEqual([])
    expect((await cli(['list', '--since', 'yesterday'])).code).toBe(2)
    expect((await cli(['list', '--watch', '--rule', 'odd'])).err).toContain('--rule does not go with --watch')
  })

  it('list finds what was asked like a request, on its resource, among what one may see', async () => {
    const shaped = (parts: Parameters<typeof approvalInput>[0], terms = {}) =>
      ask({ resource: 'shop', shape: 'one shape', ...parts }, terms)
    const [first, second] = [await shaped({ text: 'select 1' }), await shaped({ text: 'select 2' })]
    await shaped({ shape: 'another', fingerprint: 'f' })
    await shaped({ resource: 'elsewhere' })
    const hidden = await shaped({ text: 'select 3' }, { approvers: ['others'] })
    const like = async (id: string) => {
      const { code, out, err } = await cli(['list', '--json', '--like', id])
      return code === 0 ? JSON.parse(out).approvals.map((one: { id: string }) => one.id) : err
    }
    expect(await like(first)).toEqual([second])
    expect(await like(second.toUpperCase())).toEqual([first])
    for (const id of [hidden, 'a'.repeat(26)]) expect(await like(id)).toContain('[not-found]')
    // What has no shape is found by its fingerprint.
    const [one, other] = [await ask({ fingerprint: 'odd' }), await ask({ fingerprint: 'odd', shape: 's' })]
    expect(await like(one)).toEqual([other])
    expect((await cli(['list', '--like', '../x'])).code).toBe(2)
  })

  it('list leaves nothing out without saying so', async () => {
    const ids: string[] = []
    for (let n = 0; n < 520; n++) {
      const parts = { principal: `https://id.example#${n}`, resource: 'crowd' }
      ids.unshift((await approvals.create(approvalInput(parts))).id)
    }
    const listed = async (...args: string[]) =>
      JSON.parse((await cli(['list', '--resource', 'crowd', '--json', ...args])).out)
    const all = await listed()
    expect(all.approvals.map(({ id }: { id: string }) => id)).toEqual(ids)
    expect(all.next).toBeUndefined()
    const some = await listed('--limit', '510')
    expect([some.approvals.length, typeof some.next]).toEqual([510, 'string'])
    const { out } = await cli(['list', '--resource', 'crowd', '--limit', '3'])
    expect(out).toContain('3 are shown, and there are more: give a higher --limit, or none')
    for (const id of ids) await approvals.withdraw(id, 'over')
  })

  it.each([[[]], [['--json']]])(
    'lets no control character of a request reach the terminal (%j)',
    async (flags) => {
      const hostile = 'SELECT 1 \u001b[2J\u001b]0;x\u0007 \u009b31m \r \u202e \u2066 \u200b \u007f \u{e0041}'
      const request = {
        ...approvalInput({ text: hostile, parameters: [{ kind: 'text', value: hostile }] }),
        principalName: hostile,
        functions: [
          {
            signature: hostile,
            language: hostile,
            volatility: 'stable' as const,
            owner: hostile,
            securityDefiner: false,
            settings: [hostile],
            via: hostile,
          },
        ],
      }
      const { id } = await approvals.create(request)
      const raw = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
      for (const args of [['show', id], ['list'], ['approve', id]]) {
        const { out, err } = await cli([...args, ...flags])
        expect(out).toContain(id)
        expect(out + err).not.toMatch(raw)
      }
      if (flags.length > 0)
        expect(JSON.parse((await cli(['show', id, '--json'])).out)).toMatchObject({ text: hostile })
    },
  )

  it('a statement cannot pass for the lines around it', async () => {
    const id = await ask({ text: 'SELECT 1\nState       approved\nVotes\n  approve by ann' })
    const { out } = await cli(['show', id])
    expect(out.match(/^State .*$/gm)).toEqual(['State       pending'])
    expect(out).toContain('  | State       approved')
  })

  it.each([
    ['of somebody who is no approver', async () => issuer.tokenForPerson(EVE), 'not-found'],
    ['of a stranger who claims the same issuer', async () => stranger.tokenForPerson(ANN), 'unauthenticated'],
    [
      'for another audience',
      async () => issuer.tokenForPerson(ANN, { audience: 'other' }),
      'unauthenticated',
    ],
    ['that is no JWT', async () => 'not-a-signed-token', 'unauthenticated'],
    [
      'that expired',
      async () => {
        const token = await issuer.tokenForPerson(ANN, { lifetime: 1 })
        await new Promise((resolve) => setTimeout(resolve, 2100))
        return token
      },
      'unauthenticated',
    ],
  ])('a token %s approves nothing and exits with 1', async (_what, token, problem) => {
    const id = await ask()
    const value = await token()
    const { code, err } = await cli(['approve', id], value)
    expect(code).toBe(1)
    expect(err).toContain(`[${problem}]`)
    expect(err).not.toContain(value.slice(4))
    expect(await approvals.get(id)).toMatchObject({ state: 'pending', votes: [] })
  })

  it('nobody approves their own request, also with a reviewer’s token', async () => {
    const id = await ask({ principal: `${issuer.issuer}#ann` })
    expect((await cli(['approve', id])).err).toContain('[own-request]')
    expect(await approvals.get(id)).toMatchObject({ state: 'pending' })
  })

  it('reads the token from a file, which counts before the environment', async () => {
    const file = join(directory.path, 'token')
    writeFileSync(file, `${ann}\n`)
    expect((await cli(['list', '--token-file', file], 'wrong')).code).toBe(0)
  })

  it.each<readonly [string, readonly string[]]>([
    ['a token file that is not there', ['list', '--token-file', '/nonexistent/token']],
    ['an address that is no URL', ['list', '--admin', 'localhost']],
    ['a token to another machine in clear text', ['list', '--admin', 'http://chaperone.example']],
    ['credentials in the address', ['list', '--admin', 'https://a:b@127.0.0.1']],
    ['an id that is none', ['approve', '../approvals']],
    ['no id', ['approve']],
    ['a window without a count', ['approve', 'a'.repeat(26), '--window', '30m']],
    ['a count without a window', ['approve', 'a'.repeat(26), '--uses', '3']],
    ['a window that is no time', ['approve', 'a'.repeat(26), '--window', 'soon', '--uses', '3']],
    ['a window for denials', ['deny', 'a'.repeat(26), '--window', '30m']],
    ['an unknown state', ['list', '--state', 'open']],
    ['a limit that is no number', ['list', '--limit', 'all']],
    ['an unknown option', ['list', '--token', 'x']],
  ])('%s is a usage error: exit code 2', async (_what, args) => {
    const { code, err } = await cli(args)
    expect(err).not.toBe('')
    expect(code).toBe(2)
  })

  it.each([
    ['no token', ''],
    ['a token that is none', 'not a token'],
  ])('%s is a usage error that does not repeat it: exit code 2', async (_what, token) => {
    const { code, err } = await cli(['list'], token)
    expect(code).toBe(2)
    expect(err).toContain('token')
    expect(err).not.toContain('not a token')
  })

  const withServer = async (listener: RequestListener, work: (url: string) => Promise<void>) => {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  it('nothing there is exit code 3, with --json too', async () => {
    let free = ''
    await withServer(
      () => undefined,
      async (url) => {
        free = url
      },
    )
    expect(await cli(['list'], ann, free)).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringContaining('[unreachable]'),
    })
    expect(JSON.parse((await cli(['list', '--json'], ann, free)).out)).toMatchObject({ code: 'unreachable' })
  })

  it('something else there is exit code 3, and a redirect never gets the token', async () => {
    const seen: (string | undefined)[] = []
    await withServer(
      (request, response) => {
        seen.push(request.headers.authorization)
        response.end('{}')
      },
      async (target) => {
        expect((await cli(['list'], ann, target)).code).toBe(3)
        seen.length = 0
        await withServer(
          (_request, response) => void response.writeHead(307, { location: target }).end(),
          async (url) => expect((await cli(['list'], ann, url)).code).toBe(3),
        )
      },
    )
    expect(seen).toEqual([])
  })

  it('finds the server through the configuration when no address is given', async () => {
    const file = join(directory.path, 'chaperone.yaml')
    writeFileSync(file, `version: 1\nadmin: { address: '${new URL(admin.url).host}' }\nresources: {}\n`)
    vi.stubEnv('CHAPERONE_TOKEN', ann)
    vi.stubEnv('CHAPERONE_ADMIN', undefined)
    const out = vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
    const program = new Command('chaperone')
      .exitOverride()
      .option('-c, --config <file>', '', 'chaperone.yaml')
    registerApprovals(program)
    await program.parseAsync(['--config', file, 'approvals', 'list', '--resource', 'none'], { from: 'user' })
    expect(out.mock.calls.flat().join('')).toBe('no requests\n')
  })
})
