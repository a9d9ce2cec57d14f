import { useEffect, useRef, useState } from 'react';
import { Button } from '../../components/index.ts';

const forgetMs = 4000;

/** Asks once more in place: the second press within a few seconds does it. */
export function ConfirmButton(props: {
  label: string;
  confirm: string;
  onConfirm: () => void;
  disabled?: boolean;
  title?: string;
}) {
  const [isAsking, setAsking] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const press = () => {
    clearTimeout(timer.current);
    if (isAsking) {
      setAsking(false);
      props.onConfirm();
      return;
    }
    setAsking(true);
    timer.current = setTimeout(() => setAsking(false), forgetMs);
  };
  return (
    <Button pressed={isAsking || undefined} disabled={props.disabled} title={props.title} onClick={press}>
      {isAsking ? props.confirm : props.label}
    </Button>
  );
}
