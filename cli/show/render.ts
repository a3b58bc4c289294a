import { renderDiagnostics } from '../../compiler/front/render.ts';
import { renderAttached, renderContainer } from './render-containers.ts';
import { renderTrace, renderWaiting, whoHolds } from './render-crash.ts';
import { renderDemo } from './render-demo.ts';
import { renderStorage } from './render-storage.ts';
import type {
  AgentReport,
  CheckReport,
  DoneReport,
  ErrorReport,
  Report,
  ReportOf,
  StageReport,
  StatusReport,
  TargetReport,
  VersionReport,
} from './report.ts';
import { formatMs, formatTime, hang, marks, type Style } from './style.ts';
import { renderTable } from './table.ts';
import { latest, renderShares, renderTimeline } from './timeline.ts';

/** A report for people, without its last newline; empty when there is nothing to say by itself. */
export function render(report: Report, style: Style): string {
  const { colors } = style;
  const mark = marks(style);
  switch (report.event) {
    case 'done':
    case 'status':
    case 'version':
    case 'sending':
    case 'sent':
    case 'building':
      return ''; // Said together with others: `renderPush`, `renderStatus`, `renderHistory`.
    case 'error':
      return renderError(report, style);
    case 'watching': {
      const how = report.polling ? ' (this file system reports no changes; polling every 100 ms)' : '';
      const other = report.differs === true ? ', which differs from the file on disk: the next save pushes it' : '';
      const where =
        report.program === undefined ? '' : ` ${mark.arrow} ${report.program}, which runs version ${report.version}`;
      const what = `${report.file}${where}${other}`;
      return `${colors.cyan('watching')}  ${what}${colors.dim(how)}`;
    }
    case 'log':
      return report.target === undefined ? report.text : `${colors.dim(`${report.target}:`)} ${report.text}`;
    case 'built':
      return `${colors.green(mark.ok)} ${report.image} built in ${formatMs(report.ms)}`;
    case 'disconnected':
      return `${colors.yellow('waiting')}   ${report.message}; saves are kept and sent when it is back`;
    case 'interrupted':
      return `${colors.yellow('waiting')}   ${report.message}; the upload goes on when it is back`;
    case 'connected':
      return `${colors.cyan('connected')} to ${report.address} again`;
    case 'absent':
      return `${colors.yellow('waiting')}   ${report.program} is not connected; the last save is sent when it is back`;
    case 'older':
      return colors.dim(
        `${report.lineages === 1 ? 'One older lineage' : `${report.lineages} older lineages`}, of the program as it was built before: --lineage 1`,
      );
    case 'replaced': {
      const { program, version, origin, developer } = report;
      const who = developer === undefined ? 'somebody else' : developer;
      const how = origin === 'rollback' ? 'rolled it back' : 'pushed another version';
      return `${colors.yellow('replaced')}  ${who} ${how}: ${program} runs version ${version} now; your next save takes its place`;
    }
    case 'listening':
      return colors.dim(`hearing what happens at ${report.address}, until Ctrl-C`);
    case 'held':
      return `${colors.yellow('waiting')}   ${report.file} waits for ${report.by}, which was saved with it and is not right yet`;
    case 'agent':
      return renderAgent(report, style);
    case 'paired':
    case 'target':
    case 'forgotten':
      return renderTarget(report, style);
    case 'attached':
    case 'detached':
      return renderAttached(report, style);
    case 'container':
      return renderContainer(report, style);
    case 'warning':
      return `${colors.dim(formatTime(report.at).slice(11))}  ${colors.yellow('warning')}: ${report.message}`;
    case 'check':
      return renderCheck(report, style);
    case 'step':
    case 'output':
    case 'edit':
    case 'remark':
    case 'summary':
      return renderDemo(report, style);
    case 'waiting':
      return report.at === undefined ? renderWaiting(report, style) : renderEvent(report, style);
    default:
      return renderEvent(report, style);
  }
}

function renderTarget(report: TargetReport, style: Style): string {
  const { name, address, developer, allowed, until } = report;
  const may = allowed.length === 0 ? 'all programs' : allowed.join(', ');
  const what = `${style.colors.bold(name)} at ${address}: ${developer}, for ${may}; certificate until ${until.slice(0, 10)}`;
  if (report.event === 'target') return what;
  if (report.event === 'forgotten') return `forgotten ${what}`;
  return `${style.colors.green(marks(style).ok)} paired with ${what}\n  vais-remote push FILE --to ${name}`;
}

/** The end of a push with all its stages: a headline and the timeline. */
export function renderPush(done: DoneReport, stages: readonly StageReport[], style: Style): string {
  const headline = `${style.colors.green(marks(style).ok)} ${style.colors.bold(headlineOf(done))}`;
  if (stages.length === 0 || done.unchanged) return headline;
  const swapped = latest(stages, 'swapped');
  const what = swapped?.origin === 'rollback' ? 'rollback' : 'push';
  const told = swapped === undefined ? '' : style.colors.dim(`, ${formatMs(swapped.ms)} after the ${what} began`);
  const resident = latest(stages, 'loaded')?.resident;
  const stays =
    resident === undefined ? '' : `\nIt stays in memory: it calls ${resident}, which may leave work in its code.`;
  const blind =
    done.unchecked === true ? '\nUnchecked: without debug information, only the names of functions were compared.' : '';
  return `${headline}${told}\n${renderTimeline(stages, style)}${stays}${blind}`;
}

/** The same in one line, for `watch`. */
export function renderPushLine(done: DoneReport, stages: readonly StageReport[], style: Style, time: string): string {
  const { colors } = style;
  const swapped = latest(stages, 'swapped');
  const took = swapped === undefined || done.unchanged ? '' : ` in ${colors.bold(formatMs(swapped.ms))}`;
  const shares = done.unchanged ? '' : renderShares(stages, style);
  const line = `${colors.dim(time)}  ${colors.green(marks(style).ok)} ${headlineOf(done)}${took}`;
  if (shares === '') return line;
  const plainLength =
    time.length + 4 + headlineOf(done).length + (swapped === undefined ? 0 : 4 + formatMs(swapped.ms).length);
  const fits = plainLength + 2 + shares.length <= style.width;
  return `${line}${fits ? '  ' : `\n${' '.repeat(time.length + 4)}`}${colors.dim(shares)}`;
}

function headlineOf({
  target,
  program,
  module,
  version,
  unchanged,
  refines,
  unchecked,
  together = [],
}: DoneReport): string {
  const where = target === undefined ? '' : `${target}: `;
  const name = where + (program === module ? program : `${program} (${module})`);
  if (refines !== undefined) return `${name} runs version ${version} optimized`;
  if (unchanged) return `${name} runs this already: version ${version}`;
  const group = together.length === 0 ? '' : `, swapped with ${together.join(', ')}`;
  return `${name} runs version ${version}${unchecked === true ? ', unchecked' : ''}${group}`;
}

/** All that `status` has to say. */
export function renderStatus(rows: readonly StatusReport[], style: Style): string {
  if (rows.length === 0) return `no program is connected`;
  const table = renderTable(
    [
      ['PROGRAM', 'MODULE', 'VERSION', 'STATE', 'DIGEST', 'BUILD', 'PID', 'PLATFORM'],
      ...rows.map((row) => [
        row.program,
        row.module,
        row.desiredVersion > row.version
          ? `${row.version} ${marks(style).arrow} ${row.desiredVersion}`
          : `${row.version}`,
        row.unchecked === true ? `${row.state}, unchecked` : row.state,
        row.digest === '' ? 'built in' : row.digest.slice(0, 12),
        row.buildId.slice(0, 8),
        `${row.pid}`,
        row.triple,
      ]),
    ],
    new Set([2, 6]),
  );
  return [
    style.colors.dim(table[0] ?? ''),
    ...table.slice(1),
    ...loadingOf(rows, style),
    ...registeredOf(rows, style),
  ].join('\n');
}

/** Which programs keep what they load, or load nothing, a line each. */
function loadingOf(rows: readonly StatusReport[], { colors }: Style): string[] {
  const programs = new Map(rows.map((row) => [`${row.program} (pid ${row.pid})`, row.loading]));
  return [...programs].flatMap(([who, loading]) => {
    if (loading === 'keeps')
      return [colors.dim(`${who} keeps every version in memory until it ends: musl never unloads a library`)];
    return loading === 'none'
      ? [`${who} takes no new code: it was linked with -static, and musl loads nothing then`]
      : [];
  });
}

/** What programs registered to be put back with a call that is undone, a line each. */
function registeredOf(rows: readonly StatusReport[], { colors }: Style): string[] {
  const programs = new Map(rows.map((row) => [`${row.program} (pid ${row.pid})`, row.registered]));
  return [...programs]
    .filter(([, { count }]) => count > 0)
    .map(([who, { count, bytes }]) => {
      const pieces = count === 1 ? '1 piece' : `${count} pieces`;
      return colors.dim(`${who} has registered ${pieces} of state with hot_state, ${bytes} bytes`);
    });
}

/** All that `history` has to say, newest last. */
export function renderHistory(rows: readonly VersionReport[], style: Style): string {
  const [first] = rows;
  if (first === undefined) return 'no version yet';
  const { colors } = style;
  const table = renderTable(
    [
      ['', 'VERSION', 'WHEN', 'OUTCOME', 'FROM', 'TIER', 'DIGEST'],
      ...rows.map((row) => [
        row.desired ? marks(style).arrow : '',
        row.version === 0 ? '-' : `${row.version}`,
        formatTime(row.at),
        row.unchecked === true ? `${row.outcome}, unchecked` : row.outcome,
        fromOf(row),
        row.tier,
        row.digest === '' ? 'built in' : `${row.digest.slice(0, 12)}${row.cleaned === true ? ' (cleaned away)' : ''}`,
      ]),
    ],
    new Set([1]),
  );
  const body = rows.flatMap((row, index) => [
    row.desired ? colors.bold(table[index + 1] ?? '') : (table[index + 1] ?? ''),
    ...(row.reason === undefined ? [] : [colors.dim(hang('     ', 5, row.reason.message, style.width))]),
  ]);
  const where = first.target === undefined ? '' : `${first.target}: `;
  return [colors.bold(`${where}${first.program} (${first.module})`), colors.dim(table[0] ?? ''), ...body].join('\n');
}

function fromOf({ origin, rollbackTo, developer, together = [] }: VersionReport): string {
  const what = rollbackTo === undefined ? origin : `rollback to ${rollbackTo}`;
  const by = developer === undefined ? what : `${what} by ${developer}`;
  return together.length === 0 ? by : `${by} with ${together.join(', ')}`;
}

function renderAgent({ address, agentVersion, insecure, programs, storage }: AgentReport, style: Style): string {
  const kind = insecure ? ', not encrypted' : '';
  const count = programs === 1 ? '1 program' : `${programs} programs`;
  const agent = style.colors.dim(`agent ${agentVersion} at ${address}${kind}: ${count}`);
  return storage === undefined ? agent : `${agent}\n${renderStorage(storage, style)}`;
}

function renderCheck({ name, state, message, hint }: CheckReport, style: Style): string {
  const { colors } = style;
  const mark = marks(style);
  const shown = { ok: colors.green(mark.ok), advice: colors.yellow(mark.advice), missing: colors.red(mark.bad) }[state];
  const line = hang(`${shown} ${name.padEnd(22)} `, 25, message, style.width);
  return hint === undefined ? line : `${line}\n${hang(' '.repeat(25), 25, hint, style.width)}`;
}

/** @param crash the report of the failure that the error is about */
export function renderError(
  { message: text, hint, file, diagnostics, code, target }: ErrorReport,
  style: Style,
  crash?: ReportOf<'reverted'>,
): string {
  const { colors } = style;
  const color = colors.isColorSupported;
  const message = target === undefined ? text : `${target}: ${text}`;
  const [headline = '', ...rest] = message.split('\n');
  const head = hang(
    `${colors.red(colors.bold('error'))}: `,
    7,
    code === 'contract_changed' && file !== undefined
      ? `${target === undefined ? '' : `${target}: `}${file}: refused, as the running program cannot take it`
      : headline,
    style.width,
  );
  const body = code === 'contract_changed' ? text.split('\n').map((line) => `  ${line}`) : rest;
  return [
    ...(diagnostics === undefined || diagnostics.length === 0 ? [] : [renderDiagnostics(diagnostics, { color })]),
    head,
    ...body,
    ...(crash === undefined ? [] : [renderTrace(crash, style, '  ')]).filter((text) => text !== ''),
    hang(`${colors.cyan('hint')}:  `, 7, hint, style.width),
  ].join('\n');
}

/** One event in a line: what `events` shows, and what a push says when it is followed live. */
export function renderEvent(report: StageReport, style: Style): string {
  const { colors } = style;
  const bad = report.event === 'refused' || report.event === 'reverted';
  const paint = bad ? colors.red : report.event === 'confirmed' ? colors.green : colors.cyan;
  const tier = report.refines === undefined ? '' : ' optimized';
  const version = report.version === undefined ? '' : ` version ${report.version}${tier}`;
  const by = report.developer === undefined ? '' : ` by ${report.developer}`;
  const who = report.pid === undefined ? by : `${by} (pid ${report.pid})`;
  const name = report.program === report.module ? report.program : `${report.program}/${report.module}`;
  const line = `${paint(report.event.padEnd(10))}${formatMs(report.ms).padStart(10)}  ${name}${version}${who}`;
  const said = 'reason' in report ? report.reason.message : report.event === 'waiting' ? whoHolds(report) : undefined;
  const why = said === undefined ? '' : `\n${hang(' '.repeat(11), 11, said, style.width)}`;
  const crash = report.event === 'reverted' ? renderTrace(report, style, ' '.repeat(11)) : '';
  const at = report.at === undefined ? '' : `${colors.dim(formatTime(report.at).slice(11))}  `;
  return `${at}${line}${why}${crash === '' ? '' : `\n${crash}`}`;
}
