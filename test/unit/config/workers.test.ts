// Several processes behind one Envoy: where they listen and write, and what is refused.
import { describe, expect, it } from 'vitest'
import { workerWarnings } from '../../../src/cli/check/workers.ts'
import { parseConfig } from '../../../src/config/load.ts'
import { workerAddresses } from '../../../src/config/workers.ts'
import { changed, complaints } from '../../support/config.ts'

describe('addresses of workers', () => {
  it.each([
    ['unix:/run/c/processor.sock', ['unix:/run/c/processor-1.sock', 'unix:/run/c/processor-2.sock']],
    ['unix:/run/c.d/processor', ['unix:/run/c.d/processor-1', 'unix:/run/c.d/processor-2']],
    ['127.0.0.1:7000', ['127.0.0.1:7000', '127.0.0.1:7001']],
    ['[::1]:7000', ['[::1]:7000', '[::1]:7001']],
  ])('of %s are %j', (address, expected) => {
    expect(workerAddresses(address, 2)).toEqual(expected)
    expect(workerAddresses(address, 1)).toEqual([address])
  })
})

describe('several workers are refused', () => {
  const processor = (yaml: string) => changed('version: 1', `version: 1\nprocessor: { ${yaml} }`)
  it('with approvals in the memory of one process, and with an audit log on standard output', () => {
    const found = complaints(processor('workers: 2')).join('\n')
    expect(found).toContain('several processes cannot share approvals')
    expect(found).toContain('set `store.kind: redis`')
  })

  it.each(['127.0.0.1:0', '127.0.0.1:65535'])('on %s, which has no port for each', (address) => {
    expect(complaints(processor(`workers: 2, address: '${address}'`)).join()).toContain('has no 2 ports from')
  })

  it('where there are none, or more than a machine has cores', () => {
    expect(complaints(processor('workers: 0')).join()).toContain('processor.workers')
    expect(complaints(processor('workers: 65')).join()).toContain('processor.workers')
  })
})

describe('a check', () => {
  it('warns of limits of an hour, which several workers cannot keep to the row', () => {
    const text = changed('    effects: [read]', '    effects: [read]\n    limits: { hour: { rows: 5 } }')
    const config = parseConfig(text, 'chaperone.yaml')
    expect(workerWarnings(config)).toEqual([])
    const two = { ...config, processor: { ...config.processor, workers: 2 } }
    expect(workerWarnings(two)).toMatchObject([{ path: ['policies', 'read', 'limits', 'hour'] }])
  })
})
