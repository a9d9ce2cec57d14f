import { useId, useState } from 'react';
import { Segmented } from '../components/button.tsx';
import { useSettings } from '../lib/settings.ts';
import { isZone, zoneName, zoneOffsetText } from '../lib/time.ts';
import { useUrlUpdate, useZone } from '../lib/url-state.ts';
import css from './zone-switch.module.css';

type Kind = 'browser' | 'utc' | 'other';

const kindOf = (zone: string): Kind => (zone === 'browser' ? 'browser' : zone === 'UTC' ? 'utc' : 'other');

/** Every zone the browser knows, for completion. */
const zoneNames: readonly string[] = Intl.supportedValuesOf('timeZone');

/** The zone as a control with a value, for the picker (writes the URL) and the settings page (writes the setting). */
export function ZoneControl(props: { zone: string; atMs: number; onChange: (zone: string) => void }) {
  const { zone, onChange } = props;
  const id = useId();
  const [isOther, setIsOther] = useState(kindOf(zone) === 'other');
  const [text, setText] = useState(kindOf(zone) === 'other' ? zone : '');
  const kind: Kind = isOther ? 'other' : kindOf(zone);
  const choose = (next: Kind): void => {
    setIsOther(next === 'other');
    if (next === 'browser') onChange('browser');
    if (next === 'utc') onChange('UTC');
  };
  const type = (next: string): void => {
    setText(next);
    if (next.includes('/') && isZone(next)) onChange(next);
  };
  return (
    <div className={css.zone}>
      <Segmented<Kind>
        label="Time zone"
        value={kind}
        onChange={choose}
        options={[
          { value: 'browser', label: 'Browser', title: zoneName('browser') },
          { value: 'utc', label: 'UTC' },
          { value: 'other', label: 'Other' },
        ]}
      />
      {kind === 'other' ? (
        <>
          <input
            className={css.input}
            aria-label="Name of the zone"
            placeholder="Europe/Berlin"
            list={id}
            value={text}
            onChange={(event) => type(event.target.value.trim())}
            spellCheck={false}
            autoComplete="off"
          />
          <datalist id={id}>
            {zoneNames.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </>
      ) : (
        <span className={css.name}>
          {zoneName(zone)}
          {zone !== 'UTC' && zoneName(zone) !== 'UTC' && `, ${zoneOffsetText(zone, props.atMs)}`}
        </span>
      )}
    </div>
  );
}

/** For the page on screen only: kept in its URL, and left out again where it equals the setting. */
export function ZoneSwitch(props: { atMs: number }) {
  const zone = useZone();
  const settings = useSettings();
  const update = useUrlUpdate();
  const change = (next: string): void =>
    update({ tz: next === settings.zone ? null : next }, { replace: true });
  return <ZoneControl zone={zone} atMs={props.atMs} onChange={change} />;
}
