// Text from outside on a page: no markup, nothing invisible, and nothing that moves its neighbours.
import { describe, expect, it } from 'vitest'
import { cut, visible, visibleLines } from '../../../../src/console/web/visible.ts'

const text = async (html: ReturnType<typeof visible>) => String(await html)
const shown = async (html: ReturnType<typeof visible>) => (await text(html)).replaceAll(/<[^>]*>/g, '')

describe('text on a page', () => {
  it('is never markup', async () => {
    expect(await text(visible(`<b onclick='x'>"&</b>`))).toBe(
      '&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;&lt;/b&gt;',
    )
  })

  it.each([
    ['a right-to-left override', '\u202e', '\\u{202e}'],
    ['an isolate', '\u2066', '\\u{2066}'],
    ['a zero-width space', '\u200b', '\\u{200b}'],
    ['a no-break space', '\u00a0', '\\u{a0}'],
    ['an ideographic space', '\u3000', '\\u{3000}'],
    ['a Hangul filler', '\u3164', '\\u{3164}'],
    ['a variation selector', '\ufe0f', '\\u{fe0f}'],
    ['a tag character', '\u{e0041}', '\\u{e0041}'],
    ['a lone surrogate', '\ud800', '\\u{d800}'],
    ['a null', '\0', '\\u{0}'],
    ['an escape', '\u001b', '\\u{1b}'],
    ['a carriage return', '\r', '\\r'],
    ['a line separator', '\u2028', '\\u{2028}'],
  ])('shows %s as its code, on one line and on several', async (_, character, code) => {
    expect(await shown(visible(`a${character}b`))).toBe(`a${code}b`)
    expect(await shown(visibleLines(`a${character}b`))).toBe(`a${code}b`)
  })

  it('keeps line breaks and tabs only where lines are kept', async () => {
    expect(await shown(visible('a\n\tb'))).toBe('a\\n\\tb')
    expect(await shown(visibleLines('a\n\tb'))).toBe('a\n\tb')
  })

  it('is cut between characters', () => {
    expect(cut('a😀b', 2)).toBe('a😀…')
    expect(cut('a😀', 2)).toBe('a😀')
  })
})
