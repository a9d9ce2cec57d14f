import { describe, expect, it } from 'vitest';
import { Slots } from './slots.ts';

describe('Slots', () => {
  it('hands out places in order of arrival and refuses beyond the queue', async () => {
    const slots = new Slots(1, 1);
    expect(await slots.take()).toBe(0);
    const second = slots.take();
    await expect(slots.take()).rejects.toMatchObject({ number: 202, status: 503 });
    expect([slots.used, slots.waiting]).toEqual([1, 1]);
    slots.put(0);
    expect(await second).toBe(0);
    slots.put(0);
    expect([slots.used, slots.waiting]).toEqual([0, 0]);
  });

  it('forgets who stopped waiting', async () => {
    const slots = new Slots(1, 4);
    await slots.take();
    const gone = new AbortController();
    const waiting = slots.take(gone.signal);
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ number: 394 });
    slots.put(0);
    expect(slots.used).toBe(0);
    await expect(slots.take(gone.signal)).rejects.toMatchObject({ number: 394 });
    expect(slots.used).toBe(0);
  });
});
