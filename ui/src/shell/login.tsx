import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { type ApiError, apiPost, toApiError } from '../lib/api.ts';
import css from './login.module.css';
import { Mark } from './mark.tsx';

/** Asks for a key where the server wants one. The address stays as it is, so after it the page that was asked for opens. */
export function Login() {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const client = useQueryClient();
  const [key, setKey] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · Bellwether';
    input.current?.focus();
  }, []);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (key.trim() === '') return;
    setIsBusy(true);
    setError(null);
    try {
      await apiPost('/api/login', { key: key.trim() });
      await client.resetQueries();
    } catch (thrown) {
      setError(toApiError(thrown));
      input.current?.select();
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <main className={css.page}>
      <form className={css.card} onSubmit={(event) => void submit(event)} noValidate>
        <Mark size={36} />
        <h1>Sign in to Bellwether</h1>
        <p>This server asks for its admin key.</p>
        <label htmlFor={id}>Admin key</label>
        <input
          id={id}
          ref={input}
          type="password"
          name="key"
          autoComplete="current-password"
          value={key}
          onChange={(event) => setKey(event.target.value)}
          aria-invalid={error !== null}
          aria-describedby={`${id}-note`}
        />
        <button type="submit" disabled={isBusy}>
          {isBusy ? 'Checking…' : 'Sign in'}
        </button>
        <p
          id={`${id}-note`}
          className={css.note}
          data-bad={error !== null}
          role={error === null ? undefined : 'alert'}
        >
          {error === null
            ? 'Whoever runs the server can create one on its command line.'
            : failureText(error)}
        </p>
      </form>
    </main>
  );
}

function failureText(error: ApiError): string {
  return error.hint === '' ? error.message : `${error.message} ${error.hint}`;
}
