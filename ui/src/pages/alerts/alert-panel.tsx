import type { ActiveAlertJson } from '@contract';
import { ErrorState, SidePanel, Skeleton } from '../../components/index.ts';
import type { AlertActions } from './alert-actions.ts';
import { AlertBody, AlertHeadline } from './alert-body.tsx';
import { useAlertDetail } from './alert-data.ts';

/** One alert beside the list. */
export function AlertPanel(props: {
  fingerprint: string;
  /** As the list has it: shown until the details are there. */
  listed: ActiveAlertJson | undefined;
  actions: AlertActions;
  onSilence: (alert: ActiveAlertJson) => void;
  onClose: () => void;
  onNext?: () => void;
  onPrevious?: () => void;
  onOpen: () => void;
}) {
  const { fingerprint } = props;
  const detail = useAlertDetail(fingerprint);
  const alert = detail.data?.alert ?? props.listed;
  return (
    <SidePanel
      title={alert?.name ?? 'Alert'}
      subtitle={alert && <AlertHeadline alert={alert} />}
      contentKey={fingerprint}
      onClose={props.onClose}
      onNext={props.onNext}
      onPrevious={props.onPrevious}
      onOpen={props.onOpen}
    >
      {alert ? (
        <AlertBody
          alert={alert}
          detail={detail.data}
          error={detail.error}
          onRetry={() => void detail.refetch()}
          actions={props.actions}
          onSilence={props.onSilence}
        />
      ) : detail.error ? (
        <ErrorState
          compact
          title="This alert could not be read."
          error={detail.error}
          onRetry={() => void detail.refetch()}
        />
      ) : (
        <Skeleton height="200px" />
      )}
    </SidePanel>
  );
}
