import { expect, test } from 'vitest';
import { isLoopback, parseListen, urlHost } from './listen.ts';

test.each([
  ['127.0.0.1:7070', '127.0.0.1', 7070, true],
  ['[::1]:4317', '::1', 4317, true],
  ['localhost:0', 'localhost', 0, true],
  ['127.8.9.1:1', '127.8.9.1', 1, true],
  ['0.0.0.0:7070', '0.0.0.0', 7070, false],
  ['[::]:7070', '::', 7070, false],
  ['192.168.1.5:80', '192.168.1.5', 80, false],
  ['127.example.com:80', '127.example.com', 80, false],
])('%s', (text, host, port, loopback) => {
  expect(parseListen(text)).toEqual({ host, port });
  expect(isLoopback(host)).toBe(loopback);
});

test('a URL needs an address one can connect to', () => {
  expect(urlHost({ host: '0.0.0.0', port: 1 })).toBe('127.0.0.1:1');
  expect(urlHost({ host: '::', port: 1 })).toBe('[::1]:1');
  expect(urlHost({ host: 'example.com', port: 1 })).toBe('example.com:1');
});
