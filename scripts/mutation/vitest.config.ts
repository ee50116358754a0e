import { defineConfig } from 'vitest/config';

/** The unit layer alone: Stryker's runner knows no projects, and the other layers need servers. */
export default defineConfig({
  test: { include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 },
});
