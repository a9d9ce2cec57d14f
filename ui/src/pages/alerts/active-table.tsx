import type { ActiveAlertJson } from '@contract';
import { BellOff, Check } from 'lucide-react';
import { memo, useRef, useState } from 'react';
import { Button, TimeAgo } from '../../components/index.ts';
import { useWidth } from '../../components/use-size.ts';
import { plural } from '../../lib/format.ts';
import { formatValue, formatValueShort } from '../explore/value-text.ts';
import css from './active.module.css';
import type { AlertActions } from './alert-actions.ts';
import {
  AlertStateDot,
  hasOwnerNews,
  Labels,
  Owner,
  PriorityMark,
  ResponseDue,
  RunbookLink,
  SuppressedMark,
  Told,
} from './alert-look.tsx';
import { type AlertGroup, tellingLabels } from './alert-model.ts';

interface ActiveTableProps {
  groups: readonly AlertGroup[];
  /** The row that keys act on. */
  activeKey: string;
  /** The row whose details are open. */
  selectedKey: string;
  onActive: (fingerprint: string) => void;
  onSelect: (alert: ActiveAlertJson) => void;
  onSilence: (alert: ActiveAlertJson) => void;
  actions: AlertActions;
}

/** Rows of a group shown at first; a storm must not make the page slow. */
const mostShown = 50;
/** Width in pixels below which rows become cards, and below which columns are left out. */
const cardBelowPx = 640;
const slimBelowPx = 980;

/** Alerts by priority and service: one real table, whose rows are cards on a phone. */
export function ActiveTable(props: ActiveTableProps) {
  const holder = useRef<HTMLDivElement>(null);
  const width = useWidth(holder) || 1200;
  const form = width < cardBelowPx ? 'cards' : width < slimBelowPx ? 'slim' : 'wide';
  return (
    <div ref={holder} className={css.holder}>
      <table className={css.table} data-form={form} aria-label="Active alerts">
        {form === 'cards' ? (
          <thead className="visually-hidden">
            <tr>
              <th scope="col">Alert</th>
            </tr>
          </thead>
        ) : (
          <Head isSlim={form === 'slim'} />
        )}
        {props.groups.map((group) => (
          <Group key={group.key} {...props} group={group} form={form} />
        ))}
      </table>
    </div>
  );
}

type Form = 'cards' | 'slim' | 'wide';

function Head({ isSlim }: { isSlim: boolean }) {
  return (
    <thead className={css.head}>
      <tr>
        <th scope="col" className={css.stateColumn}>
          State
        </th>
        <th scope="col">Alert</th>
        <th scope="col" className={css.number}>
          Value
        </th>
        <th scope="col" className={css.number}>
          Since
        </th>
        {!isSlim && (
          <th scope="col" className={css.toldColumn}>
            Told
          </th>
        )}
        <th scope="col" className={css.ownerColumn}>
          Who has it
        </th>
        <th scope="col" className={css.actionColumn}>
          <span className="visually-hidden">Actions</span>
        </th>
      </tr>
    </thead>
  );
}

function Group(props: ActiveTableProps & { group: AlertGroup; form: Form }) {
  const { group, form } = props;
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? group.alerts : group.alerts.slice(0, mostShown);
  const span = form === 'cards' ? 1 : form === 'slim' ? 6 : 7;
  return (
    <tbody>
      <tr className={css.groupRow}>
        <th scope="rowgroup" colSpan={span}>
          <span className={css.groupHead}>
            {group.isResolved ? (
              <AlertStateDot state="resolved" />
            ) : (
              <PriorityMark priority={group.priority} />
            )}
            <span className={css.groupName}>{group.service || 'No service'}</span>
            <span className={css.groupNote}>
              {[group.severities.join(', '), plural(group.alerts.length, 'alert')]
                .filter(Boolean)
                .join(' · ')}
            </span>
          </span>
        </th>
      </tr>
      {shown.map((alert) => (
        <AlertRow
          key={alert.fingerprint}
          alert={alert}
          form={form}
          isActive={alert.fingerprint === props.activeKey}
          isSelected={alert.fingerprint === props.selectedKey}
          onActive={props.onActive}
          onSelect={props.onSelect}
          onSilence={props.onSilence}
          actions={props.actions}
        />
      ))}
      {shown.length < group.alerts.length && (
        <tr>
          <td colSpan={span}>
            <Button onClick={() => setWhole(true)}>
              Show {plural(group.alerts.length - shown.length, 'more alert')}
            </Button>
          </td>
        </tr>
      )}
    </tbody>
  );
}

interface RowProps extends Pick<ActiveTableProps, 'onActive' | 'onSelect' | 'onSilence' | 'actions'> {
  alert: ActiveAlertJson;
  form: Form;
  isActive: boolean;
  isSelected: boolean;
}

const AlertRow = memo(
  function AlertRow(props: RowProps) {
    const { alert, form } = props;
    return (
      <tr
        data-alert={alert.fingerprint}
        data-active={props.isActive || undefined}
        data-state={alert.state}
        aria-current={props.isSelected ? 'true' : undefined}
        tabIndex={props.isActive ? 0 : -1}
        className={css.row}
        onFocus={() => props.onActive(alert.fingerprint)}
        onClick={(event) => {
          // A button or link in the row does its own thing; selecting text is not a click either.
          if ((event.target as HTMLElement).closest('a, button')) return;
          if (String(globalThis.getSelection?.() ?? '') !== '') return;
          props.onSelect(alert);
        }}
      >
        {form === 'cards' ? (
          <td className={css.card}>
            <Card {...props} />
          </td>
        ) : (
          <Cells {...props} />
        )}
      </tr>
    );
  },
  // The handlers are new at every drawing and always mean the same.
  (before, after) =>
    before.alert === after.alert &&
    before.form === after.form &&
    before.isActive === after.isActive &&
    before.isSelected === after.isSelected,
);

function Cells(props: RowProps) {
  const { alert } = props;
  return (
    <>
      <td>
        <AlertStateDot state={alert.state} />
        <span className={css.marks}>
          <SuppressedMark alert={alert} />
        </span>
      </td>
      <td>
        <Name {...props} />
        <Summary alert={alert} />
      </td>
      <td className={css.number} title={formatValue(alert.value)}>
        {formatValueShort(alert.value)}
      </td>
      <td className={css.number}>
        <TimeAgo at={alert.starts_at} short />
      </td>
      {props.form === 'wide' && (
        <td>
          <Told alert={alert} />
        </td>
      )}
      <td>
        <Owner alert={alert} />
        <div>{alert.acknowledged === null && <ResponseDue alert={alert} />}</div>
      </td>
      <td className={css.actionColumn}>
        <RowActions {...props} />
      </td>
    </>
  );
}

function Name({ alert, onSelect }: RowProps) {
  return (
    <span className={css.nameLine}>
      <button type="button" className={css.name} onClick={() => onSelect(alert)}>
        {alert.name}
      </button>
      <RunbookLink alert={alert} />
    </span>
  );
}

function Summary({ alert }: { alert: ActiveAlertJson }) {
  const text = alert.annotations.summary ?? alert.annotations.description ?? '';
  return (
    <>
      {text !== '' && <span className={css.text}>{text}</span>}
      <Labels labels={tellingLabels(alert)} />
    </>
  );
}

function RowActions({ alert, form, onSilence, actions }: RowProps) {
  if (alert.state === 'resolved') return null;
  const isTaken = alert.acknowledged !== null;
  // Where there is little room the icons stand alone.
  const word = form === 'slim' ? 'visually-hidden' : undefined;
  return (
    <span className={css.actions}>
      <Button
        icon={<Check aria-hidden />}
        disabled={isTaken}
        title={isTaken ? `${alert.acknowledged?.by} has it` : 'Acknowledge (a)'}
        onClick={() => void actions.acknowledge(alert)}
      >
        <span className={word}>Ack</span>
        <span className="visually-hidden"> {alert.name}</span>
      </Button>
      <Button icon={<BellOff aria-hidden />} title="Silence (s)" onClick={() => onSilence(alert)}>
        <span className={word}>Silence</span>
        <span className="visually-hidden"> {alert.name}</span>
      </Button>
    </span>
  );
}

/** The same for one thumb: what is wrong first, the two actions last and large. */
function Card(props: RowProps) {
  const { alert } = props;
  return (
    <div className={css.cardBody}>
      <span className={css.cardTop}>
        <AlertStateDot state={alert.state} />
        <SuppressedMark alert={alert} />
        <span className={css.cardSide}>
          {alert.value !== null && (
            <span title={formatValue(alert.value)}>{formatValueShort(alert.value)}</span>
          )}
          <TimeAgo at={alert.starts_at} />
        </span>
      </span>
      <Name {...props} />
      <Summary alert={alert} />
      <span className={css.cardFacts}>
        {hasOwnerNews(alert) && (
          <span>
            <Owner alert={alert} />
          </span>
        )}
        {alert.acknowledged === null && <ResponseDue alert={alert} />}
      </span>
      <span className={css.cardFacts}>
        <span className={css.cardTold}>
          <Told alert={alert} />
        </span>
      </span>
      <RowActions {...props} />
    </div>
  );
}
