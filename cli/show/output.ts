import type { Writable } from 'node:stream';
import { printableData } from '../../common/printable.ts';
import { jsonLine } from './json.ts';
import { render, renderError, renderHistory, renderPush, renderPushLine, renderStatus } from './render.ts';
import { renderSending, renderSent } from './render-sending.ts';
import type { DoneReport, Report, ReportOf, SentReport, StageReport, StatusReport, VersionReport } from './report.ts';
import { formatMs, type Style } from './style.ts';

/** Where a command says what happens. */
export interface Output {
  show(report: Report): void;
  /** Ends what is shown together, such as a table. */
  flush(): void;
  /** The file descriptor that builds write to by themselves; without one, what they say is a report. */
  readonly buildsTo?: number | undefined;
}

/** One JSON object a line on standard output. */
export class JsonOutput implements Output {
  readonly #out: Writable;

  constructor(out: Writable) {
    this.#out = out;
  }

  show(report: Report): void {
    this.#out.write(`${jsonLine(report)}\n`);
  }

  flush(): void {}
}

/**
 * Text for people: results on standard output, errors on standard error. The stages of a push are kept and shown
 * together when it ends; on a terminal the one that was reached last is shown meanwhile, and overwritten.
 */
export class HumanOutput implements Output {
  readonly buildsTo: number | undefined;
  readonly #out: Writable;
  readonly #err: Writable;
  readonly #style: Style;
  readonly #errStyle: Style;
  readonly #compact: boolean;
  readonly #story: boolean;
  readonly #stages = new Map<number, StageReport[]>();
  readonly #sent = new Map<number, SentReport>();
  readonly #status: StatusReport[] = [];
  readonly #versions: VersionReport[] = [];
  #listing: 'status' | 'version' | undefined;
  #transient = false;
  #last: Report['event'] | undefined;

  /**
   * @param options.compact one line for each push, with the time of day: for `watch`
   * @param options.buildsTo the file descriptor of `err`, where builds may write to it by themselves
   * @param options.story errors of pushes belong to what is told, and stand where it is told: for `demo`
   */
  constructor(
    out: Writable,
    err: Writable,
    style: Style,
    options: {
      readonly compact: boolean;
      readonly story?: boolean;
      readonly errStyle: Style;
      readonly buildsTo?: number;
    },
  ) {
    this.#out = out;
    this.#err = err;
    this.#style = style;
    this.#errStyle = options.errStyle;
    this.#compact = options.compact;
    this.#story = options.story ?? false;
    this.buildsTo = options.buildsTo;
  }

  show(said: Report): void {
    const report = printableData(said); // Much of it comes from other machines.
    if (this.#story) this.#part(report);
    if (report.event === 'status') {
      this.#listing = 'status';
      this.#status.push(report);
    } else if (report.event === 'version') {
      this.#listing = 'version';
      this.#versions.push(report);
    } else if (report.event === 'done') {
      this.#line(this.#out, this.#ended(report));
    } else if (report.event === 'error') {
      const stages = report.push === undefined ? undefined : this.#stages.get(report.push);
      if (report.push !== undefined) {
        this.#stages.delete(report.push);
        this.#sent.delete(report.push);
      }
      const told = this.#story && report.push !== undefined;
      const crash = stages?.findLast((stage): stage is ReportOf<'reverted'> => stage.event === 'reverted');
      this.#line(told ? this.#out : this.#err, renderError(report, told ? this.#style : this.#errStyle, crash));
    } else if (report.event === 'sending') {
      this.#transiently(renderSending(report, this.#style));
    } else if (report.event === 'sent') {
      this.#sent.set(report.push, report);
    } else if (report.event === 'waiting') {
      this.#line(this.#out, render(report, this.#style)); // People learn it while it lasts.
    } else if ('ms' in report && 'push' in report && report.push !== undefined) {
      this.#reached(report as StageReport & { push: number });
    } else {
      if (report.event === 'agent') {
        this.flush(); // The table of another agent.
        this.#listing = 'status';
      }
      this.#line(this.#out, render(report, this.#style));
    }
  }

  flush(): void {
    this.#clear();
    if (this.#listing === 'status') this.#line(this.#out, renderStatus(this.#status.splice(0), this.#style));
    if (this.#listing === 'version') this.#line(this.#out, renderHistory(this.#versions.splice(0), this.#style));
    this.#listing = undefined;
  }

  /** In a story a blank line parts what is said, except the program's lines from each other. */
  #part(report: Report): void {
    const goesOn = this.#last === report.event && report.event === 'output';
    const kept = 'ms' in report && 'push' in report && report.event !== 'done';
    if (kept) return;
    this.#last = report.event;
    if (goesOn) return;
    this.#clear();
    this.#out.write('\n');
  }

  #reached(report: StageReport & { readonly push: number }): void {
    if (report.event === 'superseded') {
      this.#stages.delete(report.push);
      return;
    }
    const stages = this.#stages.get(report.push) ?? [];
    stages.push(report);
    this.#stages.set(report.push, stages);
    this.#transiently(`  ${report.program}: ${report.event} ${formatMs(report.ms)}`);
  }

  /** On a terminal, until something else is said. */
  #transiently(text: string): void {
    if (!this.#style.live) return;
    this.#clear();
    this.#out.write(this.#style.colors.dim(text.slice(0, this.#style.width - 1)));
    this.#transient = true;
  }

  #ended(report: DoneReport): string {
    const stages = this.#stages.get(report.push) ?? [];
    this.#stages.delete(report.push);
    const sent = this.#sent.get(report.push);
    this.#sent.delete(report.push);
    const travelled = sent === undefined ? '' : `\n  ${this.#style.colors.dim(renderSent(sent))}`;
    if (!this.#compact) return `${renderPush(report, stages, this.#style)}${travelled}`;
    return renderPushLine(report, stages, this.#style, new Date().toTimeString().slice(0, 8));
  }

  #line(to: Writable, text: string): void {
    this.#clear();
    if (text !== '') to.write(`${text}\n`);
  }

  #clear(): void {
    if (this.#transient) this.#out.write('\r\x1b[K');
    this.#transient = false;
  }
}
