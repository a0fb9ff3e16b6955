// `chaperone sessions live --watch`: what is drawn, and what ends it.
import { describe, expect, it } from 'vitest'
import { AdminRefusal, AdminUnreachable } from '../../../src/cli/admin-client.ts'
import { keepLooking, type LookScreen, lookOverLook } from '../../../src/cli/sessions/watch.ts'

const CLEAR = '\u001b[H\u001b[J'

describe('on a terminal, a look', () => {
  it('is no larger than the terminal, and stays while something is wrong, which is shown and moves nothing', async () => {
    const drawn: string[] = []
    const screen = lookOverLook(
      async (text) => void drawn.push(text),
      () => ({ columns: 14, rows: 5 }),
    )
    await screen.show('one two three four\nfive\nsix\nseven\n')
    await screen.trouble('gone\u001b[2J')
    expect(drawn).toEqual([
      `${CLEAR}one two three \nfive\n\nCtrl-C ends th\n`,
      `${CLEAR}one two three \nfive\n\n! gone\\u{1b}[2\n`,
    ])
  })
})

describe('looking again', () => {
  const refused = new AdminRefusal('unauthorized', 'no', undefined)
  const passing = new AdminUnreachable('nobody answers')

  /** Each look is one of these, and the last of them ends it. */
  function looks(...outcomes: readonly (string | Error)[]) {
    const seen: string[] = []
    const ending = new AbortController()
    const screen: LookScreen = {
      show: async (text) => void seen.push(text),
      trouble: async (problem) => void seen.push(`! ${problem}`),
    }
    const left = [...outcomes]
    const look = async () => {
      const outcome = left.shift() ?? ''
      if (left.length === 0) ending.abort()
      if (outcome instanceof Error) throw outcome
      return outcome
    }
    return { seen, done: keepLooking(look, screen, ending.signal, 1) }
  }

  it.each([refused, passing])('does not begin where the first look fails', async (error) => {
    const { seen, done } = looks(error)
    await expect(done).rejects.toBe(error)
    expect(seen).toEqual([])
  })

  it('goes on when nobody answers for a while, and ends with what time does not heal', async () => {
    const passed = looks('one', passing)
    await passed.done
    expect(passed.seen).toEqual(['one', '! nobody answers'])
    const ended = looks('one', refused)
    await expect(ended.done).rejects.toBe(refused)
  })
})
