// Text from outside on a page: no markup, nothing invisible, and nothing that moves its neighbours.
import { describe, expect, it } from 'vitest'
import { cut, visible, visibleLines, visibleValue } from '../../../../src/console/web/visible.ts'
import { printable } from '../../../../src/core/printable.ts'

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
    ['braille of no dots', '\u2800', '\\u{2800}'],
    ['what is no character', '\uffff', '\\u{ffff}'],
  ])('shows %s as its code, on one line and on several', async (_, character, code) => {
    expect(await shown(visible(`a${character}b`))).toBe(`a${code}b`)
    expect(await shown(visibleLines(`a${character}b`))).toBe(`a${code}b`)
  })

  it.each([
    ['on a sign', '=\u0338 5', '=\\u{338} 5'],
    ['on nothing', '\u0338orders', '\\u{338}orders'],
    ['on a letter that is drawn as nothing', 'a\u3164\u0338', 'a\\u{3164}\\u{338}'],
    ['on a heap', 'a\u0301\u0302\u0303\u0304', 'a\u0301\u0302\u0303\\u{304}'],
    ['on a letter, as people write them', 'Ma\u0301ria \u05e9\u05c1\u05b8', 'Ma\u0301ria \u05e9\u05c1\u05b8'],
  ])('shows a mark %s so that it is drawn over no neighbour', async (_, given, seen) => {
    expect(await shown(visible(given))).toBe(seen)
    expect(await shown(visibleLines(given))).toBe(seen)
    expect(printable(given)).toBe(seen)
  })

  it.each([
    ['several', 'a   b', 'a \\u{20}\\u{20}b'],
    ['at the edges', ' a ', '\\u{20}a\\u{20}'],
  ])('shows blanks that HTML would not draw: %s', async (_, given, seen) => {
    expect(await shown(visible(given))).toBe(seen)
    expect(await shown(visibleLines(given))).toBe(given)
    expect(await shown(visibleValue(given))).toBe(given)
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
