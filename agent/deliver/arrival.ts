let last = 0;

/**
 * A number for each push when all its bytes are here, higher than those before: the steps between that and its queue may
 * overtake each other, and what came last is what shall run.
 */
export function nextArrival(): number {
  last += 1;
  return last;
}
