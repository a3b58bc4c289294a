// Reads vitest's JSON reports, for the scripts beside it.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** A report's test files, by their place in the project, each with its tests: `{ suite, title, state, tookTwo }`. */
export function readReport(path, root) {
  const { testResults } = JSON.parse(readFileSync(path, 'utf8'));
  return testResults.map(({ name, status, assertionResults }) => ({
    file: relative(root, name),
    // A file that could not be read has no tests in the report.
    isBroken: status === 'failed' && assertionResults.length === 0,
    tests: assertionResults.map((test) => ({
      suite: test.ancestorTitles[0] ?? '',
      title: test.title,
      state: test.status === 'passed' || test.status === 'failed' ? test.status : 'skipped',
      /** It failed, was tried again, and passed. */
      tookTwo: test.status === 'passed' && test.failureMessages.length > 0,
    })),
  }));
}
