import { Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import css from './search-box.module.css';

/** Longest text the server's filters accept. */
const textMax = 200;

/**
 * The text filter of a page or a list; the key `/` focuses it. What is typed shows at once, and is told after a pause of `pauseMs`
 * (0: at every letter).
 */
export function SearchBox(props: {
  value: string;
  onChange: (text: string) => void;
  label: string;
  placeholder: string;
  pauseMs?: number;
}) {
  const { value, onChange, pauseMs = 0 } = props;
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const told = useRef(value);
  useEffect(() => {
    // Another value from outside (back, clear) replaces what was typed; an echo of our own does not.
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const tell = (next: string) => {
    clearTimeout(timer.current);
    if (next.trim() === told.current) return;
    told.current = next.trim();
    onChange(next.trim());
  };
  const type = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    if (pauseMs === 0) tell(next);
    else timer.current = setTimeout(() => tell(next), pauseMs);
  };
  return (
    <search className={css.search}>
      <Search aria-hidden />
      <input
        type="search"
        data-page-filter=""
        aria-label={props.label}
        placeholder={props.placeholder}
        maxLength={textMax}
        spellCheck={false}
        value={text}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') tell(text);
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
    </search>
  );
}
