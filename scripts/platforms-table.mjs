// Writes the tables in docs/platforms.md from the tests' own results: which step of the scenario ran on which machine, what was
// built and read back, and how the tests did on each version of Node.
// Usage: node scripts/platforms-table.mjs [--check] NODE=REPORT...
// Of several reports for one version of Node, the later one counts for the files that it has.
// --check writes nothing, and fails when the page says of something that it passed and these results do not.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readReport } from './test-report.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const page = join(root, 'docs', 'platforms.md');
const isCheck = process.argv[2] === '--check';
const reports = [];
for (const word of process.argv.slice(isCheck ? 3 : 2)) {
  const at = word.indexOf('=');
  const [node, files] = [word.slice(0, at), readReport(word.slice(at + 1), root)];
  const known = reports.find((report) => report.node === node);
  const again = new Set(files.map(({ file }) => file));
  if (known === undefined) reports.push({ node, files });
  else known.files = [...known.files.filter(({ file }) => !again.has(file)), ...files];
}
const words = { passed: 'passed', failed: '**failed**', skipped: 'not run' };

/** The worst that is known of it: it passed only if it did everywhere. */
const worst = (states) => ['failed', 'skipped', 'passed'].find((state) => states.includes(state)) ?? 'skipped';
const unique = (list) => [...new Set(list)];
const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** Tests of files that match, all reports together. */
const testsOf = (pattern) =>
  reports.flatMap(({ files }) => files.filter(({ file }) => pattern.test(file)).flatMap(({ tests }) => tests));

function stepsByMachine() {
  const tests = testsOf(/^tests\/scenario\//);
  const machineOf = ({ suite }) => suite.replace(/ \(skipped: .*\)$/, '');
  const machines = unique(tests.map(machineOf));
  const cell = (title, machine) => {
    const here = tests.filter((test) => test.title === title && machineOf(test) === machine);
    return words[worst(here.map(({ state }) => state))];
  };
  const steps = unique(tests.map(({ title }) => title));
  return table(
    ['', ...machines],
    steps.map((step) => [step, ...machines.map((machine) => cell(step, machine))]),
  );
}

function builtOnly() {
  const tests = testsOf(/^tests\/platforms\/macos/);
  const titles = unique(tests.map(({ title }) => title.replaceAll("'", '')));
  const of = (title) => tests.filter((test) => test.title.replaceAll("'", '') === title).map(({ state }) => state);
  return table(
    ['macOS', ''],
    titles.map((title) => [title, words[worst(of(title))]]),
  );
}

function byNode() {
  const folders = unique(reports.flatMap(({ files }) => files.map(({ file }) => folderOf(file)))).sort();
  const cell = (files, folder) => {
    const tests = files.filter(({ file }) => folderOf(file) === folder).flatMap((file) => file.tests);
    const count = (state) => tests.filter((test) => test.state === state).length;
    const rest = ['failed', 'skipped']
      .filter((state) => count(state) > 0)
      .map((state) => `, ${count(state)} ${words[state]}`);
    return tests.length === 0 ? words.skipped : `${count('passed')} passed${rest.join('')}`;
  };
  const head = ['tests', ...reports.map(({ node }) => `Node ${node}`)];
  return table(
    head,
    folders.map((folder) => [`\`${folder}\``, ...reports.map(({ files }) => cell(files, folder))]),
  );
}

function folderOf(file) {
  return dirname(file);
}

const tables = { scenario: stepsByMachine, macos: builtOnly, node: byNode };
const between = (name) => new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`);

if (isCheck) check();
else {
  let text = readFileSync(page, 'utf8');
  for (const [name, make] of Object.entries(tables))
    text = text.replace(between(name), (_all, a, b) => `${a}${make()}\n${b}`);
  writeFileSync(page, text);
}

/** What the page says to have passed has to be among what passed now. */
function check() {
  const text = readFileSync(page, 'utf8');
  const cells = (markdown) => {
    const [head = [], , ...rows] = markdown.split('\n').map((line) =>
      line
        .split('|')
        .map((word) => word.trim())
        .slice(1, -1),
    );
    return new Map(
      rows.flatMap(([title, ...states]) => states.map((state, at) => [`${title}: ${head[at + 1]}`, state])),
    );
  };
  let wrong = 0;
  for (const name of ['scenario', 'macos']) {
    const now = cells(tables[name]());
    for (const [what, state] of cells(between(name).exec(text)?.[0].split('\n').slice(1, -1).join('\n') ?? '')) {
      if (state !== words.passed || now.get(what) === words.passed) continue;
      console.log(
        `docs/platforms.md says that it passed, and it did not: ${what} (${now.get(what) ?? 'there is no such test'})`,
      );
      wrong += 1;
    }
  }
  process.exitCode = wrong === 0 ? 0 : 1;
}
