// Structured logs: JSON lines on standard error, every entry redacted before it is written.
import { type DestinationStream, destination, pino } from 'pino'
import { safeJson } from '../core/json.ts'
import { redactFields, redactText } from './redact.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFields = Readonly<Record<string, unknown>>

/** `log.info({ resource }, 'session opened')`. An error goes under the name `err`. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** A log whose entries all carry these fields. */
  child(fields: LogFields): Log
}

const STANDARD_ERROR = 2

function wrap(logger: pino.Logger): Log {
  const at = (level: LogLevel) => (fields: LogFields, message: string) => {
    // Redaction costs more than the level check, so entries that nobody reads skip it.
    if (logger.isLevelEnabled(level)) logger[level](redactFields(fields), redactText(message))
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(logger.child(redactFields(fields))),
  }
}

/** @param output where lines go; standard error, written at once, when absent. */
export function createLog(options: { readonly level: LogLevel }, output?: DestinationStream): Log {
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      // Fields come redacted; pino's own serializer would take what `redactFields` made of an error for an object.
      serializers: { err: (redacted: unknown) => redacted },
      hooks: { streamWrite: safeJson },
    },
    output ?? destination({ fd: STANDARD_ERROR, sync: true }),
  )
  return wrap(logger)
}
