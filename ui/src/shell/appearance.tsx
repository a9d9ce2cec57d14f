import { Contrast, type LucideIcon, Monitor, Moon, Sun } from 'lucide-react';
import { type ReactNode, useId } from 'react';
import { Segmented } from '../components/button.tsx';
import { useNow } from '../lib/clock.ts';
import { type ThemeChoice, updateSettings, useSettings } from '../lib/settings.ts';
import { PageHead } from './page-head.tsx';
import css from './settings.module.css';
import { ZoneControl } from './zone-switch.tsx';

const themes: readonly { value: ThemeChoice; label: string; icon: LucideIcon }[] = [
  { value: 'system', label: 'System', icon: Monitor },
  { value: 'dark', label: 'Dark', icon: Moon },
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'contrast', label: 'High contrast', icon: Contrast },
];

/** How this browser shows things. Saved here only, at once. */
export function AppearancePage() {
  const settings = useSettings();
  const now = useNow(60_000);
  return (
    <div className={css.page}>
      <PageHead title="Appearance" crumbs={[{ label: 'Settings', to: '/settings/sources' }]} />
      <p className={css.lead}>Kept in this browser. Changes apply at once.</p>
      <section className={css.card} aria-label="Appearance">
        <Row title="Theme" text="System follows the setting of your computer.">
          <ThemeChoices value={settings.theme} />
        </Row>
        <Row title="Density" text="Compact shows about a quarter more rows.">
          <Segmented
            label="Density"
            value={settings.density}
            options={[
              { value: 'comfortable', label: 'Comfortable' },
              { value: 'compact', label: 'Compact' },
            ]}
            onChange={(density) => updateSettings({ density })}
          />
        </Row>
        <Row title="Time zone" text="For times on pages and for times you type. A link can carry its own.">
          <ZoneControl zone={settings.zone} atMs={now} onChange={(zone) => updateSettings({ zone })} />
        </Row>
        <Row
          title="Single-key shortcuts"
          text="Off if you dictate or press keys by accident. Chords such as Ctrl+K stay."
        >
          <Segmented
            label="Single-key shortcuts"
            value={settings.singleKeys ? 'on' : 'off'}
            options={[
              { value: 'on', label: 'On' },
              { value: 'off', label: 'Off' },
            ]}
            onChange={(value) => updateSettings({ singleKeys: value === 'on' })}
          />
        </Row>
      </section>
    </div>
  );
}

function Row(props: { title: string; text: string; children: ReactNode }) {
  return (
    <div className={css.row}>
      <div>
        <h2>{props.title}</h2>
        <p>{props.text}</p>
      </div>
      <div className={css.control}>{props.children}</div>
    </div>
  );
}

/** Small pictures of the themes as radio buttons. */
function ThemeChoices(props: { value: ThemeChoice }) {
  const name = useId();
  return (
    <fieldset className={css.themes}>
      <legend className="visually-hidden">Theme</legend>
      {themes.map((theme) => (
        <label key={theme.value} className={css.theme} data-look={theme.value}>
          <input
            type="radio"
            name={name}
            value={theme.value}
            checked={props.value === theme.value}
            onChange={() => updateSettings({ theme: theme.value })}
          />
          <span className={css.look} aria-hidden>
            <i />
            <i />
            <i />
          </span>
          <span className={css.themeName}>
            <theme.icon aria-hidden />
            {theme.label}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
