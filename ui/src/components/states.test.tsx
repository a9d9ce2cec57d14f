import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { diagnosticsOf, EmptyState, ErrorState, failureOf } from './states.tsx';

afterEach(cleanup);

const refused = Object.assign(new Error('The range ends before it begins.'), {
  code: 'bad_range',
  hint: 'Swap from and to.',
  status: 400,
});

it('says what failed, why and what to do, and offers a retry', () => {
  const onRetry = vi.fn();
  render(<ErrorState title="The sessions could not be read." error={refused} onRetry={onRetry} />);
  const alert = screen.getByRole('alert');
  for (const text of [
    'The sessions could not be read.',
    'The range ends before it begins.',
    'bad_range',
    'Swap from and to.',
  ]) {
    expect(alert.textContent).toContain(text);
  }
  fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(onRetry).toHaveBeenCalledOnce();
});

it('copies diagnostics that hold code, status and page', async () => {
  const writeText = vi.fn(async () => {});
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText }, userAgent: 'test' });
  render(<ErrorState title="It broke." error={refused} />);
  fireEvent.click(screen.getByRole('button', { name: 'Copy diagnostics' }));
  expect(await screen.findByText('Copied', { selector: 'button' })).toBeTruthy();
  expect(writeText).toHaveBeenCalledWith(expect.stringMatching(/It broke\..*bad_range.*400/s));
  vi.unstubAllGlobals();
});

it('reads whatever was thrown', () => {
  expect(failureOf('plain text')).toEqual({ message: 'plain text', hint: '', code: '', status: null });
  expect(failureOf(undefined).message).toBe('undefined');
  expect(diagnosticsOf('It broke', null)).toContain('what: It broke');
});

it('shows an empty state with its next step', () => {
  render(<EmptyState title="Nothing yet." action={<a href="/welcome">Connect</a>} />);
  expect(screen.getByRole('link', { name: 'Connect' })).toBeTruthy();
});
