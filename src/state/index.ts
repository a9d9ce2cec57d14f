export { openState, type Role, type StateDatabase, type StateSchema } from './database.ts';
export { createSnapshotStore, type SnapshotStore } from './snapshots.ts';
