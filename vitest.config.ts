import { defineConfig } from 'vitest/config'

/** Tests that a second file beside them would make wrong: of memory, of rates, and of how soon something is through. */
const ALONE = [
  'test/integration/failures/backlog.test.ts',
  'test/integration/failures/load.test.ts',
  'test/integration/failures/memory.test.ts',
  'test/integration/floods/*.test.ts',
  'test/integration/workers/many-holds.test.ts',
]

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Vitest leaves one core to itself, which on two cores is half of them.
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        extends: true,
        test: { name: 'property', include: ['test/property/**/*.test.ts'], testTimeout: 120_000 },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: ALONE,
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: ALONE, fileParallelism: false, testTimeout: 120_000 },
      },
    ],
  },
})
