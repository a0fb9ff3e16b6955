// The page of the policy: what a lockdown refuses, and what identifiers of one's own a mask looks for.
import { describe, expect, it } from 'vitest'
import { compilePolicy } from '../../../../src/policy/policy.ts'
import { changed, GOOD_CONFIG, parse } from '../../../support/config.ts'
import { stage } from '../../../support/console-routes.ts'

const pageOf = (text: string) => {
  const policy = compilePolicy(parse(text))
  return stage({ policy: () => policy, who: { auditors: ['reviewers'] } })
    .as('ann')
    .page('/policy')
}

describe('the page of the policy', () => {
  it('shows a lockdown with its reason, and who is excepted', async () => {
    const page = await pageOf(
      `${GOOD_CONFIG}lockdown: { resources: [orders], reason: "INC-42 <b>", except_groups: [sec] }\n`,
    )
    expect(page).toContain('everything is refused')
    expect(page).toContain('INC-42 &lt;b&gt;')
    expect(page).toMatch(/except groups<\/dt><dd>sec</)
    expect(await pageOf(GOOD_CONFIG)).not.toContain('Lockdown')
  })

  it('shows what a mask looks for', async () => {
    const detect = 'detect: [email, { prefix: EMP-, of: digits, min: 6 }]'
    expect(await pageOf(changed('columns: [public.customers.email]', detect))).toContain(
      'email, prefix EMP-; of digits; min 6',
    )
  })
})
