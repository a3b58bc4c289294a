// The last lines of .ci/run: reads vitest's JSON reports, one for each version of Node, and says how many tests passed, failed
// and were skipped; on the last line, over all. Whatever else failed counts as one failure each, so that a green line always
// means that all is well.
// Usage: node scripts/summarize-tests.mjs CHECK_EXIT_CODE [NODE REPORT TEST_EXIT_CODE]...
import { readReport } from './test-report.mjs';

const [checkExit = '', ...rest] = process.argv.slice(2);
const runs = [];
for (let index = 0; index < rest.length; index += 3) runs.push(rest.slice(index, index + 3));

function countOf([node, report, exit]) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  try {
    for (const { file, isBroken, tests } of readReport(report, process.cwd())) {
      if (isBroken) count.failed += 1;
      for (const { state, tookTwo, title } of tests) {
        count[state] += 1;
        if (tookTwo) console.log(`ci: on Node ${node} passed at the second try only: ${file}: ${title}`);
      }
    }
  } catch (error) {
    console.log(`ci: there is no report of the tests on Node ${node}: ${error.message}`);
  }
  if (exit !== '0') console.log(`ci: the tests on Node ${node} ended with exit code ${exit}`);
  if (count.failed === 0 && (exit !== '0' || count.passed === 0)) count.failed = 1;
  return count;
}

const say = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

const all = { passed: 0, failed: checkExit === '0' && runs.length > 0 ? 0 : 1, skipped: 0 };
if (checkExit !== '0') console.log(`ci: the checks ended with exit code ${checkExit}`);
for (const run of runs) {
  const count = countOf(run);
  console.log(`ci: on Node ${run[0]} ${say(count)}`);
  for (const state of Object.keys(all)) all[state] += count[state];
}
console.log(say(all));
process.exitCode = all.failed === 0 ? 0 : 1;
