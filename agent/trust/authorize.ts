import {
  isSigned,
  pushStatement,
  type RollbackAct,
  rollbackStatement,
  type Stamp,
  validateStamp,
} from '../../artifact/act/act.ts';
import type { Manifest } from '../../artifact/act/manifest.ts';
import { VaisError } from '../../common/error.ts';
import type { Signature__Output } from '../../rpc/gen/vais/remote/v1/Signature.ts';
import { isHeld, type Outcome } from '../deliver/outcome.ts';
import type { AuditLog } from './audit.ts';
import type { AuditFields } from './audit-entry.ts';
import type { Developer, DeveloperStore } from './developers.ts';
import type { Ledger } from './ledger.ts';
import { Acts, type Caller } from './limits.ts';

/** An act that may be done. */
export interface Admission {
  /** Resolves when it is on the disk that the act was admitted: nothing reaches a program before. */
  readonly durable: Promise<void>;
  /** Who signed it, as the agent lists them; empty with --insecure. */
  readonly developer: string;
  /** Whether whoever signed it may still do so. @throws VaisError `revoked`, `not_permitted` */
  requireRights(): void;
  /** Writes down how it ended. @throws VaisError `storage` */
  close(outcome: Outcome): Promise<void>;
}

/** What a secure agent knows of those who may give it code. */
export interface Signers {
  readonly agentId: string;
  readonly developers: DeveloperStore;
  readonly ledger: Ledger;
}

type Kind = 'push' | 'rollback';

/**
 * Nothing reaches a program but through this authorizer. It checks who signed an act, that the act is for this agent, for a
 * program that the developer may touch, and newer than all they did to that module before; and it writes down what it decides.
 */
export class Authorizer {
  readonly #audit: AuditLog;
  readonly #signers: Signers | undefined;
  readonly #acts = new Acts();
  readonly #warn: (message: string) => void;

  /** @param signers undefined with --insecure: unsigned acts are taken then, and signatures are not looked at */
  constructor(audit: AuditLog, signers: Signers | undefined, warn: (message: string) => void) {
    this.#audit = audit;
    this.#signers = signers;
    this.#warn = warn;
  }

  /**
   * Admits a push.
   *
   * @param caller who brings it: not always who signed it
   * @throws VaisError `signature_missing`, `signature_invalid`, `revoked`, `not_permitted`, `replayed`, `rate_limited`
   */
  push(manifest: Manifest, signature: Signature__Output | null, caller: Caller): Admission {
    this.#acts.count(caller.id);
    const { program, module, digest, size, buildId, parentVersion, refines, group } = manifest;
    const about = {
      program,
      module,
      digest,
      size,
      buildId,
      parentVersion,
      ...(refines === undefined ? {} : { refines }),
      ...(group === undefined ? {} : { group }),
    };
    return this.#admit('push', about, signature, (stamp) => pushStatement(manifest, stamp));
  }

  /** Admits a rollback. @throws as `push` */
  rollback(act: RollbackAct, signature: Signature__Output | null, caller: Caller): Admission {
    this.#acts.count(caller.id);
    const { program, module, version, parentVersion } = act;
    const about = { program, module, to: version, parentVersion };
    return this.#admit('rollback', about, signature, (stamp) => rollbackStatement(act, stamp));
  }

  #admit(
    kind: Kind,
    about: AuditFields & { readonly program: string; readonly module: string },
    signature: Signature__Output | null,
    statement: (stamp: Stamp) => Buffer,
  ): Admission {
    try {
      const { entered, who, developer, requireRights } = this.#check(about, signature, statement);
      const durable = Promise.all([entered, this.#audit.append(`${kind}_admitted`, { ...who, ...about })]).then(
        () => {},
      );
      durable.catch(() => undefined); // Whoever waits for it hears of it; an act that fails earlier does not wait.
      return {
        durable,
        developer,
        requireRights,
        close: (outcome) => this.#close(kind, { ...who, ...about }, outcome),
      };
    } catch (thrown) {
      const { code, message } = VaisError.from(thrown);
      const by = signature !== null && /^[0-9a-f]{64}$/.test(signature.keyId) ? { keyId: signature.keyId } : {};
      this.#audit.append(`${kind}_refused`, { ...by, ...about, code, message }).catch((error: unknown) => {
        this.#warn(VaisError.from(error).message);
      });
      throw thrown;
    }
  }

  #check(
    { program, module }: { readonly program: string; readonly module: string },
    signature: Signature__Output | null,
    statement: (stamp: Stamp) => Buffer,
  ): {
    readonly entered: Promise<void>;
    readonly who: AuditFields;
    readonly developer: string;
    readonly requireRights: () => void;
  } {
    if (this.#signers === undefined)
      return { entered: Promise.resolve(), who: { insecure: true }, developer: '', requireRights: () => undefined };
    const { agentId, developers, ledger } = this.#signers;
    if (signature === null)
      throw new VaisError('signature_missing', 'this agent takes nothing that no developer has signed');
    const stamp = validateStamp({ ...signature, signedAt: signature.signedAtUnixMs });
    const { developer, key } = developers.signer(stamp.keyId);
    if (!isSigned(statement(stamp), signature.signature, key))
      throw new VaisError('signature_invalid', `this is not what ${developer.name} signed`);
    if (stamp.agentId !== agentId)
      throw new VaisError('signature_invalid', `${developer.name} signed this for another agent: ${stamp.agentId}`);
    requirePermission(developer, program);
    const entered = ledger.enter(stamp.keyId, `${program}/${module}`, stamp.sequence);
    entered.catch(() => undefined);
    const { keyId, sequence, nonce, signedAt } = stamp;
    return {
      entered,
      who: { developer: developer.name, keyId, sequence, nonce, signedAt },
      developer: developer.name,
      requireRights: () => requirePermission(developers.signer(keyId).developer, program),
    };
  }

  #close(kind: Kind, fields: AuditFields, outcome: Outcome): Promise<void> {
    if (isHeld(outcome)) {
      const unchanged = outcome.kind === 'unchanged' ? { unchanged: true } : {};
      return this.#audit.append(`${kind}_confirmed`, { ...fields, version: outcome.version, ...unchanged }, true);
    }
    const { running, reason } = outcome;
    const why = { code: reason.code, message: reason.message };
    return this.#audit.append(`${kind}_${outcome.kind}`, { ...fields, running, ...why }, true);
  }
}

function requirePermission({ name, programs }: Developer, program: string): void {
  if (programs.length === 0 || programs.includes(program)) return;
  throw new VaisError('not_permitted', `${name} may give code to ${programs.join(', ')}, and not to ${program}`);
}
