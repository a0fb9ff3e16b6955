// One request's page: what a reviewer is told, and what the form grants. The routes are the real ones, without a socket.
import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../../src/analysis/postgres/parser.ts'
import { approvalInput } from '../../../support/approvals-values.ts'
import { stage } from '../../../support/console-routes.ts'

beforeAll(() => loadParser())

describe('the page of a request', () => {
  it('offers a window as far as the rule goes, and grants what was chosen', async () => {
    const { approvals, as } = stage()
    const terms = { window: { for: 45 * 60_000, uses: 20 } }
    const { id } = await approvals.create(approvalInput({ shape: 'same' }, terms))
    const page = await as('ann').page(`/requests/${id}`)
    expect([...page.matchAll(/<option value="(\d+)">/g)].map(([, minutes]) => minutes)).toEqual([
      '5',
      '15',
      '30',
      '45',
    ])
    expect((await as('ann').vote(id, { scope: 'window', minutes: '30', uses: '10' })).status).toBe(303)
    expect((await approvals.get(id))?.votes).toMatchObject([{ window: { for: 30 * 60_000, uses: 10 } }])
  })

  it('has nothing that hides or turns text, also not in its title', async () => {
    const { approvals, as } = stage()
    const turned = '\u202ea\u200b'
    const input = approvalInput({ text: `/* reason: ${turned} */ select 1` })
    const { id } = await approvals.create({ ...input, principalName: `ann${turned}`, stated: turned })
    expect(await as('ann').page(`/requests/${id}`)).not.toMatch(/[\u202e\u200b]/)
  })

  it.each([
    ['longer', { scope: 'window', minutes: '46', uses: '1' }, 403],
    ['more often', { scope: 'window', minutes: '45', uses: '21' }, 403],
    ['for a time that is none', { scope: 'window', minutes: '1e1', uses: '1' }, 400],
    ['for ever', { scope: 'window', uses: '1' }, 400],
    ['a negative number of times', { scope: 'window', minutes: '5', uses: '-1' }, 400],
  ])('grants nothing %s', async (_, fields, status) => {
    const { approvals, as } = stage()
    const terms = { window: { for: 45 * 60_000, uses: 20 } }
    const { id } = await approvals.create(approvalInput({ shape: 'same' }, terms))
    expect((await as('ann').vote(id, fields)).status).toBe(status)
    expect(await approvals.get(id)).toMatchObject({ state: 'pending', votes: [] })
  })

  it('offers no window where what is asked has no shape, or the rule permits none', async () => {
    const { approvals, as } = stage()
    for (const input of [
      approvalInput({}, { window: { for: 60_000, uses: 2 } }),
      approvalInput({ shape: 'same' }),
    ]) {
      const { id } = await approvals.create(input)
      expect(await as('ann').page(`/requests/${id}`)).not.toContain('What you approve')
    }
  })

  it('tells who has to agree, which functions run with whose privileges, and letters that look like others', async () => {
    const { approvals, as } = stage()
    const each = [
      { groups: ['reviewers'], people: 1 },
      { groups: ['security'], people: 1 },
    ]
    const text = 'UPDATE \u0430ccounts SET balance = 1'
    const { id } = await approvals.create(
      approvalInput({ text }, { each, quorum: 2, approvers: ['reviewers', 'security'] }),
    )
    const page = await as('ann').page(`/requests/${id}`)
    for (const part of [
      '1 of reviewers and 1 of security',
      'SECURITY DEFINER',
      'public.stamp()',
      'U+0430',
      'and 1 more',
    ]) {
      expect(page).toContain(part)
    }
    expect(page).toContain('0 of 2 approved; still needed: 1 of reviewers and 1 of security')
    await as('ann').vote(id, {})
    const after = await as('ben').page(`/requests/${id}`)
    expect(after).toContain('1 of 2 approved; still needed: 1 of security')
    expect(after).toContain('ann as reviewers')
    expect(await as('ben').page('/requests')).toContain('1 of 2 approved; still needed: 1 of security')
    expect(after).toContain('Members of the others are waited for.')
  })

  it('tells letters that look like others also of a statement that is too long to be laid out', async () => {
    const { approvals, as } = stage()
    const text = `UPDATE \u0430ccounts SET balance = 1 /* ${'x'.repeat(64 * 1024)} */`
    const { id } = await approvals.create(approvalInput({ text }))
    expect(await as('ann').page(`/requests/${id}`)).toContain('U+0430')
  })

  it('tells what is behind the names, and what is masked there', async () => {
    const { approvals, as } = stage()
    const behind = (schema: string, name: string) => ({
      effect: 'read' as const,
      relation: { schema, name },
      via: 'behind app.people',
    })
    const masked = [{ mask: 'email', columns: ['public.customers.email'] }]
    const copied = [{ mask: 'email', from: 'people.<b>', to: 'app.archive.mail' }]
    const input = {
      ...approvalInput(),
      behind: [behind('public', 'customers')],
      moreBehind: 2,
      masked,
      copied,
    }
    const page = await as('ann').page(`/requests/${(await approvals.create(input)).id}`)
    for (const part of [
      'read public.customers (behind app.people)',
      '2 more relations',
      'public.customers.email',
      'and 2 more columns',
      '<span class="mono">people.&lt;b&gt;</span> to <span class="mono">app.archive.mail</span>',
      'out of the mask email',
    ]) {
      expect(page).toContain(part)
    }
    const plain = await approvals.create(approvalInput({ text: 'other' }))
    expect(await as('ann').page(`/requests/${plain.id}`)).not.toContain('public.customers.email')
  })

  it('tells in which schemas names are looked for, and what a name of the session stands for', async () => {
    const { approvals, as } = stage()
    const told = {
      ...approvalInput({ text: 'EXECUTE p (7)' }),
      path: ['a, b', 'public'],
      definedBy: ['DELETE FROM accounts WHERE id = $1 OR true'],
    }
    const page = await as('ann').page(`/requests/${(await approvals.create(told)).id}`)
    expect(page).toContain('<code>&quot;a, b&quot;, public</code>')
    expect(page).toContain('What a name in it stands for')
    // laid out as any other statement
    expect(page).toContain('<span class="keyword">OR</span>')
    const unknown = await approvals.create({ ...told, path: 'any' })
    expect(await as('ann').page(`/requests/${unknown.id}`)).toContain('schemas that are not known')
  })

  it('says how long a statement is that fits on no screen', async () => {
    const { approvals, as } = stage()
    const text = `UPDATE t SET a = 1 WHERE ${Array.from({ length: 30 }, (_, n) => `id <> ${n}`).join(' AND ')} OR true`
    const { id } = await approvals.create(approvalInput({ text }))
    expect(await as('ann').page(`/requests/${id}`)).toContain('33 lines')
    const literal = await approvals.create(
      approvalInput({ text: `UPDATE t SET a = '${' '.repeat(2400)}' WHERE id = 1 OR true` }),
    )
    expect(await as('ann').page(`/requests/${literal.id}`)).toContain('24 lines')
  })

  it('after a vote says that it was cast, and has no button for it any more', async () => {
    const { approvals, as } = stage()
    const { id } = await approvals.create(approvalInput({}, { quorum: 2 }))
    const ann = as('ann')
    await ann.vote(id, { reason: 'ticket 4711' })
    const page = await ann.page(`/requests/${id}`)
    expect(page).toContain('You have voted on this request.')
    expect(page).not.toContain('<button class="go"')
    expect(page).toContain('“ticket 4711”')
  })

  it('lets approvers take back what they approved, until it is used', async () => {
    const { approvals, as } = stage()
    const input = approvalInput()
    const { id } = await approvals.create(input)
    const ann = as('ann')
    const back = async () => (await ann.page(`/requests/${id}`)).includes('Take the approval back')
    expect(await back()).toBe(false)
    await ann.vote(id, {})
    expect(await back()).toBe(true)
    expect(await approvals.consume(id, input.subject)).toBeDefined()
    expect(await back()).toBe(false)
  })

  it('sends whoever logged in too long ago to log in again, and takes no vote of theirs', async () => {
    const { approvals, as } = stage()
    const { id } = await approvals.create(approvalInput())
    const late = as('ann', { iat: Math.floor(Date.now() / 1000) - 7200 })
    expect(await late.page(`/requests/${id}`)).toContain(`/auth/login?to=/requests/${id}`)
    expect((await late.vote(id, {})).status).toBe(403)
    expect(await approvals.get(id)).toMatchObject({ state: 'pending', votes: [] })
  })

  it('over https, cookies are Secure and bound to the host, and browsers stay with https', async () => {
    const { routes } = stage()
    const answer = await routes.request('/auth/login')
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-chaperone-login-[0-9a-f]{16}=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000')
  })

  it('a vote that cannot be audited is not cast', async () => {
    const { approvals, events, as } = stage()
    const { id } = await approvals.create(approvalInput())
    const ann = as('ann')
    await ann.page(`/requests/${id}`)
    events.push = () => {
      throw new Error('disk full')
    }
    expect((await ann.vote(id, {})).status).toBe(503)
    expect(await approvals.get(id)).toMatchObject({ state: 'pending', votes: [] })
  })
})
