import type { sendUnaryData } from '@grpc/grpc-js';
import { VaisError } from '../common/error.ts';
import { hideInternals, toStatus } from './status.ts';

/** Answers a call with what `make` gives or throws. */
export function answer<Answer>(done: sendUnaryData<Answer>, make: () => Answer | Promise<Answer>): void {
  Promise.resolve()
    .then(make)
    .then(
      (value) => done(null, value),
      (thrown: unknown) => done(toStatus(hideInternals(VaisError.from(thrown)))),
    );
}
