import type { Contract } from '../../artifact/contract/contract.ts';
import type { CheckRequest } from './check-protocol.ts';

/** What is to be checked of an image: an image of ours has a table that tells, and a plain library its symbols. */
export function checkRequest(what: Omit<CheckRequest, 'functions'>, contract: Contract | undefined): CheckRequest {
  if (contract === undefined || contract.origin === 'stated') return what;
  return { ...what, functions: contract.functions.map(({ name, symbol }) => symbol ?? name) };
}
