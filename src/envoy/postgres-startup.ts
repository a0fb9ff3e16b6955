// The few PostgreSQL startup packets that are exchanged before TLS (PostgreSQL 18 documentation, section 54.7).

/** Int32 length 8, then the code: SSLRequest 80877103, GSSENCRequest 80877104. */
export const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex')
export const GSSENC_REQUEST = Buffer.from('0000000804d21630', 'hex')
export const ACCEPTED = Buffer.from('S')
export const DECLINED = Buffer.from('N')

/** A startup packet starts with its own length, in bytes, length included. */
export const LENGTH_BYTES = 4
export const REQUEST_BYTES = 8
