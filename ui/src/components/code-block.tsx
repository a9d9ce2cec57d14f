import css from './code-block.module.css';
import { CopyButton } from './copy-button.tsx';

/** Text to paste somewhere, exactly as it is, with its copy button. */
export function CodeBlock(props: { text: string; label: string; copyLabel?: string; primary?: boolean }) {
  return (
    <div className={css.block}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard */}
      <section className={css.code} aria-label={props.label} tabIndex={0}>
        <pre>
          <code>{props.text}</code>
        </pre>
      </section>
      <div className={css.copy}>
        <CopyButton
          text={props.text}
          label={props.copyLabel ?? 'Copy'}
          variant={props.primary ? 'primary' : 'plain'}
        />
      </div>
    </div>
  );
}
