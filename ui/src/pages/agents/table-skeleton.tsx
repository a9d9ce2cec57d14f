import { Loading, Skeleton } from '../../components/index.ts';
import css from './agents.module.css';

/** Rows with the geometry of the table. */
export function TableSkeleton() {
  return (
    <Loading what="sessions">
      <div className={css.skeleton}>
        {Array.from({ length: 14 }, (_, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike and never move
          <div key={at} className={css.skeletonRow}>
            <Skeleton width="68px" height="10px" />
            <Skeleton width="140px" height="10px" />
            <Skeleton width="100%" height="10px" />
          </div>
        ))}
      </div>
    </Loading>
  );
}
