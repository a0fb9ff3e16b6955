// RFC 9113, section 7: error codes, and the two kinds of errors of section 5.4.

export const NO_ERROR = 0x0
export const PROTOCOL_ERROR = 0x1
export const INTERNAL_ERROR = 0x2
export const FLOW_CONTROL_ERROR = 0x3
export const STREAM_CLOSED = 0x5
export const FRAME_SIZE_ERROR = 0x6
export const REFUSED_STREAM = 0x7
export const CANCEL = 0x8
export const COMPRESSION_ERROR = 0x9
export const ENHANCE_YOUR_CALM = 0xb

/** The connection cannot go on: GOAWAY, and the socket closes (section 5.4.1). */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** One stream cannot go on: RST_STREAM, and the others do (section 5.4.2). */
export class StreamError extends Error {
  override readonly name = 'StreamError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
