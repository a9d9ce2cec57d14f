import { describe, expect, test } from 'vitest';
import { channelReference } from './reference.ts';
import { CHANNELS } from './registry.ts';

const reference = channelReference(CHANNELS);
const field = (channel: string, key: string) =>
  reference.find(({ name }) => name === channel)?.fields.find((one) => one.key === key);

describe('reference of channels', () => {
  test('has every channel with every key', () => {
    expect(reference.map(({ configKey }) => configKey)).toEqual(CHANNELS.map(({ configKey }) => configKey));
    for (const { fields } of reference) expect(fields.length).toBeGreaterThan(0);
  });

  test('says type, default, global key, secrets and templates', () => {
    expect(field('email', 'smarthost')).toMatchObject({ type: 'a text', global: 'smtp_smarthost' });
    expect(field('email', 'require_tls')).toMatchObject({ type: 'true or false', defaultText: 'true' });
    expect(field('email', 'html')).toMatchObject({
      isTemplate: true,
      defaultText: '"{{ template \\"email.default.html\\" . }}"',
    });
    expect(field('email', 'auth_password')).toMatchObject({ isSecret: true, isRequired: false });
    expect(field('email', 'tls_config')).toMatchObject({ type: 'a section' });
    expect(field('email', 'tls_config.ca_file')).toMatchObject({ type: 'a text', isSecret: false });
    expect(field('email', 'threading.thread_by_date')?.type).toBe('"none" or "daily"');
    expect(field('file', 'path')).toMatchObject({ isRequired: true, defaultText: undefined });
    expect(field('file', 'max_size')).toMatchObject({ defaultText: '64MB' });
    expect(field('webhook', 'timeout')).toMatchObject({ defaultText: '0s' });
    expect(field('webhook', 'max_alerts')).toMatchObject({ type: 'a whole number', defaultText: '0' });
    expect(field('webhook', 'payload')).toMatchObject({ type: 'anything', isRequired: false });
    expect(field('sms', 'to')).toMatchObject({ type: 'a list, each a text', isRequired: true });
    expect(field('slack', 'fields[].title')).toMatchObject({ type: 'a text', isRequired: true });
  });

  test('every key has a type in words', () => {
    const vague = reference.flatMap(({ name, fields }) =>
      fields.filter(({ type }) => type === 'a value').map(({ key }) => `${name}.${key}`),
    );
    expect(vague).toEqual([]);
  });

  test('keys of secrets and templates exist', () => {
    for (const { name, secretKeys, templateKeys, globals } of CHANNELS) {
      const keys = reference
        .find((one) => one.name === name)!
        .fields.map(({ key }) => key.replaceAll('[]', ''));
      const missing = [...secretKeys, ...templateKeys, ...Object.keys(globals)].filter(
        (key) => !keys.includes(key),
      );
      expect({ name, missing }).toEqual({ name, missing: [] });
    }
  });
});
