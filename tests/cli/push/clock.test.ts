import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { PushClock } from '../../../cli/push/clock.ts';

it('places what the agent says between the offer and now, and never goes back', async () => {
  const clock = new PushClock(performance.now() - 5);
  const offeredUs = clock.offer();
  expect(offeredUs).toBeGreaterThanOrEqual(5_000);
  await pause(20); // A round trip, of which the agent spent one millisecond.
  const received = clock.msOf({ elapsedUs: offeredUs + 1_000 });
  const trip = clock.ms - offeredUs / 1000 - 1;
  expect(Math.abs(received - (offeredUs / 1000 + 1 + trip / 2))).toBeLessThan(5);
  expect(clock.msOf({ elapsedUs: offeredUs + 500 })).toBeGreaterThanOrEqual(received);
  expect(clock.msOf({ elapsedUs: offeredUs + 10_000_000 })).toBeLessThanOrEqual(clock.ms);
});

it('takes the shortest way as the way, since an answer may have waited for us', async () => {
  const clock = new PushClock();
  const offeredUs = clock.offer();
  await pause(30);
  const late = clock.msOf({ elapsedUs: offeredUs });
  const statedUs = Math.round(clock.ms * 1000);
  const prompt = clock.msOf({ elapsedUs: statedUs });
  expect(late).toBeGreaterThan(offeredUs / 1000 + 10);
  // Half of its own way, which was shorter.
  expect(prompt - statedUs / 1000).toBeLessThan(late - offeredUs / 1000);
});
