import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Ledger } from './ledger.ts';
import type { AlertLife, OnCallClock } from './types.ts';

/** How long a link may be used. */
export const TOKEN_LIFE_MS = 7 * 86_400_000;
const HOUR_MS = 3_600_000;
const SECRET_KEY = 'secret/links';
const SECRET_BYTES = 32;
const VERSION = 1;
/** Version, fingerprint, begin, end. */
const CLAIM_BYTES = 1 + 8 + 6 + 6;
const SIGNATURE_BYTES = 32;
const MAX_TOKEN_LENGTH = Math.ceil(((CLAIM_BYTES + SIGNATURE_BYTES) * 4) / 3);
/** What 48 bits hold; dates end before. */
const MAX_MOMENT_MS = 2 ** 48 - 1;

export type VerifiedToken =
  | { readonly kind: 'valid'; readonly fingerprint: string; readonly startsAtMs: number }
  | { readonly kind: 'expired' }
  | { readonly kind: 'invalid' };

/** Texts that let whoever has one acknowledge one alert, and nothing else. */
export interface ActionTokens {
  /** Letters, digits, `-` and `_`. The same within an hour, so that a notification does not change when it is made again. */
  create(alert: AlertLife): string;
  /** Never throws. */
  verify(token: string): VerifiedToken;
}

export interface ActionTokenOptions {
  readonly secret: Uint8Array;
  readonly clock: Pick<OnCallClock, 'now'>;
}

export function createActionTokens({ secret, clock }: ActionTokenOptions): ActionTokens {
  const sign = (claim: Uint8Array) => createHmac('sha256', secret).update(claim).digest();
  return {
    create({ fingerprint, startsAtMs }) {
      const expiresAtMs = Math.ceil((clock.now() + TOKEN_LIFE_MS) / HOUR_MS) * HOUR_MS;
      const claim = Buffer.alloc(CLAIM_BYTES);
      claim.writeUInt8(VERSION, 0);
      claim.write(fingerprint, 1, 8, 'hex');
      claim.writeUIntBE(toMoment(startsAtMs), 9, 6);
      claim.writeUIntBE(toMoment(expiresAtMs), 15, 6);
      return Buffer.concat([claim, sign(claim)]).toString('base64url');
    },
    verify(token) {
      if (token.length > MAX_TOKEN_LENGTH || !/^[\w-]+$/.test(token)) return { kind: 'invalid' };
      const bytes = Buffer.from(token, 'base64url');
      if (bytes.length !== CLAIM_BYTES + SIGNATURE_BYTES) return { kind: 'invalid' };
      const claim = bytes.subarray(0, CLAIM_BYTES);
      if (!timingSafeEqual(sign(claim), bytes.subarray(CLAIM_BYTES))) return { kind: 'invalid' };
      if (claim.readUInt8(0) !== VERSION) return { kind: 'invalid' };
      if (claim.readUIntBE(15, 6) <= clock.now()) return { kind: 'expired' };
      return {
        kind: 'valid',
        fingerprint: claim.toString('hex', 1, 9),
        startsAtMs: claim.readUIntBE(9, 6),
      };
    },
  };
}

function toMoment(ms: number): number {
  return Math.min(MAX_MOMENT_MS, Math.max(0, Math.floor(ms)));
}

/** The secret that links are signed with; made and stored when there is none. */
export async function keepLinkSecret(
  documents: ReadonlyMap<string, string>,
  ledger: Ledger,
): Promise<Uint8Array> {
  const stored = Buffer.from(documents.get(SECRET_KEY) ?? '', 'base64url');
  if (stored.length === SECRET_BYTES) return stored;
  const secret = randomBytes(SECRET_BYTES);
  await ledger.write(new Map([[SECRET_KEY, secret.toString('base64url')]]));
  return secret;
}
