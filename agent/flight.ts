import { isErrorCode, VaisError } from '../common/error.ts';
import type { ImageStore } from './images.ts';
import type { LinkedModule, LinkReport, LoadOrder, ProgramLink } from './program.ts';
import type { Code, Push } from './push.ts';

/** How one running instance of the program took a version. */
export type Landing =
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'refused' | 'reverted'; readonly reason: VaisError; readonly running: number | undefined };

/** Finds out why an instance is gone: undefined when its process lives and only the connection broke. */
export type DeathOf = (link: ProgramLink, signal: AbortSignal) => Promise<string | undefined>;

/** What a flight tells its lane. */
export interface FlightHooks {
  /** Makes the version durable, before it is said to be confirmed. */
  readonly confirmed: () => Promise<void>;
  /** It failed in an instance where it had been confirmed; that instance runs the given version again. */
  readonly revertedLate: (running: number) => void;
}

interface Passenger {
  link: ProgramLink;
  /** What the instance ran when it came on board. */
  before: LinkedModule | undefined;
  nonce: string;
  swapped: boolean;
  landed?: Landing;
}

/**
 * One version on its way into the running instances of a program, from the order to the last one's word. It lands
 * when each has confirmed, refused, reverted or ended.
 */
export class Flight {
  readonly push: Push;
  readonly #order: LoadOrder;
  readonly #passengers = new Map<number, Passenger>();
  readonly #deathOf: DeathOf;
  readonly #ended = new AbortController();
  #land: (landings: Landing[]) => void = () => undefined;
  /** What became of it in each instance. */
  readonly landed: Promise<Landing[]> = new Promise((resolve) => {
    this.#land = resolve;
  });
  readonly #hooks: FlightHooks;

  constructor(push: Push, world: { readonly images: ImageStore; readonly deathOf: DeathOf }, hooks: FlightHooks) {
    this.push = push;
    this.#order = orderFor(push.module, push.version, push.code, world.images);
    this.#deathOf = world.deathOf;
    this.#hooks = hooks;
  }

  /** Takes an instance on board, or back after its connection broke. */
  board(link: ProgramLink): void {
    const running = link.modules.get(this.push.module);
    const fresh: Passenger = { link, before: running && { ...running }, nonce: '', swapped: false };
    const passenger = this.#passengers.get(link.pid) ?? fresh;
    passenger.link = link;
    this.#passengers.set(link.pid, passenger);
    link.once('closed', () => void this.#lost(passenger, link));
    if (running?.version === this.push.version && running.digest === this.push.code.image?.digest) {
      // It went on while the connection was down.
      if (!passenger.swapped) this.push.reach('swapped', { pid: link.pid });
      passenger.swapped = true;
      if (running.state === 'confirmed') return void this.#confirm(passenger);
    }
    passenger.nonce = link.load(this.#order, (report) => this.#hear(passenger, report));
  }

  /** Takes the version back wherever it has not swapped yet. */
  cancel(): void {
    for (const { link, nonce, swapped, landed } of this.#passengers.values())
      if (!swapped && landed === undefined) link.cancel(this.push.module, nonce);
  }

  /** True when the version runs, or ran, somewhere. */
  get swapped(): boolean {
    return [...this.#passengers.values()].some((passenger) => passenger.swapped);
  }

  #hear(passenger: Passenger, report: LinkReport): void {
    if (passenger.landed !== undefined && report.verb !== 'reverted') return;
    const { link } = passenger;
    const extras = { pid: link.pid };
    switch (report.verb) {
      case 'loaded':
        this.push.reach('loaded', extras);
        break;
      case 'swapped':
        passenger.swapped = true;
        note(link, this.push, report, 'probation');
        this.push.reach('swapped', report.us === undefined ? extras : { ...extras, pauseUs: report.us });
        break;
      case 'confirmed':
        passenger.swapped = true;
        note(link, this.push, report, 'confirmed');
        void this.#confirm(passenger);
        break;
      case 'superseded':
        this.#settle(passenger, { kind: 'superseded' });
        break;
      case 'refused':
        this.#settle(passenger, { kind: 'refused', reason: refusal(report), running: report.running });
        break;
      case 'reverted': {
        const reason = reversion(report, this.push.version);
        const { signal, line } = report;
        this.push.reach('reverted', {
          ...extras,
          reason: reason.toJSON(),
          ...(signal === undefined ? {} : { signal }),
          ...(report.function === undefined ? {} : { function: report.function }),
          ...(line === undefined ? {} : { line }),
        });
        const { before, landed } = passenger;
        if (before !== undefined && before.version === report.running) link.modules.set(before.name, before);
        if (landed === undefined) this.#settle(passenger, { kind: 'reverted', reason, running: report.running });
        else if (report.running !== undefined) this.#hooks.revertedLate(report.running);
      }
    }
  }

  async #confirm(passenger: Passenger): Promise<void> {
    try {
      await this.#hooks.confirmed();
      this.push.reach('confirmed', { pid: passenger.link.pid });
      this.#settle(passenger, { kind: 'confirmed' });
    } catch (thrown) {
      // It runs, but it could not be made durable: that is said, and the version before it comes back.
      const reason = VaisError.from(thrown);
      this.push.reach('reverted', { pid: passenger.link.pid, reason: reason.toJSON() });
      this.#settle(passenger, { kind: 'reverted', reason, running: undefined });
    }
  }

  async #lost(passenger: Passenger, link: ProgramLink): Promise<void> {
    if (passenger.landed !== undefined) return;
    const how = await this.#deathOf(link, this.#ended.signal);
    if (how === undefined || passenger.link !== link || passenger.landed !== undefined) return;
    const state = passenger.swapped ? 'was confirmed' : 'had swapped';
    const reason = new VaisError(
      'reverted',
      `${link.name} (pid ${link.pid}) ${how} before version ${this.push.version} ${state}`,
      {
        hint: 'The version is not used again. Mend the code and push again.',
      },
    );
    this.push.reach('reverted', { pid: link.pid, reason: reason.toJSON() });
    this.#settle(passenger, { kind: 'reverted', reason, running: undefined });
  }

  #settle(passenger: Passenger, landing: Landing): void {
    passenger.landed = landing;
    const landings = [...this.#passengers.values()].map(({ landed }) => landed);
    if (landings.includes(undefined)) return;
    this.#ended.abort();
    this.#land(landings.filter((each) => each !== undefined));
  }
}

/** The order that makes an instance run this code as this version. */
export function orderFor(module: string, version: number, code: Code, images: ImageStore): LoadOrder {
  const { image, buildId } = code;
  if (image === undefined) return { module, version };
  return { module, version, image: { ...image, buildId, path: images.path(image.digest) } };
}

/** Keeps what the program said it runs. */
export function note(link: ProgramLink, push: Push, report: LinkReport, state: 'probation' | 'confirmed'): void {
  const module = link.modules.get(push.module);
  if (module === undefined) return;
  module.version = report.version;
  module.buildId = report.buildId ?? push.code.buildId;
  module.digest = push.code.image?.digest;
  module.state = state;
  module.contract = push.code.contract ?? module.contract;
}

function refusal(report: LinkReport): VaisError {
  const code = report.code !== undefined && isErrorCode(report.code) ? report.code : 'load_refused';
  return new VaisError(code, report.reason ?? 'the program refused the version and gave no reason');
}

function reversion(report: LinkReport, version: number): VaisError {
  const where =
    report.function === undefined
      ? ''
      : ` in ${report.function}${report.line === undefined ? '' : `, line ${report.line}`}`;
  const what = report.signal === undefined ? 'failed' : `crashed with ${report.signal}`;
  return new VaisError('reverted', report.reason ?? `version ${version} ${what}${where}`);
}
