// Our minimal protos against the full ones that @grpc/grpc-js-xds ships.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PROTOS } from '../../../src/envoy/protos.ts'

const shipped = join(
  dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js-xds/package.json')),
  'deps/envoy-api',
)

/** package.Message.field to `label type number`, read from the text: enough for flat messages without options. */
function fields(path: string): Map<string, string> {
  const text = readFileSync(path, 'utf8')
    .replace(/\/\/.*$/gm, '')
    .replace(/\[[^\]]*\]/g, '')
  const found = new Map<string, string>()
  const nesting: string[] = [/^package\s+([\w.]+);/m.exec(text)?.[1] ?? '']
  for (const [, opened, closed, label, type, name, number] of text.matchAll(
    /(?:message|enum|oneof|service)\s+(\w+)\s*\{|(\})|(?:(repeated)\s+)?([\w.]+|map<[^>]+>)\s+(\w+)\s*=\s*(\d+)\s*;/g,
  )) {
    if (opened) nesting.push(opened)
    else if (closed) nesting.pop()
    else {
      const base = type?.startsWith('map<') ? type.replace(/\s/g, '') : (type?.split('.').at(-1) ?? '')
      found.set([...nesting, name].join('.'), `${label ?? ''} ${base} ${number}`)
    }
  }
  return found
}

describe('every field of our protos has the name, type and number of Envoy’s', () => {
  test.each([
    'envoy/service/discovery/v3/discovery.proto',
    'envoy/extensions/transport_sockets/tls/v3/secret.proto',
    'envoy/extensions/transport_sockets/tls/v3/common.proto',
    'envoy/config/core/v3/base.proto',
  ])('%s', (file) => {
    const ours = fields(join(PROTOS, file))
    const theirs = fields(join(shipped, file))
    expect(ours.size).toBeGreaterThan(0)
    for (const [name, shape] of ours) expect(`${name}: ${theirs.get(name)}`).toBe(`${name}: ${shape}`)
  })

  test('the methods of secret discovery', () => {
    const methods = (root: string) =>
      [
        ...readFileSync(join(root, 'envoy/service/secret/v3/sds.proto'), 'utf8').matchAll(
          /rpc (\w+)\((stream )?([\w.]+)\)\s+returns \((stream )?([\w.]+)\)/g,
        ),
      ].map(([, name, inStream, input, outStream, output]) =>
        [name, inStream, input?.split('.').at(-1), outStream, output?.split('.').at(-1)].join(' '),
      )
    const ours = methods(PROTOS)
    expect(ours).toHaveLength(2)
    expect(methods(shipped)).toEqual(expect.arrayContaining(ours))
  })
})
