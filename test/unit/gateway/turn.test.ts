import { expect, it } from 'vitest'
import { turnTime } from '../../../src/core/turn-time.ts'
import { atTurnEnd, runTurn } from '../../../src/gateway/turn.ts'

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

it('what is asked for the end of a turn is done when the turn returns, behind all of its work, and so is what that asks for', () => {
  const done: string[] = []
  runTurn(() => {
    atTurnEnd(() => {
      done.push('end of the first')
      atTurnEnd(() => done.push('end of the end'))
    })
    done.push('first')
    runTurn(() => {
      atTurnEnd(() => done.push('end of the second'))
      done.push('second')
    })
  })
  expect(done).toEqual(['first', 'second', 'end of the first', 'end of the second', 'end of the end'])
})

it('outside of a turn it is done before the next turn of the event loop', async () => {
  const done: string[] = []
  atTurnEnd(() => done.push('one'))
  atTurnEnd(() => done.push('two'))
  expect(done).toEqual([])
  await nextTurn()
  expect(done).toEqual(['one', 'two'])
})

it('a turn does what waits from before it, once', async () => {
  const done: string[] = []
  atTurnEnd(() => done.push('waits'))
  runTurn(() => done.push('work'))
  expect(done).toEqual(['work', 'waits'])
  await nextTurn()
  expect(done).toEqual(['work', 'waits'])
})

it('work that throws ends its turn, and what it had asked for is done', () => {
  const done: string[] = []
  const failing = () =>
    runTurn(() => {
      atTurnEnd(() => done.push('end'))
      throw new Error('defect')
    })
  expect(failing).toThrow('defect')
  expect(done).toEqual(['end'])
})

const untilLater = (than: number) => {
  while (performance.now() <= than) {
    // The clock goes on meanwhile.
  }
}

it('time stands still in a turn, up to the end of what waits for it, and goes on behind it', () => {
  const before = turnTime()
  let began = 0
  let atEnd = 0
  runTurn(() => {
    began = turnTime()
    untilLater(began)
    atTurnEnd(() => {
      atEnd = turnTime()
    })
  })
  expect(began).toBeGreaterThanOrEqual(before)
  expect(atEnd).toBe(began)
  expect(turnTime()).toBeGreaterThan(began)
})

it('time goes on behind a turn that failed', () => {
  expect(() =>
    runTurn(() => {
      throw new Error('defect')
    }),
  ).toThrow('defect')
  const then = turnTime()
  untilLater(then)
  expect(turnTime()).toBeGreaterThan(then)
})
