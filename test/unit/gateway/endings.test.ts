// What a client is told when its session ends by something that nobody asked for.
import { expect, it } from 'vitest'
import { Unrecorded } from '../../../src/core/errors.ts'
import { refusalFor } from '../../../src/gateway/endings.ts'
import { RecordingFull } from '../../../src/recording/event.ts'

it('a recording that is full names the limit, and not an internal error', () => {
  const refusal = refusalFor(new RecordingFull('the recording of session s reached 65536 bytes'))
  expect(refusal).toMatchObject({ code: 'limit-exceeded' })
  expect(refusal.hint).toContain('recordings.max_session')
})

it('a disk that takes no record is told as that, without its paths', () => {
  const refusal = refusalFor(new Unrecorded('the recording /var/x.jsonl cannot be written: ENOSPC'))
  expect(refusal).toMatchObject({ code: 'unrecorded' })
  expect(JSON.stringify(refusal)).not.toMatch(/var|ENOSPC/)
})

it('a defect stays an internal error', () => {
  expect(refusalFor(new TypeError('x is undefined'))).toEqual({
    code: 'internal',
    message: 'the session ended because of an internal error',
  })
})
