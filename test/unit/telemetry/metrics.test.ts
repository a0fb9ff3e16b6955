import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

async function exposed(fill: (metrics: ReturnType<typeof createMetrics>) => void): Promise<string> {
  const metrics = createMetrics()
  fill(metrics)
  return (await metrics.expose()).body
}

describe('metrics', () => {
  it('counts open sessions up and down, and ended ones by outcome', async () => {
    const text = await exposed((metrics) => {
      metrics.sessionOpened('orders')
      metrics.sessionOpened('orders')
      metrics.sessionClosed('orders', 'rejected')
    })
    expect(text).toContain('chaperone_sessions{resource="orders"} 1')
    expect(text).toContain('chaperone_sessions_total{resource="orders",outcome="rejected"} 1')
  })

  it('counts decisions by resource, rule and outcome, and errors by code', async () => {
    const text = await exposed((metrics) => {
      metrics.decision('orders', 'no-ddl', 'deny')
      metrics.decision('orders', 'no-ddl', 'deny')
      metrics.error('denied')
    })
    expect(text).toContain('chaperone_decisions_total{resource="orders",rule="no-ddl",outcome="deny"} 2')
    expect(text).toContain('chaperone_errors_total{code="denied"} 1')
  })

  it('counts what rules in shadow would have decided apart from decisions', async () => {
    const text = await exposed((metrics) => metrics.shadow('orders', 'no-ddl', 'deny'))
    expect(text).toContain(
      'chaperone_shadow_decisions_total{resource="orders",rule="no-ddl",outcome="deny"} 1',
    )
    expect(text).not.toContain('chaperone_decisions_total{')
  })

  it('counts texts that were known and those that were not, by resource', async () => {
    const text = await exposed((metrics) => {
      metrics.analysed('orders', false)
      metrics.analysed('orders', true)
      metrics.analysed('orders', true)
    })
    expect(text).toContain('chaperone_analysis_cache_total{resource="orders",outcome="hit"} 2')
    expect(text).toContain('chaperone_analysis_cache_total{resource="orders",outcome="miss"} 1')
  })

  it('adds bytes by direction', async () => {
    const text = await exposed((metrics) => {
      metrics.bytes('orders', 'to-client', 10)
      metrics.bytes('orders', 'to-client', 32)
    })
    expect(text).toContain('chaperone_bytes_total{resource="orders",direction="to-client"} 42')
  })

  it('tells 30 µs of analysis from 3 ms, and a minute of holding from an hour', async () => {
    const text = await exposed((metrics) => {
      metrics.stage('analysis', 0.00003)
      metrics.stage('analysis', 0.003)
      metrics.stage('hold', 60)
      metrics.stage('hold', 3600)
    })
    expect(text).toContain('chaperone_stage_seconds_bucket{le="0.00005",stage="analysis"} 1')
    expect(text).toContain('chaperone_stage_seconds_bucket{le="0.005",stage="analysis"} 2')
    expect(text).toContain('chaperone_hold_seconds_bucket{le="60"} 1')
    expect(text).toContain('chaperone_hold_seconds_bucket{le="3600"} 2')
  })

  it('counts current holds, and ended ones by outcome', async () => {
    const text = await exposed((metrics) => {
      metrics.holdOpened('orders')
      metrics.holdOpened('orders')
      metrics.holdClosed('orders', 'expired')
    })
    expect(text).toContain('chaperone_holds{resource="orders"} 1')
    expect(text).toContain('chaperone_holds_total{resource="orders",outcome="expired"} 1')
  })

  it('keeps two registries in one process apart', async () => {
    createMetrics().error('internal')
    expect(await exposed(() => {})).not.toContain('code="internal"')
  })
})
