// The examples of RFC 7541, appendix C, and what the specification forbids.
import { describe, expect, it } from 'vitest'
import { createHpackDecoder, encodeHeaders, encodeInteger } from '../../../src/http2/hpack.ts'

const MAX_LIST = 16 * 1024
const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')
const DATE = 'Mon, 21 Oct 2013 20:13:21 GMT'
const LATER = 'Mon, 21 Oct 2013 20:13:22 GMT'
const COOKIE = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'
const EXAMPLE: readonly [string, string] = [':authority', 'www.example.com']

const REQUESTS = [
  [[':method', 'GET'], [':scheme', 'http'], [':path', '/'], EXAMPLE],
  [[':method', 'GET'], [':scheme', 'http'], [':path', '/'], EXAMPLE, ['cache-control', 'no-cache']],
  [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/index.html'],
    EXAMPLE,
    ['custom-key', 'custom-value'],
  ],
]
const PRIVATE = [
  ['cache-control', 'private'],
  ['date', DATE],
  ['location', 'https://www.example.com'],
]
const RESPONSES = [
  [[':status', '302'], ...PRIVATE],
  [[':status', '307'], ...PRIVATE],
  [
    [':status', '200'],
    ['cache-control', 'private'],
    ['date', LATER],
    ['location', 'https://www.example.com'],
    ['content-encoding', 'gzip'],
    ['set-cookie', COOKIE],
  ],
]
/** The examples of C.5 and C.6 have a table of 256 bytes: a size update of section 6.3. */
const TABLE_OF_256 = '3fe101'

describe('RFC 7541, appendix C', () => {
  it.each([
    ['C.1.1', 10, 5, '0a'],
    ['C.1.2', 1337, 5, '1f9a0a'],
    ['C.1.3', 42, 8, '2a'],
  ])('%s: the integer %d', (_, value, prefix, bytes) => {
    expect(encodeInteger(value, prefix).toString('hex')).toBe(bytes)
  })

  it.each([
    [
      'C.2.1',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      'custom-key',
      'custom-header',
    ],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', ':path', '/sample/path'],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', 'password', 'secret'],
    ['C.2.4', '82', ':method', 'GET'],
  ])('%s: one field', (_, bytes, name, value) => {
    expect(createHpackDecoder(MAX_LIST).decode(hex(bytes))).toEqual([[name, value]])
  })

  it.each([
    [
      'C.3: requests without Huffman',
      REQUESTS,
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    ],
    [
      'C.4: requests with Huffman',
      REQUESTS,
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    ],
    [
      'C.5: responses without Huffman, with evictions',
      RESPONSES,
      [
        `${TABLE_OF_256} 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
         2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        '4803 3330 37c1 c0bf',
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970
         7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61
         6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
      ],
    ],
    [
      'C.6: responses with Huffman, with evictions',
      RESPONSES,
      [
        `${TABLE_OF_256} 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
         2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        '4883 640e ffc1 c0bf',
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2
         e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ],
    ],
  ])('%s', (_, expected, blocks) => {
    const decoder = createHpackDecoder(MAX_LIST)
    expect(blocks.map((block) => decoder.decode(hex(block)))).toEqual(expected)
  })
})

describe('what is no header block ends the connection', () => {
  it.each([
    ['index 0', '80'],
    ['an index past the static table, with nothing in the dynamic one', 'be'],
    ['an index of more than 28 bits', 'ffffffffffff01'],
    ['an integer without an end', 'ff80'],
    ['a string past the end of its block', '0003 61'],
    ['a block that ends in a field', '40'],
    ['a size update behind a field', '82 20'],
    ['a table larger than SETTINGS_HEADER_TABLE_SIZE', '3fe21f'],
    ['EOS inside a Huffman string', '0084 ffff ffff 00'],
    ['Huffman padding of zeros', '0081 18 00'],
    ['Huffman padding of more than seven bits', '0082 1fff 00'],
  ])('%s', (_, block) => {
    expect(() => createHpackDecoder(MAX_LIST).decode(hex(block))).toThrow(
      expect.objectContaining({ name: 'ConnectionError', code: 0x9 }),
    )
  })
})

describe('a list that is longer than allowed', () => {
  it('gives no fields, takes no memory, and leaves the table right for the next block', () => {
    const decoder = createHpackDecoder(200)
    // One entry of 100 bytes, named ten thousand times over: a megabyte out of 10 KB (an HPACK bomb).
    const entry = Buffer.concat([hex('4001 61 64'), Buffer.alloc(100, 'x')])
    expect(decoder.decode(Buffer.concat([entry, Buffer.alloc(10_000, 0xbe)]))).toBeUndefined()
    expect(decoder.decode(hex('be'))).toEqual([['a', 'x'.repeat(100)]])
  })
})

describe('header blocks that are sent', () => {
  it('say the same to a decoder whatever its table', () => {
    const fields: [string, string][] = [
      [':status', '200'],
      ['grpc-message', 'x'.repeat(300)],
    ]
    expect(createHpackDecoder(MAX_LIST).decode(encodeHeaders(fields))).toEqual(fields)
  })
})
