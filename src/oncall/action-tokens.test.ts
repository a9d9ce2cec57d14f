import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActionTokens, TOKEN_LIFE_MS } from './action-tokens.ts';
import { createWorld, FakeClock, HOUR_MS, onCallConfig, startOnCall } from './on-call-test-kit.ts';

const alert = { fingerprint: 'fedcba9876543210', startsAtMs: Date.UTC(2026, 10, 23, 8) };

describe('tokens of signed links', () => {
  test('say which alert they are about', () => {
    const clock = new FakeClock();
    const tokens = createActionTokens({ secret: randomBytes(32), clock });
    const token = tokens.create(alert);
    expect(token).toMatch(/^[A-Za-z0-9_-]{70,72}$/);
    expect(tokens.verify(token)).toEqual({ kind: 'valid', ...alert });
  });

  test('expire after seven days, and not before', async () => {
    const clock = new FakeClock(Date.UTC(2026, 10, 23, 9, 30));
    const tokens = createActionTokens({ secret: randomBytes(32), clock });
    const token = tokens.create(alert);
    await clock.advance(TOKEN_LIFE_MS);
    expect(tokens.verify(token).kind).toBe('valid');
    await clock.advance(HOUR_MS);
    expect(tokens.verify(token)).toEqual({ kind: 'expired' });
  });

  test('stay the same for a while, so that a notification does when it is made again', async () => {
    const clock = new FakeClock(Date.UTC(2026, 10, 23, 9, 30));
    const tokens = createActionTokens({ secret: randomBytes(32), clock });
    const token = tokens.create(alert);
    await clock.advance(20 * 60_000);
    expect(tokens.create(alert)).toBe(token);
  });

  test('no other text is one: changed, cut, lengthened, of another secret, or anything', () => {
    const clock = new FakeClock();
    const tokens = createActionTokens({ secret: randomBytes(32), clock });
    const token = tokens.create(alert);
    const changed = fc
      .tuple(fc.nat(token.length - 1), fc.constantFrom(...'AZaz09_-'))
      .map(([at, character]) => {
        return token.slice(0, at) + character + token.slice(at + 1);
      });
    fc.assert(
      fc.property(
        fc.oneof(
          changed,
          fc.string(),
          fc.nat(80).map((end) => token.slice(0, end)),
        ),
        (text) => {
          // The last character's lowest bits belong to no byte.
          const isSame = Buffer.from(text, 'base64url').equals(Buffer.from(token, 'base64url'));
          if (!isSame) expect(tokens.verify(text)).toEqual({ kind: 'invalid' });
        },
      ),
    );
    expect(tokens.verify(`${token}A`)).toEqual({ kind: 'invalid' });
    expect(tokens.verify(`${token}=`)).toEqual({ kind: 'invalid' });
    expect(createActionTokens({ secret: randomBytes(32), clock }).verify(token)).toEqual({ kind: 'invalid' });
  });

  test('the secret is made once and outlives restarts', async () => {
    const world = createWorld();
    const first = await startOnCall(world, onCallConfig({}));
    const token = first.tokens.create(alert);
    await first.stop();
    const second = await startOnCall(world, onCallConfig({}));
    expect(second.tokens.verify(token).kind).toBe('valid');
    const other = await startOnCall(createWorld(), onCallConfig({}));
    expect(other.tokens.verify(token).kind).toBe('invalid');
  });
});
