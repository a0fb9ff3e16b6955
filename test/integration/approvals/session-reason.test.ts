// What a session says of why with its setting chaperone.reason, through the real Envoy and server: whatever clients do to the
// setting, reviewers see what is in force, or the statement is refused for want of a reason.
import { afterAll, beforeAll, expect, it, test } from 'vitest'
import * as f from '../../support/pgwire/frontend.ts'
import { run } from '../../support/stack/clients.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let engineer: string
beforeAll(async () => {
  const rule = { resources: '*' as const, groups: ['engineers'] }
  stack = await startStack({
    config: { masks: {} },
    resources: { fast: { process: 'requests-only', recording: 'off' } },
    policies: {
      held: {
        ...rule,
        decision: 'hold',
        effects: ['update'],
        relations: ['*.orders'],
        approvers: ['approvers'],
        reason: { pattern: 'CHG-*' },
        wait: '0s',
      },
      calls: { ...rule, decision: 'allow', effects: ['call'], objects: ['*.says'] },
    },
  })
  await stack.superuser(`
    CREATE FUNCTION public.says(v text) RETURNS text LANGUAGE sql AS $$SELECT set_config('chaperone.reason', v, false)$$;
    ALTER ROLE app_rw SET chaperone.reason = 'CHG-of-the-role'`)
  engineer = await stack.tokens.person(['engineers'], { subject: 'says-why' })
})
afterAll(() => stack?.stop())

let total = 1000
/** Held, and another statement each time. */
const held = () => `update public.orders set total = ${++total} where id = 10`

/** What reviewers see: the reason, that none was said, or that it was not like the rule's. */
async function outcomeOf(message: string): Promise<string> {
  const id = /request ([a-z2-7]{26}) waits/.exec(message)?.[1]
  if (id !== undefined) return (await stack.reviews.get(id)).stated ?? 'unsaid'
  if (message.includes('it has to be said why')) return 'none'
  return message.includes('has to be like CHG-*') ? 'unlike' : message
}

/** Simple queries in one session, `?` for one that is held; what became of those. */
async function play(steps: readonly string[], resource?: string): Promise<string[]> {
  const client = await stack.connect(engineer, resource === undefined ? {} : { resource })
  const seen: string[] = []
  for (const step of steps) {
    const sql = step.replace('?', held())
    const message = await client.query(sql).then(
      () => 'done',
      (error: Error) => error.message,
    )
    if (step.includes('?')) seen.push(await outcomeOf(message))
  }
  await client.end()
  return seen
}

const set = (reason: string, how = 'set') => `${how} chaperone.reason = '${reason}'`

test.each<[string, readonly string[], readonly string[]]>([
  // The role's own default is said by nobody.
  ['nothing', ['?', 'reset all', '?', 'discard all', '?'], ['none', 'none', 'none']],
  ['set, and set again', [set('CHG-1'), '?', '?', set('CHG-2'), '?'], ['CHG-1', 'CHG-1', 'CHG-2']],
  ['not like the pattern', [set('.'), '?', set('see CHG-1'), '?'], ['unlike', 'unlike']],
  [
    'a comment wins',
    [set('.'), '? /* reason: CHG-3 */', set('CHG-1'), '? /* reason: . */'],
    ['CHG-3', 'unlike'],
  ],
  ['by a name in another case', ['set "CHAPERONE"."Reason" to \'CHG-1\'', '?'], ['CHG-1']],
  ['set_config', ["select set_config('chaperone.reason', 'CHG-1', false)", '?'], ['CHG-1']],
  [
    'set_config for a transaction that is over',
    ["select set_config('chaperone.reason', 'CHG-1', true)", '?'],
    ['none'],
  ],
  [
    'prepared',
    ["prepare p as select set_config('chaperone.reason', $1, false)", "execute p('CHG-1')", '?'],
    ['CHG-1'],
  ],
  ['emptied', [set('CHG-1'), set(''), '?'], ['none']],
  ['local', ['begin', set('CHG-1', 'set local'), '?', 'rollback', '?'], ['CHG-1', 'none']],
  ['local until the end', [set('CHG-1'), 'begin', set('CHG-2', 'set local'), 'commit', '?'], ['CHG-1']],
  ['local without a transaction', [set('CHG-1', 'set local'), '?'], ['none']],
  ['rolled back', [set('CHG-1'), 'begin', set('CHG-2'), 'rollback', '?'], ['CHG-1']],
  [
    'rolled back to a point',
    ['begin', set('CHG-1'), 'savepoint s', set('CHG-2'), 'rollback to s', '?'],
    ['CHG-1'],
  ],
  ['failed', [set('CHG-1'), 'begin', set('CHG-2'), 'select 1/0', '?', 'rollback', '?'], ['none', 'CHG-1']],
  ['in a text that fails', [set('CHG-1'), `${set('CHG-2')}; select 1/0`, '?'], ['CHG-1']],
  // Its reviewers would see what was said before.
  ['in the same text', [set('CHG-1'), `${set('CHG-2')}; ?`, '?'], ['none', 'CHG-1']],
  ['by a function', [set('CHG-1'), "select public.says('CHG-2')", '?'], ['CHG-2']],
  ['by a function alone', ["select public.says('CHG-2')", '?'], ['none']],
])('%s', async (_what, steps, seen) => {
  expect(await play(steps)).toEqual(seen)
})

it('after a reset the role’s own default is no reason either', async () => {
  for (const reset of [
    'reset chaperone.reason',
    'reset all',
    'discard all',
    'set chaperone.reason to default',
  ])
    expect(await play([set('CHG-1'), reset, '?']), reset).toEqual(['none'])
})

it('stock psql says it with its login, and with SET, and its statement runs once it is approved', async () => {
  const sql = held()
  const psql = (options: string, input: string) =>
    run('psql', [`${stack.conninfo()} options='${options}'`, '-XAtf', '-'], engineer, input)
  const refused = await psql('', `${sql};`)
  expect(refused.stderr).toContain("SET chaperone.reason = '…'")
  const login = await psql('-c chaperone.reason=CHG-7', `${sql};\n${set('CHG-8')};\n${sql};`)
  expect(login.stderr.match(/waits for approval/g)).toHaveLength(2)
  expect(login.stderr).toContain('the same statement again with the same chaperone.reason once')
  const ids = [...login.stderr.matchAll(/request ([a-z2-7]{26}) waits/g)].map(([, id = '']) => id)
  const requests = await Promise.all(ids.map((id) => stack.reviews.get(id)))
  expect(requests.map(({ stated }) => stated)).toEqual(['CHG-7', 'CHG-8'])
  await stack.reviews.approve(ids[1] ?? '')
  // What was approved for another reason is not for this one.
  expect((await psql('-c chaperone.reason=CHG-7', `${sql};`)).stderr).toContain('waits for approval')
  expect(await psql('', `${set('CHG-8')};\n${sql};`)).toMatchObject({ stdout: 'SET\nUPDATE 1\n' })
  const audited = stack.audit().filter(({ operation }) => operation === `${sql};`)
  expect(audited.map(({ outcome, sessionReason }) => [outcome, sessionReason])).toEqual([
    ['deny', undefined],
    ...['CHG-7', 'CHG-8', 'CHG-7', 'CHG-8'].map((reason) => ['hold', reason]),
  ])
})

it('a pipeline has the reason that is in force where its statement runs', async () => {
  const client = await stack.wire(engineer)
  const once = (sql: string) => [f.parse({ sql }), f.bind({}), f.execute()]
  client.send(...once(set('CHG-1')), ...once(held()), f.sync())
  const first = await client.until('ReadyForQuery')
  client.send(...once(held()), f.sync())
  const undone = await client.until('ReadyForQuery')
  const errors = [...first, ...undone].flatMap((one) =>
    one.kind === 'ErrorResponse' ? [one.fields.M ?? ''] : [],
  )
  expect(await Promise.all(errors.map(outcomeOf))).toEqual(['CHG-1', 'none'])
  client.destroy()
})

it('where results go past, the login says it, until something may have changed it', async () => {
  const past = (input: string) =>
    run(
      'psql',
      [`${stack.conninfo({ resource: 'fast' })} options='-c chaperone.reason=CHG-7'`, '-XAtf', '-'],
      engineer,
      input,
    )
  expect((await past(`${held()};`)).stderr).toContain('waits for approval')
  for (const change of [set('CHG-8'), "select public.says('CHG-8')"]) {
    const { stderr } = await past(`${change};\n${held()};`)
    expect(stderr, change).toContain('it has to be said why')
    expect(stderr, change).not.toContain('SET chaperone.reason')
  }
})
