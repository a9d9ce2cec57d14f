export { openState, type Role, type StateDatabase, type StateSchema } from './database.ts';
export { createDocuments, type Documents } from './documents.ts';
export { createSnapshotStore, type SnapshotStore } from './snapshots.ts';
