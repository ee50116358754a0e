import { defineConfig } from 'vitest/config';

/** Layers that start clusters: one file at a time, or they take each other's CPU and, for the real node, its lock. */
const clustered = { fileParallelism: false, testTimeout: 180_000, hookTimeout: 300_000 };

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 } },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'cluster',
          include: ['test/{cluster,properties}/**/*.test.ts'],
          ...clustered,
        },
      },
      { test: { name: 'testbed', include: ['test/testbed/**/*.test.ts'], ...clustered } },
      {
        test: {
          name: 'node',
          include: ['test/node/**/*.test.ts', 'test/workflow/**/*.test.ts'],
          globalSetup: ['test/node/real-cluster.ts'],
          ...clustered,
        },
      },
    ],
  },
});
