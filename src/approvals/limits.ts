// Limits on what approvals keep. Each is finite and has its reason (invariant 8).

/** Open requests (pending, or approved and not used). No team reviews more, and each is a session that waits. */
export const MAX_OPEN = 1000
/** Open requests of one principal, so that one agent in a loop cannot take everybody's places. */
export const MAX_OPEN_PER_PRINCIPAL = 100
/** The same in bytes as JSON: with long statements one principal would fill the store with fewer. */
export const MAX_OPEN_BYTES_PER_PRINCIPAL = 8 * 1024 * 1024
/** Requests that are kept in all; audit, not the store, is the durable record. */
export const MAX_KEPT = 2000
/** Longest request as JSON, in bytes. Nobody can review more than this in good faith. */
export const MAX_REQUEST_BYTES = 512 * 1024
/** What a store keeps of requests in all, in bytes: a part of one process's heap, and what a list may have to read. */
export const MAX_KEPT_BYTES = 64 * 1024 * 1024
/** How long a settled request can still be read, in milliseconds: a working week with both week-ends. */
export const RETENTION = 9 * 86_400_000
/** Longest life of a request, in milliseconds. It also fits the 31 bits of a timer. */
export const MAX_LIFE = 14 * 86_400_000
/** Executions that one approval may be good for, as in the configuration's schema. */
export const MAX_USES = 10_000
/** Longest reason, in characters: a sentence or two. */
export const MAX_REASON = 1000
/** Most requests in one answer to `list`. */
export const MAX_LISTED = 1000
export const DEFAULT_LISTED = 100
