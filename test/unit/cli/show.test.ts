// What `chaperone approvals show` prints of a request.
import { expect, it } from 'vitest'
import { createMemoryApprovals } from '../../../src/approvals/memory.ts'
import { requestAnswer } from '../../../src/cli/approvals/shapes.ts'
import { showRequest } from '../../../src/cli/approvals/show.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'

const shown = async (parts: Partial<ReturnType<typeof approvalInput>>) => {
  const request = await createMemoryApprovals().create({ ...approvalInput(), ...parts })
  return showRequest(requestAnswer.parse(JSON.parse(JSON.stringify(request))), Date.now())
}

it('where names are looked for, and the texts behind EXECUTE and FETCH, have lines of their own', async () => {
  const text = await shown({ path: ['a, b', 'public'], definedBy: ['DELETE FROM t\nWHERE id = $1 OR true'] })
  expect(text).toContain('Names       without a schema are looked up in "a, b", public\n')
  expect(text).toContain('defined by\n  | DELETE FROM t\n  | WHERE id = $1 OR true\n')
  expect(text).toMatch(/^Reads {7}nothing$/m)
})

it('of n of each of several groups it says who has voted for which, and who is still needed', async () => {
  const approvals = createMemoryApprovals()
  const each = [
    { groups: ['reviewers'], people: 1 },
    { groups: ['security'], people: 1 },
  ]
  const terms = { each, quorum: 2, approvers: ['reviewers', 'security'] }
  const { id } = await approvals.create(approvalInput({}, terms))
  await approvals.vote(id, reviewer('ann'), 'approve')
  const request = await approvals.get(id)
  const text = showRequest(requestAnswer.parse(JSON.parse(JSON.stringify(request))), Date.now())
  expect(text).toContain('1 of 2 approved; still needed: 1 of security; may decide')
  expect(text).toContain('approve by ann (https://id.example#ann) as reviewers')
})
