import { Check, Copy, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Button } from './button.tsx';

/** How long the outcome of a copy stays visible. */
const shownMs = 1800;

/** Copies a text and says whether it worked. Without a clipboard (plain http on another host) it falls back to a selection. */
export function CopyButton(props: {
  text: string | (() => string);
  label?: string;
  variant?: 'primary' | 'plain' | 'quiet';
  /** Icon only; the label becomes the accessible name. */
  iconOnly?: boolean;
}) {
  const [outcome, setOutcome] = useState<'copied' | 'failed' | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const label = props.label ?? 'Copy';
  const copy = async () => {
    const text = typeof props.text === 'function' ? props.text() : props.text;
    setOutcome((await writeClipboard(text)) ? 'copied' : 'failed');
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOutcome(null), shownMs);
  };
  const icon =
    outcome === 'copied' ? (
      <Check aria-hidden />
    ) : outcome === 'failed' ? (
      <X aria-hidden />
    ) : (
      <Copy aria-hidden />
    );
  const said =
    outcome === 'copied' ? 'Copied' : outcome === 'failed' ? 'Copy failed: select the text instead' : '';
  return (
    <>
      <Button
        variant={props.variant ?? 'plain'}
        icon={icon}
        aria-label={props.iconOnly ? label : undefined}
        onClick={() => void copy()}
      >
        {props.iconOnly ? null : said === 'Copied' ? said : label}
      </Button>
      <span className="visually-hidden" role="status">
        {said}
      </span>
    </>
  );
}

async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // no permission, or not a secure context
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.readOnly = true;
  area.className = 'visually-hidden';
  document.body.append(area);
  area.select();
  const done = document.execCommand?.('copy') ?? false;
  area.remove();
  return done;
}
