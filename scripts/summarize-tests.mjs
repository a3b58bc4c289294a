// The last line of .ci/run: reads vitest's JSON report and says how many tests passed, failed and were skipped. Whatever else
// failed counts as one failure each, so that a green line always means that all is well.
// Usage: node scripts/summarize-tests.mjs REPORT CHECK_EXIT_CODE TEST_EXIT_CODE
import { readFileSync } from 'node:fs';

const [path = '', checkExit = '', testExit = ''] = process.argv.slice(2);

function readReport() {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    console.log(`ci: there is no report of the tests: ${error.message}`);
    return { testResults: [] };
  }
}

const files = readReport().testResults;
const count = (status) =>
  files.flatMap((file) => file.assertionResults).filter((test) => status.includes(test.status)).length;
const passed = count(['passed']);
const skipped = count(['skipped', 'pending', 'todo', 'disabled']);
// A file that could not be read has no tests in the report.
const broken = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
let failed = count(['failed']) + broken;
if (checkExit !== '0') failed += 1;
if (testExit !== '0' && failed === 0) failed += 1;
if (passed === 0 && failed === 0) failed += 1;

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;
