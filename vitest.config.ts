import { defineConfig } from 'vitest/config';

// The end-to-end tests run the built commands, so dist/ is made first. Deadlines are generous: the tests wait for
// events, and a deadline only ends a test that would otherwise wait for ever.
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/build.setup.ts', 'tests/leftovers.setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 2, // Much of what the tests do is to wait, and what they start needs the other cores.
  },
});
