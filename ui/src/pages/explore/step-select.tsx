import { useState } from 'react';
import { useTimeRange, useUrlState } from '../../lib/url-state.ts';
import css from './queries.module.css';
import { chooseStep, fixedSteps, parseStep, stepText } from './steps.ts';

const otherValue = 'other';

/** How far apart the points are: by the range, or fixed. */
export function StepSelect() {
  const [asked, setAsked] = useUrlState('step', '');
  const [isTyping, setTyping] = useState(false);
  const range = useTimeRange();
  const { stepMs, refused } = chooseStep(asked, range);
  const autoText = (fineness: string): string =>
    stepText(chooseStep(fineness === 'normal' ? '' : fineness, range).stepMs);
  const isOther = parseStep(asked) !== null && !(fixedSteps as readonly string[]).includes(asked);
  return (
    <span className={css.stepGroup}>
      <label className={css.by}>
        Step
        <select
          className={css.select}
          value={asked}
          onChange={({ target }) => {
            setTyping(target.value === otherValue);
            if (target.value !== otherValue) setAsked(target.value || null, { replace: true });
          }}
        >
          <option value="coarse">Coarse ({autoText('coarse')})</option>
          <option value="">Normal ({autoText('normal')})</option>
          <option value="fine">Fine ({autoText('fine')})</option>
          {fixedSteps.map((step) => (
            <option key={step}>{step}</option>
          ))}
          {isOther && <option>{asked}</option>}
          <option value={otherValue}>Other…</option>
        </select>
      </label>
      {isTyping && (
        <OtherStep
          onDone={(step) => {
            setTyping(false);
            if (step !== null) setAsked(step, { replace: true });
          }}
        />
      )}
      {refused !== null && (
        <span className={css.refused} role="status">
          {refused} would give more than 11,000 points; {stepText(stepMs)} is used.
        </span>
      )}
    </span>
  );
}

function OtherStep(props: { onDone: (step: string | null) => void }) {
  const [text, setText] = useState('');
  const isWrong = text !== '' && parseStep(text) === null;
  return (
    <input
      // biome-ignore lint/a11y/noAutofocus: it appears because the reader asked to type here
      autoFocus
      className={css.stepInput}
      aria-label="Step, such as 45s or 1h30m"
      aria-invalid={isWrong}
      placeholder="45s"
      value={text}
      onChange={(event) => setText(event.target.value.trim())}
      onBlur={() => props.onDone(parseStep(text) === null ? null : text)}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && !isWrong) props.onDone(text === '' ? null : text);
        if (event.key === 'Escape') props.onDone(null);
      }}
    />
  );
}
