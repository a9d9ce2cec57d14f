/** The bell that the wether wears. `dot` colours the clapper; it carries no meaning that is not also told in words. */
export function Mark(props: { size?: number; dot?: string }) {
  const size = props.size ?? 20;
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden="true">
      <circle cx="12" cy="19.4" r="3.6" fill={props.dot ?? 'var(--accent)'} />
      <path d={markLoop} stroke="currentColor" strokeWidth="1.9" strokeLinecap="round" />
      <path d={markBody} fill="currentColor" />
    </svg>
  );
}

export const markLoop = 'M9.3 5.6V4.4a2.7 2.7 0 0 1 5.4 0v1.2';
export const markBody =
  'M8.9 5.2h6.2c.9 0 1.7.6 1.9 1.5l3 10.1c.2.8-.3 1.5-1.1 1.5H5.1c-.8 0-1.3-.7-1.1-1.5l3-10.1c.2-.9 1-1.5 1.9-1.5Z';
