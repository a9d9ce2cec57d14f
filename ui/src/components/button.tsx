import type { ButtonHTMLAttributes, ReactNode } from 'react';
import css from './button.module.css';

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  /** `primary` for the one thing to do, `plain` for the rest, `quiet` where a frame would be noise. */
  variant?: 'primary' | 'plain' | 'quiet';
  icon?: ReactNode;
  /** Shown as pressed, and said so. */
  pressed?: boolean;
};

/** A button. One that shows an icon only needs an `aria-label`, which also becomes its title. */
export function Button({ variant = 'plain', icon, pressed, className, children, ...rest }: ButtonProps) {
  const names = [css.button, css[variant], children == null ? css.iconOnly : '', className ?? ''];
  return (
    <button
      type="button"
      aria-pressed={pressed}
      title={children == null ? rest['aria-label'] : undefined}
      {...rest}
      className={names.filter(Boolean).join(' ')}
    >
      {icon}
      {children}
    </button>
  );
}

/** Buttons of which one is chosen, for a switch of two to four words. */
export function Segmented<Value extends string>(props: {
  label: string;
  value: Value;
  options: readonly { value: Value; label: string; title?: string }[];
  onChange: (value: Value) => void;
}) {
  return (
    <fieldset className={css.segmented} aria-label={props.label}>
      {props.options.map((option) => (
        <button
          key={option.value}
          type="button"
          title={option.title}
          aria-pressed={option.value === props.value}
          onClick={() => props.onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </fieldset>
  );
}
