import type { z } from 'zod';

/** What the configuration has to know of a channel; definitions of channels have it all. */
export interface ChannelSchema<S = unknown> {
  /** One word: `email`, `slack`. */
  readonly name: string;
  /** Key in a receiver: `email_configs`. */
  readonly configKey: string;
  /** Whether Alertmanager has it under the same key. Default true; what it has not is a comment in the text for status pages. */
  readonly isInAlertmanager?: boolean;
  /** Of one entry under the key. `send_resolved` and `http_config` are taken out before. */
  readonly schema: z.ZodType<S>;
  /** Which keys are taken from `global` when an entry does not have them: key to global key. */
  readonly globals: Readonly<Record<string, string>>;
  /**
   * Keys of which one is enough: none is taken from `global` when the entry has another. A key stands for its `_file` too, and both
   * are alternatives without being listed.
   */
  readonly alternatives?: readonly (readonly string[])[];
  /** Keys (dotted) that hold secrets. The last words are hidden wherever they appear in the channel's entries. */
  readonly secretKeys: readonly string[];
  /** Keys (dotted) whose values are templates; of lists and sections every text in them. */
  readonly templateKeys: readonly string[];
  /** Default of `send_resolved`. */
  readonly sendsResolved: boolean;
  /** Contradictions between keys that a schema cannot say, each with the key it belongs to. */
  check?(settings: S): readonly { readonly path: readonly string[]; readonly message: string }[];
}
