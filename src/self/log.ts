import { basename, dirname } from 'node:path';
import { pino, stdSerializers } from 'pino';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import type { Log } from '../lib/log.ts';

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** JSON lines go to this file, rotated at 10 MB with 3 compressed files kept; absent: standard error. */
  readonly file?: string | undefined;
  /** Told once when the file cannot be written; logging then goes on to standard error. */
  readonly onFileError?: (error: Error) => void;
}

export interface ServerLog extends Log {
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

const rotateSize = '10M';
const keptFiles = 3;

/** The server's own log: JSON lines with time (RFC 3339), level, msg and fields. */
export function createLog(options: LogOptions): ServerLog {
  const stream = options.file === undefined ? undefined : openFile(options.file, options.onFileError);
  const logger = pino(
    {
      level: options.level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err },
    },
    stream ?? pino.destination({ dest: 2, sync: true }),
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    close: () => closeStream(stream),
  };
}

function openFile(file: string, onError: LogOptions['onFileError']): RotatingFileStream {
  const stream = createStream(basename(file), {
    path: dirname(file),
    size: rotateSize,
    maxFiles: keptFiles,
    compress: 'gzip',
    history: `.${basename(file)}.history`,
  });
  stream.on('error', (error) => onError?.(error));
  return stream;
}

function closeStream(stream: RotatingFileStream | undefined): Promise<void> {
  if (stream === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('error', () => resolve());
    stream.end(() => resolve());
  });
}
