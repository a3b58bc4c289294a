import * as grpc from '@grpc/grpc-js';
import { errorCodes, isErrorCode, VaisError } from '../common/error.ts';
import type { Failure, Failure__Output } from './gen/vais/remote/v1/Failure.ts';
import { ErrorInfoMessage, StatusMessage } from './protos.ts';

const domain = 'vais-remote';
const detailsKey = 'grpc-status-details-bin';
const errorInfoUrl = 'type.googleapis.com/google.rpc.ErrorInfo';

/**
 * A failure as gRPC status: the code's own status, the message, and a `google.rpc.ErrorInfo` with the name of our code
 * and the hint. The cause stays here.
 */
export function toStatus(thrown: unknown): grpc.StatusObject {
  const error = VaisError.from(thrown);
  const { grpc: code } = errorCodes[error.code];
  const info = ErrorInfoMessage.serialize({
    reason: error.code.toUpperCase(),
    domain,
    metadata: { hint: error.hint },
  });
  const metadata = new grpc.Metadata();
  metadata.set(
    detailsKey,
    StatusMessage.serialize({ code, message: error.message, details: [{ type_url: errorInfoUrl, value: info }] }),
  );
  return { code, details: error.message, metadata };
}

/**
 * A failed call as VaisError: our own code where the peer sent one, else the nearest to the gRPC status.
 *
 * @param address where the call went, for the message
 */
export function fromStatus(thrown: unknown, address: string): VaisError {
  if (thrown instanceof VaisError) return thrown;
  if (!isServiceError(thrown)) return VaisError.from(thrown);
  const ours = errorInfoOf(thrown);
  if (ours !== undefined) return ours;
  switch (thrown.code) {
    case grpc.status.CANCELLED:
      return new VaisError('unreachable', `the agent at ${address} has stopped`, { cause: thrown });
    case grpc.status.UNAVAILABLE:
      return fromConnection(thrown, address);
    case grpc.status.DEADLINE_EXCEEDED:
      return new VaisError('unreachable', `the agent at ${address} did not answer in time`, { cause: thrown });
    case grpc.status.UNIMPLEMENTED:
      return new VaisError('unreachable', `what listens at ${address} is no agent of this version`, { cause: thrown });
    case grpc.status.RESOURCE_EXHAUSTED:
      return new VaisError('too_large', `${address}: ${thrown.details}`, { cause: thrown });
    case grpc.status.UNAUTHENTICATED:
    case grpc.status.PERMISSION_DENIED:
      return new VaisError('not_authorized', `${address}: ${thrown.details}`, { cause: thrown });
    case grpc.status.INTERNAL:
      return new VaisError(
        'unreachable',
        `what listens at ${address} does not speak gRPC as an agent does: ${plain(thrown.details)}`,
        { cause: thrown },
      );
    default:
      return new VaisError('internal', `${address}: ${thrown.details}`, { cause: thrown });
  }
}

/** Why no connection came to be. grpc-js has only the words of TLS for that. */
function fromConnection(cause: grpc.ServiceError, address: string): VaisError {
  const { details } = cause;
  if (/self.signed|unable to (?:verify|get)|signature failure|certificate purpose|does not match/i.test(details))
    return new VaisError(
      'identity_changed',
      `WHAT LISTENS AT ${address} IS NOT THE AGENT THAT YOU PAIRED WITH: it shows another identity. Nothing was sent`,
      { cause },
    );
  if (/wrong version number|packet length too long|SSL routines/.test(details))
    return new VaisError('unreachable', `what listens at ${address} does not speak TLS 1.3 as the paired agent does`, {
      hint: 'Was the agent started with --insecure? Then push to its address; or start it without.',
      cause,
    });
  return new VaisError('unreachable', `no agent answers at ${address}: ${plain(details)}`, { cause });
}

/** What a peer is told of a failure that it did not cause: that it happened, and nothing of this machine. */
export function hideInternals(error: VaisError): VaisError {
  if (error.code !== 'internal') return error;
  return new VaisError('internal', 'the agent failed; its log says why', { hint: errorCodes.internal.hint });
}

/** A failure inside a message. */
export function toFailure(error: VaisError): Failure {
  return { code: error.code, message: error.message, hint: error.hint };
}

/** A failure that came inside a message. */
export function fromFailure(failure: Failure__Output | null | undefined): VaisError {
  if (failure === null || failure === undefined) return new VaisError('internal', 'the agent gave no reason');
  const code = isErrorCode(failure.code) ? failure.code : 'internal';
  return new VaisError(code, failure.message, failure.hint === '' ? {} : { hint: failure.hint });
}

function isServiceError(thrown: unknown): thrown is grpc.ServiceError {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'number' && 'metadata' in thrown;
}

function errorInfoOf(error: grpc.ServiceError): VaisError | undefined {
  const [bytes] = error.metadata.get(detailsKey);
  if (!Buffer.isBuffer(bytes)) return undefined;
  try {
    for (const detail of StatusMessage.deserialize(bytes).details) {
      if (detail.type_url !== errorInfoUrl) continue;
      const info = ErrorInfoMessage.deserialize(Buffer.from(detail.value));
      const code = info.reason.toLowerCase();
      if (info.domain !== domain || !isErrorCode(code)) continue;
      const hint = info.metadata['hint'];
      return new VaisError(code, error.details, hint === undefined ? { cause: error } : { hint, cause: error });
    }
  } catch {
    // A peer that sends broken details is told apart by its status alone.
  }
  return undefined;
}

/** grpc-js wraps the system's words in its own; the first line is what a person can use. */
function plain(details: string): string {
  const inner = /connect (E[A-Z]+)/.exec(details)?.[1];
  if (inner === 'ECONNREFUSED') return 'connection refused';
  if (inner !== undefined) return inner;
  // Of a peer that hangs up on plain text, as an agent with TLS does.
  if (/Failed to connect|ECONNRESET|socket hang up/.test(details))
    return 'it hangs up; if it is an agent without --insecure, pair with it first';
  return details.split('\n')[0] ?? details;
}
