// What servers of others say is told in a line that cannot harm, without what Chaperone told them.
import { describe, expect, it } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { saidByServer } from '../../../src/telemetry/said.ts'

describe('what a server says', () => {
  it('stays as it is where it is a sentence', () => {
    const text = 'AADSTS50011: The redirect URI does not match the one of the application.'
    expect(saidByServer(text)).toBe(text)
  })

  it('is one line of printable characters', () => {
    expect(saidByServer('no\r\nlevel=error \u001b[2J\u202egnp.exe\u2028\u0085')).toBe(
      'no\\r\\nlevel=error \\u{1b}[2J\\u{202e}gnp.exe\\u{2028}\\u{85}',
    )
  })

  it('is cut', () => {
    expect(saidByServer('é'.repeat(100_000))).toBe(`${'é'.repeat(300)}…`)
    expect(saidByServer('\u0000'.repeat(100_000))).toHaveLength(301)
  })

  it.each([
    ['plain', 'p@ss w0rd/+é&=', 'p@ss w0rd/+é&='],
    ['in an address', 'p@ss w0rd/+é&=', encodeURIComponent('p@ss w0rd/+é&=')],
    ['in a form', 'p@ss w0rd/+é&=', new URLSearchParams({ a: 'p@ss w0rd/+é&=' }).toString().slice(2)],
    ['more than once, and where it is cut', 'hunter2-hunter2', 'hunter2-hunter2 '.repeat(400)],
  ])('does not repeat what it was told, %s', (_, secret, repeated) => {
    const told = saidByServer(`invalid: "${repeated}"`, [undefined, new Secret(secret)])
    expect(told).toMatch(/^invalid: "<redacted>/)
    expect(told).not.toMatch(/w0rd|hunter2/)
  })

  it('has nothing that looks like a credential', () => {
    expect(saidByServer('bad client_secret=abcdefg and eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.')).not.toMatch(
      /abcdefg|eyJ/,
    )
  })
})
