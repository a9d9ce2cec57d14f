import { expect, test } from 'vitest';
import { withoutSecrets } from './without-secrets.ts';

test('what is shown of a configuration has no secret in it, wherever it stands', () => {
  const shown = JSON.stringify(
    withoutSecrets({
      storage: { password: 'hunter2', password_file: '/run/pw' },
      on_call: {
        telegram: { secret: 'hunter2', bot_token: 'hunter2' },
        slack: { signing_secret: 'hunter2' },
      },
      inbound_webhooks: [{ name: 'ci', token: 'hunter2' }],
      scrape_configs: [
        { basic_auth: { username: 'bob', password: 'hunter2' }, authorization: { credentials: 'hunter2' } },
      ],
      remote_write: [{ url: 'https://bob:hunter2@example.com/write' }],
    }),
  );
  expect(shown).not.toContain('hunter2');
  expect(shown).toContain('/run/pw');
  expect(shown).toContain('https://bob:<secret>@example.com/write');
});
