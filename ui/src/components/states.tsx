import { CircleAlert, RotateCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { CopyButton } from './copy-button.tsx';
import css from './states.module.css';

/** Nothing to show, why that is so, and what to do next. Never a row of noughts. */
export function EmptyState(props: {
  title: string;
  children?: ReactNode;
  icon?: ReactNode;
  action?: ReactNode;
  /** In a panel or table rather than a whole page. */
  compact?: boolean;
}) {
  return (
    <div className={props.compact ? `${css.state} ${css.compact}` : css.state}>
      {props.icon && <div className={css.icon}>{props.icon}</div>}
      <p className={css.title}>{props.title}</p>
      {props.children && <div className={css.text}>{props.children}</div>}
      {props.action && <div className={css.actions}>{props.action}</div>}
    </div>
  );
}

/** What is known about a failure, whatever was thrown. */
export interface Failure {
  message: string;
  hint: string;
  code: string;
  status: number | null;
}

/** Reads the fields an API error carries; anything else becomes its message. */
export function failureOf(error: unknown): Failure {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    message: text(fields.message) || String(error),
    hint: text(fields.hint),
    code: text(fields.code),
    status: typeof fields.status === 'number' && fields.status > 0 ? fields.status : null,
  };
}

/** Plain text for a report: what, where, when; no credentials are ever part of an error. */
export function diagnosticsOf(what: string, error: unknown): string {
  const failure = failureOf(error);
  return [
    `what: ${what}`,
    `message: ${failure.message}`,
    failure.code && `code: ${failure.code}`,
    failure.status && `status: ${failure.status}`,
    `page: ${location.pathname}${location.search}`,
    `time: ${new Date().toISOString()}`,
    `browser: ${navigator.userAgent}`,
  ]
    .filter(Boolean)
    .join('\n');
}

/** What failed, why, what to do; a retry, and diagnostics to copy. */
export function ErrorState(props: {
  /** What failed, as a sentence: `The sessions could not be read.` */
  title: string;
  error: unknown;
  onRetry?: () => void;
  compact?: boolean;
}) {
  const failure = failureOf(props.error);
  return (
    <div className={props.compact ? `${css.state} ${css.compact}` : css.state} role="alert">
      <div className={`${css.icon} ${css.bad}`}>
        <CircleAlert aria-hidden />
      </div>
      <p className={css.title}>{props.title}</p>
      <div className={css.text}>
        <p>
          {failure.message}
          {failure.code && (
            <>
              {' '}
              <code className={css.code}>{failure.code}</code>
            </>
          )}
        </p>
        <p>
          {failure.hint || 'Try again; if it stays, copy the diagnostics and look at the log of the server.'}
        </p>
      </div>
      <div className={css.actions}>
        {props.onRetry && (
          <Button icon={<RotateCw aria-hidden />} onClick={props.onRetry}>
            Try again
          </Button>
        )}
        <CopyButton text={() => diagnosticsOf(props.title, props.error)} label="Copy diagnostics" />
      </div>
    </div>
  );
}

/** A grey bar with the geometry of what will stand there, so that nothing moves when it arrives. */
export function Skeleton(props: { width?: string; height?: string; className?: string }) {
  return (
    <span
      aria-hidden
      className={[css.skeleton, props.className].filter(Boolean).join(' ')}
      style={{ width: props.width ?? '100%', height: props.height ?? '1em' }}
    />
  );
}

/** Says to a screen reader that something is on its way. */
export function Loading(props: { what: string; children: ReactNode }) {
  return (
    <div aria-busy="true">
      <span className="visually-hidden" role="status">
        Loading {props.what}
      </span>
      {props.children}
    </div>
  );
}
