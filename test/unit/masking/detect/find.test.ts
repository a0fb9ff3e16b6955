// What each detector finds, and what it leaves alone. Numbers are test numbers of the networks, or made up.
import { describe, expect, it } from 'vitest'
import { DETECTORS } from '../../../../src/config/rules-schema.ts'
import { createCleanser } from '../../../../src/masking/detect/cleanse.ts'
import { type Detector, describeDetectors } from '../../../../src/masking/detect/found.ts'
import { createScanner } from '../../../../src/masking/detect/scan.ts'
import { costOf } from '../../../support/cost.ts'

/** In two pieces, so that scanners of source code do not take them for what they look like. */
const joined = (...parts: string[]) => parts.join('')
const JWT = joined(
  'eyJhbGciOiJIUzI1NiJ9',
  '.eyJzdWIiOiIxMjM0NTY3ODkwIn0',
  '.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P',
)
const KEY = joined('-----BEGIN RSA PRIVATE ', 'KEY-----\nMIIEpAIBAAKC\nAQEA75\n-----END RSA PRIVATE KEY-----')

const found = (text: string, detectors: readonly Detector[] = DETECTORS) => {
  const bytes = Buffer.from(text)
  const scanner = createScanner(new Set(detectors))
  const finds = scanner.find(bytes)
  // What the quick look leaves out is never looked at.
  if (finds.length > 0) expect(scanner.suspects(bytes, 0, bytes.length)).toBe(true)
  return finds.map(({ detector, start, end }) => [detector, bytes.toString('utf8', start, end)])
}

describe('found', () => {
  it.each<[Detector, string, string?]>([
    ['card', '4111111111111111'],
    ['card', 'paid with 4111 1111 1111 1111 12/29', '4111 1111 1111 1111'],
    ['card', '4111-1111-1111-1111'],
    ['card', 'card4111111111111111x', '4111111111111111'],
    ['card', '3782 822463 10005'],
    ['card', '378282246310005'],
    ['card', '30569309025904'],
    ['card', '6011000990139424'],
    ['card', '5555555555554444.00', '5555555555554444'],
    ['card', '2223003122003222'],
    ['card', '3530111333300000'],
    ['card', '6759649826438453'],
    ['card', '6304000000000000'],
    ['card', '0815 4111111111111111', '4111111111111111'],
    ['iban', 'DE89370400440532013000'],
    ['iban', 'to GB82 WEST 1234 5698 7654 32 today', 'GB82 WEST 1234 5698 7654 32'],
    ['iban', 'fr1420041010050500013m02606'],
    ['iban', 'NO9386011117947'],
    ['email', 'ada@example.com'],
    ['email', 'Ada <ada.l+x@mail.example.co.uk>,', 'ada.l+x@mail.example.co.uk'],
    ['email', "'ada@example.com'", 'ada@example.com'],
    ['email', '?to=ada@example.com&x', 'ada@example.com'],
    ['email', 'jürgen@münchen.example'],
    ['email', 'ada@xn--mnchen-3ya.xn--p1ai'],
    ['email', '.ada@example.com.', 'ada@example.com'],
    ['email', 'ada@example.com1', 'ada@example.com1'],
    ['us-ssn', '078-05-1120'],
    ['us-ssn', 'ssn:078-05-1120,', '078-05-1120'],
    ['us-ssn', '7 078-05-1120 9', '078-05-1120'],
    ['us-ssn', '078 05 1120'],
    ['phone', '+49 (0)89 1234567'],
    ['phone', '+12025550101'],
    ['phone', '(202) 555-0143'],
    ['phone', 'call 202.555.0143 x12', '202.555.0143'],
    ['jwt', JWT],
    ['jwt', `Bearer ${JWT},`, JWT],
    ['private-key', KEY],
    ['private-key', `a${KEY}b`, KEY],
    ['private-key', KEY.slice(0, 45)],
    ['aws-key', joined('AKIA', 'IOSFODNN7EXAMPLE')],
    ['github-token', joined('ghp_', 'a'.repeat(36))],
    ['gitlab-token', joined('glpat-', 'aB3_'.repeat(5))],
    ['slack-token', joined('xoxb-', '123456789012-abcdefghijkl')],
    ['slack-token', joined('hooks.slack.com/', 'services/T0/B0/', 'x'.repeat(24))],
    ['stripe-key', joined('sk_live_', 'abcdefghij0123456789')],
    ['google-api-key', joined('AIza', 'b'.repeat(35))],
    ['api-token', joined('npm_', 'a'.repeat(36))],
    ['api-token', joined('AGE-SECRET-', 'KEY-1', 'Q'.repeat(58))],
  ])('%s: %s', (detector, text, find = text) => {
    expect(found(text)).toEqual([[detector, find]])
    expect(found(text, [detector])).toEqual([[detector, find]])
  })
})

describe('left alone', () => {
  it.each([
    ['a card number with a wrong check digit', '4111111111111112'],
    ['a card number in a longer one', '14111111111111111'],
    ['the digits of a fraction', '0.4111111111111111'],
    ['a number that no network issues', '9111111111111111'],
    ['a time in microseconds', '1764119999999999'],
    ['an article number', '4518285185283'],
    ['a UUID of groups like a card', '0bf1c1d6-4106-4669-8486-66986f726f94'],
    ['a word with sk_ in it', 'task_test_vflt1tp8jqfamx31z5iuhiupanji3w'],
    ['a word with hf_ in it', 'hf_servingcellpriorityparametersdescription'],
    ['a hug and a kiss', 'images/xoxo-indieweb-1.jpg'],
    ['groups that no card has', '41 11 11 11 11 11 11 11'],
    ['an IBAN with wrong check digits', 'DE88370400440532013000'],
    ['an IBAN of no country', 'XX89370400440532013000'],
    ['an IBAN in a word', 'aDE89370400440532013000'],
    ['a host without a name', 'ada@localhost'],
    ['a file with an at sign', 'logo@2x.png'],
    ['a version', 'left-pad@1.3.0'],
    ['a mention', '@ada said'],
    ['an area that is not given out', '666-05-1120'],
    ['a serial of zeros', '078-05-0000'],
    ['a date and a number', '2026-11-26 1234'],
    ['a longer number', '078-05-1120-7'],
    ['a UUID', '01890a5d-ac96-774b-bcce-b302099a8057'],
    ['an address of a host', '192.168.100.200'],
    ['a public key', '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----'],
    ['a prefix alone', 'ghp_ sk_live_ glpat- AKIA eyJ'],
    ['plain words', 'Order 10042 shipped on 2026-11-26, tracking 1Z999'],
  ])('%s: %s', (_, text) => {
    expect(found(text)).toEqual([])
  })
})

it('each of several is found, whatever stands between them', () => {
  const text = `4111111111111111,ada@example.com;078-05-1120|DE89370400440532013000\t${JWT}`
  expect(found(text).map(([detector]) => detector)).toEqual(['card', 'email', 'us-ssn', 'iban', 'jwt'])
})

it('only what is asked for is found', () => {
  expect(found('4111111111111111 ada@example.com', ['email'])).toEqual([['email', 'ada@example.com']])
})

const employee: Detector = { prefix: 'EMP-', of: 'digits', min: 6, max: 6 }
const ticket: Detector = { prefix: 'T2-', of: 'token', min: 3 }
const trace: Detector = { prefix: 'x:', of: 'hex', min: 4, max: 8 }

describe('what identifiers of one’s own look like', () => {
  it.each<[string, Detector, string, string[]]>([
    ['alone', employee, 'EMP-123456', ['EMP-123456']],
    ['in a sentence', employee, 'by EMP-123456, EMP-654321.', ['EMP-123456', 'EMP-654321']],
    ['behind its own prefix', employee, 'EMP-EMP-123456', ['EMP-123456']],
    ['behind a letter of another alphabet', employee, 'éEMP-123456', ['EMP-123456']],
    ['too short', employee, 'EMP-12345 EMP-', []],
    ['too long', employee, 'EMP-1234567 EMP-123456a', []],
    ['in a word', employee, 'TEMP-123456', []],
    ['in other case', employee, 'emp-123456', []],
    ['without a longest', ticket, `T2-${'a_-9'.repeat(500)}`, [`T2-${'a_-9'.repeat(500)}`]],
    ['in either case', trace, 'x:dEaD x:beeg x:123456789', ['x:dEaD']],
  ])('%s', (_, detector, text, finds) => {
    expect(found(text, [detector])).toEqual(finds.map((find) => [detector, find]))
  })

  it('is told in words', () => {
    expect(describeDetectors([employee, 'card', ticket, trace])).toBe(
      '"EMP-" and 6 digits, card, "T2-" and 3 or more letters, digits, _ or -, "x:" and 4 to 8 hexadecimal digits',
    )
  })

  it('is found beside one that begins alike', () => {
    const live = joined('sk_live_', 'abcdefghij0123456789')
    const wide: Detector = { prefix: 'sk_live_', of: 'token', min: 5 }
    expect(found(`${live}-rest`, ['stripe-key', wide])).toEqual([
      ['stripe-key', live],
      [wide, `${live}-rest`],
    ])
  })
})

/** Texts that make a scanner look far for nothing, again and again. */
const HARD = [
  'eyJ',
  'eyJabcdefghijkl.',
  '@',
  'a@a.',
  '4111 ',
  '1-',
  '-----BEGIN ',
  '-----BEGIN PRIVATE KEY-----',
  '+1',
  'DE89',
  'glpat-',
  'AKIA',
  '\\u004',
  '\\x41',
  '\\',
  '411111111111111',
  'T2-',
  'a-',
  'EMP-1',
  '\\/',
  '\\x414243',
]

/** Long runs in which others begin, and which are too long for what is looked for. */
const OWN: readonly Detector[] = [
  employee,
  ticket,
  { prefix: 'a-', of: 'token', min: 1, max: 512 },
  { prefix: 'a-', of: 'token', min: 512, max: 512 },
]

it.each([String.raw`{"a":"acme\/key-123456"}`, String.raw`"{\"a\":\"acme\\/key-123456\"}"`])(
  'one’s own is found where its slash is escaped: %s',
  (text) => {
    const own: Detector = { prefix: 'acme/key-', of: 'digits', min: 6 }
    const { cleanse } = createCleanser(new Map([[own, { kind: 'redact' }]]))
    expect(Buffer.from(cleanse(Buffer.from(text))).toString()).not.toContain('123456')
  },
)

it('three bytes of one’s own are found in hexadecimal', () => {
  const own: Detector = { prefix: 'E-', of: 'digits', min: 1 }
  const { cleanse } = createCleanser(new Map([[own, { kind: 'redact' }]]))
  expect(Buffer.from(cleanse(Buffer.from(String.raw`as \x452d37 here`))).toString()).toBe(
    String.raw`as \x2a2a2a here`,
  )
})

it('a webhook is found where JSON in a text escapes its slashes', () => {
  const text = String.raw`{"at":"hooks.slack.com\/services\/T0\/B0\/${'x'.repeat(24)}"}`
  const { cleanse } = createCleanser(new Map([['slack-token', { kind: 'redact' }]]))
  expect(Buffer.from(cleanse(Buffer.from(text))).toString()).toBe('{"at":"***"}')
})

it.each(HARD)('time is linear in a text of many %j', (piece) => {
  const { cleanse } = createCleanser(
    new Map([...DETECTORS, ...OWN].map((detector) => [detector, { kind: 'redact' }])),
  )
  const took = (length: number) => {
    const text = Buffer.from(piece.repeat(length / piece.length))
    return costOf(() => cleanse(text)).turns
  }
  took(100_000)
  // A quadratic one would take minutes for a megabyte.
  expect(took(1_000_000)).toBeLessThan(100)
})
