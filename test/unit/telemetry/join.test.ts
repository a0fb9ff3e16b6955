// Metrics of several processes as one: what is counted adds up, and never falls when a process goes.
import { describe, expect, it } from 'vitest'
import { countsOf, joinExpositions } from '../../../src/telemetry/join.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

async function body(fill: (metrics: ReturnType<typeof createMetrics>) => void): Promise<string> {
  const metrics = createMetrics()
  fill(metrics)
  return (await metrics.expose()).body
}
const lines = (text: string, start: string) => text.split('\n').filter((line) => line.startsWith(start))

describe('metrics of several processes', () => {
  it('add up, by name and labels, with HELP and TYPE once', async () => {
    const one = await body((metrics) => {
      metrics.sessionOpened('orders')
      metrics.decision('orders', 'a "b" } c', 'deny')
      metrics.stage('policy', 0.001)
    })
    const two = await body((metrics) => {
      metrics.sessionOpened('orders')
      metrics.sessionOpened('stock')
      metrics.decision('orders', 'a "b" } c', 'deny')
      metrics.stage('policy', 3)
    })
    const joined = joinExpositions([
      { process: 'worker-1', body: one },
      { process: 'worker-2', body: two },
    ])
    expect(lines(joined, 'chaperone_sessions{')).toEqual([
      'chaperone_sessions{resource="orders"} 2',
      'chaperone_sessions{resource="stock"} 1',
    ])
    expect(lines(joined, 'chaperone_decisions_total{')).toEqual([
      expect.stringMatching(/outcome="deny"\} 2$/),
    ])
    expect(lines(joined, 'chaperone_stage_seconds_sum')).toEqual([
      'chaperone_stage_seconds_sum{stage="policy"} 3.001',
    ])
    expect(lines(joined, 'chaperone_stage_seconds_bucket{le="0.001"')).toEqual([expect.stringMatching(/ 1$/)])
    expect(lines(joined, '# TYPE chaperone_sessions ')).toHaveLength(1)
  })

  it('that are of a process itself say which one', async () => {
    const [one, two] = [await body(() => undefined), await body(() => undefined)]
    const joined = joinExpositions([
      { process: 'worker-1', body: one },
      { process: 'primary', body: two },
    ])
    expect(lines(joined, 'process_resident_memory_bytes')).toEqual([
      expect.stringMatching(/^process_resident_memory_bytes\{process="worker-1"\} \d+$/),
      expect.stringMatching(/^process_resident_memory_bytes\{process="primary"\} \d+$/),
    ])
    expect(lines(joined, 'nodejs_version_info{')[0]).toContain('process="worker-1"}')
  })

  it('keep the counts of processes that are gone, and not what they had open', async () => {
    const gone = await body((metrics) => {
      metrics.sessionOpened('orders')
      metrics.sessionClosed('orders', 'closed')
      metrics.sessionOpened('orders')
    })
    const twice = countsOf([countsOf([gone]), gone])
    expect(lines(twice, 'chaperone_sessions_total')).toEqual([
      'chaperone_sessions_total{resource="orders",outcome="closed"} 2',
    ])
    expect(lines(twice, 'chaperone_sessions{')).toEqual([])
    expect(lines(twice, 'process_')).toEqual([])
  })

  it('of one process are the same lines', async () => {
    const one = await body((metrics) => metrics.bytes('orders', 'to-client', 3))
    const samples = (text: string) => text.split('\n').filter((line) => line.startsWith('chaperone_'))
    expect(samples(joinExpositions([{ process: 'x', body: one }]))).toEqual(samples(one))
  })
})
