import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** A link to the page of a session. */
export function SessionLink(props: {
  sessionId: string;
  children: ReactNode;
  className?: string;
  title?: string;
}) {
  return (
    <Link
      to="/agents/$sessionId"
      params={{ sessionId: props.sessionId }}
      className={props.className}
      title={props.title}
    >
      {props.children}
    </Link>
  );
}

/** A link to the page of an alert. */
export function AlertLink(props: { fingerprint: string; children: ReactNode; className?: string }) {
  const { fingerprint } = props;
  return (
    <Link to="/alerts/$fingerprint" params={{ fingerprint }} className={props.className}>
      {props.children}
    </Link>
  );
}

/** A link to one of the pages without parameters. */
export function PageLink(props: {
  to: '/' | '/agents' | '/alerts' | '/settings/sources' | '/welcome';
  children: ReactNode;
  className?: string;
}) {
  return (
    <Link to={props.to} className={props.className}>
      {props.children}
    </Link>
  );
}

/** Opens the page of a session from code: a key, a double click. */
export function useOpenSession(): (sessionId: string) => void {
  const navigate = useNavigate();
  return (sessionId) => void navigate({ to: '/agents/$sessionId', params: { sessionId } });
}
