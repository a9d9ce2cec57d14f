import { Segmented } from '../components/button.tsx';
import { updateSettings, useSettings } from '../lib/settings.ts';
import {
  keyCaps,
  type Shortcut,
  type ShortcutGroup,
  useRegisteredShortcuts,
  waysOf,
} from '../lib/shortcuts.ts';
import { Modal } from './modal.tsx';
import css from './shortcut-sheet.module.css';

const groups: readonly ShortcutGroup[] = ['Go to', 'View', 'Time', 'List', 'Help'];

/** Everything that works on this page, read from the registry, so it cannot lie. */
export function ShortcutSheet(props: { onClose: () => void }) {
  const shortcuts = useRegisteredShortcuts();
  const { singleKeys } = useSettings();
  return (
    <Modal title="Keyboard shortcuts" onClose={props.onClose} className={css.sheet}>
      <div className={css.groups}>
        {groups.map((group) => (
          <Group key={group} name={group} shortcuts={shortcuts.filter((one) => one.group === group)} />
        ))}
      </div>
      <footer className={css.foot}>
        <p>Single keys do nothing while you type. They can be switched off altogether.</p>
        <Segmented
          label="Single-key shortcuts"
          value={singleKeys ? 'on' : 'off'}
          options={[
            { value: 'on', label: 'On' },
            { value: 'off', label: 'Off' },
          ]}
          onChange={(value) => updateSettings({ singleKeys: value === 'on' })}
        />
      </footer>
    </Modal>
  );
}

function Group(props: { name: string; shortcuts: readonly Shortcut[] }) {
  const byLabel = new Map(props.shortcuts.map((one) => [`${one.keys} ${one.label}`, one]));
  if (byLabel.size === 0) return null;
  return (
    <section className={css.group}>
      <h3>{props.name}</h3>
      <dl>
        {[...byLabel.values()].map((one) => (
          <div key={`${one.keys} ${one.label}`}>
            <dt>{one.label}</dt>
            <dd>
              <Keys keys={one.keys} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Key caps of a shortcut: steps after one another, ways separated by "or". */
export function Keys(props: { keys: string }) {
  return waysOf(props.keys).map((way, index) => (
    <span key={way.join(' ')} className={css.way}>
      {index > 0 && <span className={css.or}>or</span>}
      {way.flatMap((step) => keyCaps(step).map((cap) => <kbd key={`${step} ${cap}`}>{cap}</kbd>))}
    </span>
  ));
}
