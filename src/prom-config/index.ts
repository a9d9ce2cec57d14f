export * from './fields.ts';
export * from './http-client.ts';
export * from './problems.ts';
